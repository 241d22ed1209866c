// Shops with card terminals: what stands there, what is bought, and what goes wrong with it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tests/simulation/plan_parts.h"

namespace tillhost::simulation {
namespace {

constexpr std::string_view kCurrency = "RUB";
constexpr std::string_view kTerminalDriver = "payment/zvt";
constexpr int kTasksMax = 100;

// --- the shop

PlannedDevice draw_terminal(std::size_t number, Chance& chance) {
    static constexpr std::array<std::int64_t, 4> kLateMs{40, 100, 300, 1200};
    PlannedDevice device;
    device.id = fmt::format("card{}", number);
    device.driver = kTerminalDriver;
    device.late_bytes_max = ms(kLateMs[static_cast<std::size_t>(chance.below(4))]);
    device.link = chance.percent(55) ? "tcp" : "serial";
    PlannedCard& card = device.card;
    card.policy = chance.one_in(2)   ? CardPolicy::reverse
                  : chance.one_in(2) ? CardPolicy::keep
                                     : CardPolicy::decline;
    card.busy = static_cast<int>(chance.below(3));
    card.tells_ids = chance.one_in(3);
    card.till_prints = chance.percent(75);
    card.keep_open = chance.one_in(3);
    card.idle_time = chance.one_in(4) ? chance.ms_between(1000, 20'000) : os::Duration{};
    card.reversal_time = chance.ms_between(200, chance.one_in(4) ? 30'000 : 3000);
    card.completion_timeout_s = chance.one_in(2) ? 30 : 180;
    return device;
}

PlannedDevice draw_registrar(std::size_t number, std::uint64_t seed, Chance& chance) {
    static constexpr std::array<std::int64_t, 4> kLateMs{40, 100, 300, 1200};
    PlannedDevice device;
    device.id = fmt::format("till{}", number);
    device.driver = chance.percent(number == 1 ? 75 : 50) ? "fiscal/shtrih" : "fiscal/toy";
    device.late_bytes_max = ms(kLateMs[static_cast<std::size_t>(chance.below(4))]);
    device.serial_configured = chance.one_in(3);
    device.old_format = chance.one_in(2);
    device.link = link_of(device, Chance(seed, 40 + number));
    device.opens_shifts = device.driver == "fiscal/shtrih" && chance.percent(60);
    return device;
}

bool is_terminal(const PlannedDevice& device) { return device.driver == kTerminalDriver; }

// --- what is bought

/// The amount decides what the customer does (simulators/payment/zvt/README.md, "Cards").
std::int64_t draw_amount(int number, Chance& chance) {
    constexpr std::int64_t kDeclined = 900'000;
    constexpr std::int64_t kGivesUp = 900'100;  // cancelled, unreadable, PIN wrong once
    constexpr std::int64_t kSlow = 900'200;
    constexpr std::int64_t kPart = 900'300;
    const std::int64_t choice = chance.below(100);
    if (choice < 8) {
        return kDeclined + 1 + number;
    }
    if (choice < 18) {
        return kGivesUp + (4 * number) % kTasksMax + chance.between(1, 3);
    }
    if (choice < 26) {
        return kSlow + 1 + number;
    }
    if (choice < 32) {
        return kPart + (2 * number) % kTasksMax;
    }
    return std::int64_t{1000} * (kTasksMax - number) + chance.below(1000);
}

Task& add_task(Plan& plan, const std::string& device, int client, Chance& chance,
               bool is_at_terminal = true) {
    Task task;
    task.number = static_cast<int>(plan.tasks.size());
    task.client = client;
    task.device = device;
    task.manner = draw_manner(chance);
    task.manner.breaks_off = is_at_terminal && chance.percent(10);
    plan.tasks.push_back(std::move(task));
    return plan.tasks.back();
}

void add_payment(Plan& plan, const std::string& device, int client, bool succeeds, Chance& chance) {
    Task& task = add_task(plan, device, client, chance);
    contract::Authorise command;
    command.amount_minor = succeeds ? std::int64_t{1000} * (kTasksMax - task.number)
                                    : draw_amount(task.number, chance);
    command.currency = kCurrency;
    command.allow_partial = chance.one_in(3);
    task.total_minor = command.amount_minor;
    task.command = command;
}

void add_card_task(Plan& plan, const std::string& device, std::string_view command, int client,
                   Chance& chance) {
    if (command == "authorise") {
        add_payment(plan, device, client, false, chance);
        return;
    }
    if (command == "reverse") {
        const std::size_t payment = plan.tasks.size();
        add_payment(plan, device, client, true, chance);
        Task& task = add_task(plan, device, client, chance);
        task.takes_back = payment;
        task.command = contract::Reverse{};
        return;
    }
    Task& task = add_task(plan, device, client, chance);
    if (command == "refund") {
        contract::Refund refund;
        refund.amount_minor = draw_amount(task.number, chance);
        refund.currency = kCurrency;
        task.total_minor = refund.amount_minor;
        task.command = refund;
    } else if (command == "end_of_day") {
        task.command = contract::EndOfDay{};
    } else if (command == "diagnose") {
        task.command = contract::Diagnose{};
    } else if (command == "initialise_terminal") {
        task.command = contract::InitialiseTerminal{};
    } else {
        task.command = contract::RepeatReceipt{};
    }
}

/// What becomes of a sale's receipt.
enum class Refusal : std::uint8_t {
    none,
    by_toy,      ///< the toy registrar has no field for a part of it
    when_asked,  ///< no registrar has a letter of it
    when_paid,   ///< the paper is out when it comes to it, at all of them
};

void make_refusable(contract::Receipt& receipt, Refusal refusal) {
    if (refusal == Refusal::by_toy || refusal == Refusal::when_asked) {
        receipt.customer_contact = "customer@example.org";
    }
    if (refusal == Refusal::when_asked) {
        receipt.lines.front().name += " \u2603";
    }
}

/// The paper of all registrars is out when the first receipt of a sale comes to them.
void take_paper(Plan& plan) {
    for (std::size_t device = 0; device + 1 < plan.devices.size(); ++device) {
        PlannedTrouble planned;
        planned.trouble = Trouble::paper_out;
        planned.device = device;
        planned.step = Step::before_marker;
        planned.command = "sale_receipt";
        planned.at_once = true;
        plan.troubles.push_back(std::move(planned));
    }
}

void add_sale(Plan& plan, int client, Refusal refusal, Chance& chance) {
    Task& task = add_task(plan, "", client, chance);
    const bool succeeds = refusal == Refusal::when_paid;  // else there is nothing to take back
    task.total_minor = succeeds ? std::int64_t{1000} * (kTasksMax - task.number)
                                : draw_amount(task.number, chance);
    contract::Sale sale;
    PlannedDevice plain;
    plain.driver = "fiscal/toy";  // sales only
    sale.receipt = make_receipt(plain, task.total_minor, task.number, chance);
    contract::Payment& paid = sale.receipt.payments.front();
    paid.kind = contract::PaymentKind::electronic;
    if (!succeeds && chance.one_in(5)) {
        contract::Payment cash = paid;
        cash.kind = contract::PaymentKind::cash;
        cash.amount_minor = chance.one_in(2) ? task.total_minor : task.total_minor / 3;
        paid.amount_minor -= cash.amount_minor;
        if (paid.amount_minor == 0) {
            sale.receipt.payments.clear();
        }
        sale.receipt.payments.push_back(cash);
    }
    make_refusable(sale.receipt, refusal);
    sale.open_drawer = chance.one_in(2);
    if (plan.names_devices) {
        sale.registrar = plan.devices.front().id;
        sale.substitute = plan.devices.size() > 2 ? plan.devices[1].id : "-";
        sale.terminal = plan.devices.back().id;
        sale.printer = chance.one_in(4) ? "-" : "";
    }
    task.registrar = plan.devices.front().id;
    task.command = std::move(sale);
}

// --- what goes wrong

/// A sale's payment and reversal befall the terminal, its receipt the first registrar.
std::size_t device_of(const Plan& plan, const Cell& cell, Chance& chance) {
    const std::string_view command = command_name(cell.command);
    if (command == "sale_receipt") {
        return 0;
    }
    return command.starts_with("sale_") ? plan.devices.size() - 1 : draw_device(plan, chance);
}

bool damages_bytes(Trouble trouble) {
    return trouble == Trouble::double_request || trouble == Trouble::double_answer ||
           trouble == Trouble::garble_request || trouble == Trouble::garble_answer;
}

/// The device is given what the cell needs of it.
void suit(PlannedDevice& device, const Cell& cell) {
    if (is_terminal(device)) {
        if (damages_bytes(cell.trouble)) {
            device.link = "serial";  // TCP has none of this
        }
        if (cell.step == Step::after_answer && waits_on_wire(cell.trouble)) {
            device.card.till_prints = true;  // frames behind the result
        }
    } else if (cell.trouble == Trouble::shift_expired || cell.trouble == Trouble::wrong_code ||
               cell.step == Step::after_answer) {
        device.driver = "fiscal/shtrih";  // the toy has none of this
        device.link = "standard";
        device.opens_shifts = true;
    }
}

void aim_at_cell(Plan& plan, Drivers drivers, Chance& chance) {
    const auto& cells = reachable_cells(drivers);
    const Cell& cell =
        cells[static_cast<std::size_t>(chance.below(static_cast<std::int64_t>(cells.size())))];
    PlannedTrouble planned;
    planned.trouble = cell.trouble;
    planned.device = device_of(plan, cell, chance);
    planned.step = cell.step;
    planned.command = cell.command == kNoCommand ? "" : std::string(command_name(cell.command));
    suit(plan.devices[planned.device], cell);
    if (cell.step == Step::idle) {
        planned.nth = static_cast<int>(chance.between(1, 3));
    }
    if (cell.step == Step::resolving) {
        static constexpr std::array kBefore{Trouble::host_killed, Trouble::core_killed,
                                            Trouble::line_cut};
        PlannedTrouble before = planned;
        before.trouble = kBefore[static_cast<std::size_t>(chance.below(kBefore.size()))];
        before.step = chance.one_in(3) ? Step::go_to_close : Step::close_to_answer;
        plan.troubles.push_back(std::move(before));
    }
    if (is_deadly(planned.trouble) && chance.percent(30)) {
        planned.second = draw_second(chance);
    }
    plan.troubles.push_back(std::move(planned));
}

bool is_wanted(const Plan& plan, std::string_view command, std::size_t device) {
    return std::any_of(plan.troubles.begin(), plan.troubles.end(),
                       [&](const PlannedTrouble& planned) {
                           return planned.command == command && planned.device == device;
                       });
}

// --- the day

void add_terminal_tasks(Plan& plan, Chance& chance) {
    static constexpr std::array<std::string_view, 12> kWeighted{"authorise",
                                                                "authorise",
                                                                "authorise",
                                                                "authorise",
                                                                "reverse",
                                                                "reverse",
                                                                "refund",
                                                                "refund",
                                                                "end_of_day",
                                                                "diagnose",
                                                                "initialise_terminal",
                                                                "repeat_receipt"};
    for (std::size_t device = 0; device < plan.devices.size(); ++device) {
        std::vector<std::string_view> commands;
        for (const std::string_view command : kWeighted) {
            const bool known =
                std::find(commands.begin(), commands.end(), command) != commands.end();
            if (!known && is_wanted(plan, command, device)) {
                commands.push_back(command);
            }
        }
        const auto wanted = static_cast<std::size_t>(chance.between(2, 4));
        while (commands.size() < wanted) {
            const auto place = static_cast<std::ptrdiff_t>(
                chance.below(static_cast<std::int64_t>(commands.size()) + 1));
            commands.insert(commands.begin() + place,
                            kWeighted[static_cast<std::size_t>(chance.below(kWeighted.size()))]);
        }
        for (const std::string_view command : commands) {
            add_card_task(plan, plan.devices[device].id, command,
                          static_cast<int>(chance.below(plan.clients)), chance);
        }
    }
}

void add_sale_tasks(Plan& plan, Chance& chance) {
    const std::size_t terminal = plan.devices.size() - 1;
    const auto client = [&] { return static_cast<int>(chance.below(plan.clients)); };
    for (const PlannedDevice& device : plan.devices) {
        if (device.driver == "fiscal/shtrih" && !device.opens_shifts) {
            Task& task = add_task(plan, device.id, 0, chance, false);
            task.command = contract::OpenShift{};
            task.manner = {};
        }
    }
    if (is_wanted(plan, "sale_reversal", terminal) || chance.percent(15)) {
        take_paper(plan);
        add_sale(plan, client(), Refusal::when_paid, chance);
    }
    const std::int64_t sales = chance.between(1, 3);
    for (std::int64_t i = 0; i < sales; ++i) {
        add_sale(plan, client(),
                 chance.one_in(8)    ? Refusal::by_toy
                 : chance.one_in(12) ? Refusal::when_asked
                                     : Refusal::none,
                 chance);
    }
    if (chance.one_in(6)) {
        add_card_task(plan, plan.devices[terminal].id, "end_of_day", client(), chance);
    }
    if (chance.one_in(5)) {
        add_payment(plan, plan.devices[terminal].id, client(), false, chance);
    }
    if (chance.one_in(5)) {
        Task& task = add_task(plan, plan.devices.front().id, client(), chance, false);
        task.total_minor = std::int64_t{1000} * (kTasksMax - task.number) + chance.below(1000);
        task.command = make_receipt(plan.devices.front(), task.total_minor, task.number, chance);
    }
}

void add_devices(Plan& plan, std::uint64_t seed, Drivers drivers, Chance& chance) {
    if (drivers == Drivers::sale) {
        const std::size_t registrars = chance.percent(55) ? 2 : 1;
        for (std::size_t i = 1; i <= registrars; ++i) {
            plan.devices.push_back(draw_registrar(i, seed, chance));
        }
        plan.devices.push_back(draw_terminal(1, chance));
        return;
    }
    const std::size_t terminals = chance.percent(12) ? 2 : 1;
    for (std::size_t i = 1; i <= terminals; ++i) {
        plan.devices.push_back(draw_terminal(i, chance));
    }
}

}  // namespace

Plan make_card_plan(std::uint64_t seed, Drivers drivers) {
    Chance chance(seed, 21);
    Plan plan;
    plan.retention = chance.one_in(12) ? std::chrono::seconds(5) : std::chrono::hours(24);
    add_devices(plan, seed, drivers, chance);
    plan.clients = static_cast<int>(chance.between(1, 3));
    plan.names_devices = chance.one_in(2);
    if (!chance.percent(4)) {
        const std::int64_t cells = chance.between(1, 4);
        for (std::int64_t i = 0; i < cells; ++i) {
            aim_at_cell(plan, drivers, chance);
        }
        const std::int64_t others = chance.between(0, 2);
        for (std::int64_t i = 0; i < others; ++i) {
            add_random_trouble(plan, chance);
        }
    }
    for (PlannedDevice& device : plan.devices) {
        // Where the book forgets within the day it alone knew what devd did by itself.
        device.opens_shifts = device.opens_shifts && plan.retention > std::chrono::hours(1);
    }
    if (drivers == Drivers::sale) {
        add_sale_tasks(plan, chance);
    } else {
        add_terminal_tasks(plan, chance);
    }
    const bool idle_matters =
        std::any_of(plan.troubles.begin(), plan.troubles.end(),
                    [](const PlannedTrouble& planned) { return planned.step == Step::idle; });
    for (Task& task : plan.tasks) {
        task.manner.asks_status = task.manner.asks_status || idle_matters;
    }
    plan.network_trouble_percent = chance.one_in(4) ? chance.between(1, 8) : 0;
    plan.link_through_bytes = chance.one_in(8);
    return plan;
}

}  // namespace tillhost::simulation
