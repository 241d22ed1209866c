#include "tests/simulation/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tests/simulation/plan_parts.h"

namespace tillhost::simulation {

Manner draw_manner(Chance& chance) {
    Manner manner;
    manner.think = chance.ms_between(0, chance.one_in(3) ? 4000 : 300);
    manner.twice = chance.percent(6);
    manner.hangs_up = chance.percent(10);
    manner.cancels = chance.percent(6);
    manner.probes_conflict = chance.percent(5);
    manner.asks_status = chance.percent(15);
    manner.start_within_ms = chance.percent(8) ? chance.between(5, 8000) : 0;
    return manner;
}

namespace {

/// Kinds in which the shop pays out are paid by card: there may be too little cash.
contract::PaymentKind draw_payment(contract::ReceiptKind kind, Chance& chance) {
    const bool pays_out =
        kind == contract::ReceiptKind::sale_return || kind == contract::ReceiptKind::purchase;
    return !pays_out && chance.one_in(2) ? contract::PaymentKind::cash
                                         : contract::PaymentKind::electronic;
}

contract::ReceiptKind draw_kind(const PlannedDevice& device, Chance& chance) {
    static constexpr std::array kWeighted{contract::ReceiptKind::sale, contract::ReceiptKind::sale,
                                          contract::ReceiptKind::sale_return,
                                          contract::ReceiptKind::purchase,
                                          contract::ReceiptKind::purchase_return};
    const bool only_sales = device.driver == "fiscal/toy";
    const auto drawn = static_cast<std::size_t>(chance.below(kWeighted.size()));
    return only_sales ? contract::ReceiptKind::sale : kWeighted[drawn];
}

}  // namespace

contract::Receipt make_receipt(const PlannedDevice& device, std::int64_t total_minor, int number,
                               Chance& chance) {
    contract::Receipt receipt;
    receipt.kind = draw_kind(device, chance);
    const std::int64_t lines = chance.percent(70) ? 1 : chance.between(2, 3);
    std::int64_t left = total_minor;
    for (std::int64_t i = 0; i < lines; ++i) {
        contract::ReceiptLine line;
        line.name = fmt::format("goods {}.{}", number, i);
        line.price_minor = i + 1 == lines ? left : left / 3;
        line.quantity_units = 1;
        line.vat = contract::Vat::no_vat;
        left -= line.price_minor;
        receipt.lines.push_back(std::move(line));
    }
    contract::Payment payment;
    payment.kind = draw_payment(receipt.kind, chance);
    payment.amount_minor = total_minor;
    receipt.payments.push_back(payment);
    return receipt;
}

namespace {

/// The command of that column, for a task.
contract::Command make_command(const PlannedDevice& device, std::size_t command, const Task& task,
                               Chance& chance) {
    contract::CashIn in;
    in.amount_minor = task.total_minor;
    contract::CashOut out;
    out.amount_minor = task.total_minor;
    contract::PrintText text;
    text.lines = {fmt::format("note {}", task.number)};
    const contract::Receipt receipt = make_receipt(device, task.total_minor, task.number, chance);
    contract::Correction correction;
    correction.receipt = receipt;
    correction.basis = contract::CorrectionBasis::own_initiative;
    correction.basis_date = "2026-01-31";
    const std::array<contract::Command, kRegistrarCommands> made{receipt,
                                                                 contract::OpenShift{},
                                                                 contract::CloseShift{},
                                                                 in,
                                                                 out,
                                                                 correction,
                                                                 contract::XReport{},
                                                                 std::move(text),
                                                                 contract::CutPaper{},
                                                                 contract::OpenDrawer{}};
    return made[command];
}

std::size_t draw_command(const PlannedDevice& device, Chance& chance) {
    // By column: receipts are what a shop is about.
    static constexpr std::array<std::size_t, 18> kWeighted{0, 0, 0, 0, 0, 0, 0, 1, 2,
                                                           3, 3, 4, 5, 5, 6, 7, 8, 9};
    const auto drawn = static_cast<std::size_t>(chance.below(kWeighted.size()));
    return device.driver == "fiscal/toy" ? 0 : kWeighted[drawn];
}

std::int64_t amount_of(const contract::Command& command, std::int64_t total_minor) {
    const bool has_amount = std::holds_alternative<contract::Receipt>(command) ||
                            std::holds_alternative<contract::Correction>(command) ||
                            std::holds_alternative<contract::CashIn>(command) ||
                            std::holds_alternative<contract::CashOut>(command);
    return has_amount ? total_minor : 0;
}

void add_task(Plan& plan, const PlannedDevice& device, std::size_t command, int client,
              Chance& chance) {
    constexpr int kTasksMax = 100;
    Task task;
    task.number = static_cast<int>(plan.tasks.size());
    task.client = client;
    task.device = device.id;
    // Totals differ, so that a document tells by itself which task it belongs to; they fall, so
    // that cash that came in is enough for what goes out.
    task.total_minor = (kTasksMax - task.number) * 1000 + chance.below(1000);
    task.command = make_command(device, command, task, chance);
    task.total_minor = amount_of(task.command, task.total_minor);
    task.manner = draw_manner(chance);
    plan.tasks.push_back(std::move(task));
}

/// The commands that the troubles wait for, and others around them.
void add_tasks(Plan& plan, std::size_t index, Chance& chance) {
    const PlannedDevice& device = plan.devices[index];
    const bool shifts = device.driver == "fiscal/shtrih";
    if (shifts) {
        add_task(plan, device, command_index("open_shift"), 0, chance);
        plan.tasks.back().manner = {};
    }
    std::vector<std::size_t> commands;
    for (const PlannedTrouble& planned : plan.troubles) {
        const std::size_t command = command_index(planned.command);
        if (planned.device == index && command != kNoCommand &&
            command != command_index("open_shift") &&
            std::find(commands.begin(), commands.end(), command) == commands.end()) {
            commands.push_back(command);
        }
    }
    const auto wanted = static_cast<std::size_t>(plan.devices.size() > 1 ? chance.between(2, 3)
                                                                         : chance.between(3, 5));
    while (commands.size() < wanted) {
        const auto place = static_cast<std::ptrdiff_t>(
            chance.below(static_cast<std::int64_t>(commands.size()) + 1));
        commands.insert(commands.begin() + place, draw_command(device, chance));
    }
    for (const std::size_t command : commands) {
        const int client = static_cast<int>(chance.below(plan.clients));
        if (command == command_index("cash_out")) {
            add_task(plan, device, command_index("cash_in"), client, chance);
        }
        add_task(plan, device, command, client, chance);
    }
}

/// Between `go` and the document's frame of a shift or of cash nothing is on the wire but the
/// enquiry of the standard layer: on the other one that trouble has no frame to befall.
bool needs_enquiry(const Cell& cell) {
    return cell.step == Step::go_to_close && waits_on_wire(cell.trouble) &&
           cell.command != command_index("receipt") && cell.command != command_index("correction");
}

/// A cell of the matrix, made to happen: all of them come up equally often.
void aim_at_cell(Plan& plan, Chance& chance) {
    const auto& cells = reachable_cells(Drivers::mixed);
    const std::size_t device = draw_device(plan, chance);
    const bool toy = plan.devices[device].driver == "fiscal/toy";
    Cell cell =
        cells[static_cast<std::size_t>(chance.below(static_cast<std::int64_t>(cells.size())))];
    while (toy && cell.command != kNoCommand && cell.command != command_index("receipt")) {
        cell =
            cells[static_cast<std::size_t>(chance.below(static_cast<std::int64_t>(cells.size())))];
    }
    PlannedTrouble planned;
    planned.trouble = cell.trouble;
    planned.device = device;
    planned.step = cell.step;
    planned.command = cell.command == kNoCommand ? "" : std::string(command_name(cell.command));
    if (needs_enquiry(cell) && plan.devices[device].link == "numbered") {
        plan.devices[device].link = "standard";
    }
    if (cell.step == Step::idle) {
        const int before_a_shift = cell.trouble == Trouble::shift_expired ? 2 : 0;
        planned.nth = static_cast<int>(chance.between(1, 3)) + before_a_shift;
    }
    if (cell.step == Step::resolving) {
        // It takes a doubt to have one resolved.
        static constexpr std::array kBefore{Trouble::host_killed, Trouble::core_killed,
                                            Trouble::line_cut};
        PlannedTrouble before = planned;
        before.trouble = kBefore[static_cast<std::size_t>(chance.below(kBefore.size()))];
        before.step = chance.one_in(3) ? Step::go_to_close : Step::close_to_answer;
        plan.troubles.push_back(std::move(before));
    }
    if (is_deadly(planned.trouble) && chance.percent(35)) {
        planned.second = draw_second(chance);
    }
    plan.troubles.push_back(std::move(planned));
}

void add_troubles(Plan& plan, Chance& chance) {
    if (chance.percent(4)) {
        return;  // a good day
    }
    const std::int64_t cells = chance.between(2, 5);
    for (std::int64_t i = 0; i < cells; ++i) {
        aim_at_cell(plan, chance);
    }
    const std::int64_t others = chance.between(0, 2);
    for (std::int64_t i = 0; i < others; ++i) {
        add_random_trouble(plan, chance);
    }
}

/// Registrars whose shift devd keeps. The till's own opening comes when it may be open already. Not
/// where the book forgets within the day: it alone knows what devd did by itself.
void give_shift_policies(Plan& plan, Chance chance) {
    for (PlannedDevice& device : plan.devices) {
        if (device.driver == "fiscal/toy" || plan.retention < std::chrono::hours(1) ||
            !chance.one_in(4)) {
            continue;
        }
        device.opens_shifts = true;
        device.closes_shift_after_min = chance.one_in(2) ? 1 : 0;
        for (Task& task : plan.tasks) {
            if (task.device == device.id &&
                std::holds_alternative<contract::OpenShift>(task.command)) {
                task.manner.think = chance.ms_between(0, 20'000);
            }
        }
    }
}

}  // namespace

/// The link layer that a Shtrih-M's host is set to.
std::string link_of(const PlannedDevice& device, Chance chance) {
    const std::int64_t choice = chance.below(10);
    if (device.driver != "fiscal/shtrih") {
        return "";
    }
    return choice < 4 ? "standard" : choice < 9 ? "numbered" : "auto";
}

Plan make_plan(std::uint64_t seed, Drivers drivers) {
    if (drivers == Drivers::zvt || drivers == Drivers::sale) {
        return make_card_plan(seed, drivers);
    }
    Chance chance(seed, 1);
    Plan plan;
    const std::int64_t shape = chance.below(100);
    std::vector<std::string> of;
    switch (drivers) {
        case Drivers::toy: of.assign(shape < 80 ? 1 : 2, "fiscal/toy"); break;
        case Drivers::shtrih: of.assign(shape < 90 ? 1 : 2, "fiscal/shtrih"); break;
        case Drivers::mixed:
            if (shape < 85) {
                of.push_back(shape < 22 ? "fiscal/toy" : "fiscal/shtrih");
            } else {
                of = {"fiscal/toy", "fiscal/shtrih"};
            }
            break;
        case Drivers::zvt:
        case Drivers::sale: break;
    }
    static constexpr std::array<std::int64_t, 4> kLateMs{40, 100, 300, 1200};
    for (const std::string& driver : of) {
        PlannedDevice device;
        device.id = fmt::format("till{}", plan.devices.size() + 1);
        device.driver = driver;
        device.late_bytes_max = ms(kLateMs[static_cast<std::size_t>(chance.below(4))]);
        device.serial_configured = chance.one_in(3);
        device.old_format = chance.one_in(2);
        device.link = link_of(device, Chance(seed, 40 + plan.devices.size()));
        plan.devices.push_back(std::move(device));
    }
    plan.clients = static_cast<int>(chance.between(1, 3));
    add_troubles(plan, chance);
    for (std::size_t device = 0; device < plan.devices.size(); ++device) {
        add_tasks(plan, device, chance);
    }
    const bool idle_matters =
        std::any_of(plan.troubles.begin(), plan.troubles.end(),
                    [](const PlannedTrouble& planned) { return planned.step == Step::idle; });
    for (Task& task : plan.tasks) {
        task.manner.asks_status = task.manner.asks_status || idle_matters;
    }
    plan.network_trouble_percent = chance.one_in(4) ? chance.between(1, 8) : 0;
    plan.retention = chance.one_in(12) ? std::chrono::seconds(5) : std::chrono::hours(24);
    plan.link_through_bytes = chance.one_in(8);
    give_shift_policies(plan, Chance(seed, 12));
    return plan;
}

}  // namespace tillhost::simulation
