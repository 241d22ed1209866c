#include "tests/simulation/plan.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "tests/simulation/chance.h"

namespace tillhost::simulation {
namespace {

constexpr std::array<std::string_view, kTroubles> kTroubleNames{
    "lose_request",      "lose_answer",      "late_request", "late_answer",    "double_request",
    "double_answer",     "cut_request",      "cut_answer",   "garble_request", "garble_answer",
    "power_cut_request", "power_cut_answer", "power_off",    "silence",        "wrong_code",
    "line_cut",          "late_bytes",       "host_killed",  "core_killed",    "client_killed",
    "store_slow",        "disk_full",        "swap_device",  "other_master",   "paper_out",
    "shift_expired"};

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

contract::Receipt make_receipt(std::int64_t total_minor, int number, Chance& chance) {
    contract::Receipt receipt;
    receipt.kind = contract::ReceiptKind::sale;
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
    payment.kind =
        chance.one_in(2) ? contract::PaymentKind::cash : contract::PaymentKind::electronic;
    payment.amount_minor = total_minor;
    receipt.payments.push_back(payment);
    return receipt;
}

contract::Command draw_command(const PlannedDevice& device, const Task& task, Chance& chance) {
    const std::int64_t choice = chance.below(100);
    if (device.driver == "fiscal/toy" || choice < 45) {
        return make_receipt(task.total_minor, task.number, chance);
    }
    if (choice < 57) {
        contract::CashIn cash;
        cash.amount_minor = task.total_minor;
        return cash;
    }
    if (choice < 67) {
        contract::CashOut cash;
        cash.amount_minor = task.total_minor;
        return cash;
    }
    if (choice < 75) {
        return contract::CloseShift{};
    }
    if (choice < 82) {
        return contract::OpenShift{};
    }
    if (choice < 87) {
        return contract::XReport{};
    }
    if (choice < 92) {
        contract::PrintText text;
        text.lines = {fmt::format("note {}", task.number)};
        return text;
    }
    return choice < 96 ? contract::Command(contract::CutPaper{})
                       : contract::Command(contract::OpenDrawer{});
}

std::int64_t amount_of(const contract::Command& command, std::int64_t total_minor) {
    const bool has_amount = std::holds_alternative<contract::Receipt>(command) ||
                            std::holds_alternative<contract::CashIn>(command) ||
                            std::holds_alternative<contract::CashOut>(command);
    return has_amount ? total_minor : 0;
}

void add_tasks(Plan& plan, const PlannedDevice& device, std::int64_t count, Chance& chance) {
    for (std::int64_t i = 0; i < count; ++i) {
        Task task;
        task.number = static_cast<int>(plan.tasks.size());
        task.client = static_cast<int>(chance.below(plan.clients));
        task.device = device.id;
        // Totals differ, so that a document tells by itself which task it belongs to.
        task.total_minor = (task.number + 1) * 1000 + chance.below(1000);
        const bool first = i == 0 && device.driver == "fiscal/shtrih";
        task.command =
            first ? contract::Command(contract::OpenShift{}) : draw_command(device, task, chance);
        task.total_minor = amount_of(task.command, task.total_minor);
        task.manner = draw_manner(chance);
        if (first) {
            task.client = 0;
            task.manner = {};
        }
        plan.tasks.push_back(std::move(task));
    }
}

Step draw_step(Chance& chance) {
    static constexpr std::array kWeighted{Step::opening,         Step::resolving,
                                          Step::resolving,       Step::idle,
                                          Step::before_marker,   Step::before_marker,
                                          Step::marker_to_go,    Step::marker_to_go,
                                          Step::go_to_close,     Step::go_to_close,
                                          Step::go_to_close,     Step::close_to_answer,
                                          Step::close_to_answer, Step::close_to_answer,
                                          Step::close_to_answer, Step::after_answer,
                                          Step::after_answer,    Step::down};
    return kWeighted[static_cast<std::size_t>(chance.below(kWeighted.size()))];
}

/// What makes a verdict hard: something happens to the device while its host is dead.
Trouble draw_second(Chance& chance) {
    static constexpr std::array kWeighted{
        Trouble::other_master, Trouble::other_master, Trouble::swap_device, Trouble::swap_device,
        Trouble::power_off,    Trouble::core_killed,  Trouble::line_cut,    Trouble::host_killed};
    return kWeighted[static_cast<std::size_t>(chance.below(kWeighted.size()))];
}

Trouble draw_trouble(Chance& chance) {
    // Deaths and lost answers are what the promise is about: they come more often.
    static constexpr std::array kOften{Trouble::host_killed, Trouble::host_killed,
                                       Trouble::core_killed, Trouble::lose_answer};
    if (chance.percent(35)) {
        return kOften[static_cast<std::size_t>(chance.below(kOften.size()))];
    }
    return static_cast<Trouble>(chance.below(kTroubles));
}

void add_troubles(Plan& plan, Chance& chance) {
    if (chance.percent(6)) {
        return;  // a good day
    }
    const std::int64_t count = chance.between(1, 4);
    for (std::int64_t i = 0; i < count; ++i) {
        PlannedTrouble planned;
        planned.trouble = draw_trouble(chance);
        planned.device =
            static_cast<std::size_t>(chance.below(static_cast<std::int64_t>(plan.devices.size())));
        planned.step = draw_step(chance);
        // A verdict is a rare step: the first one counts.
        const bool rare = planned.step == Step::resolving || planned.step == Step::down;
        planned.nth = static_cast<int>(chance.between(1, rare ? 2 : 5));
        const bool deadly =
            planned.trouble == Trouble::host_killed || planned.trouble == Trouble::core_killed ||
            planned.trouble == Trouble::lose_answer || planned.trouble == Trouble::line_cut;
        if (deadly && chance.percent(40)) {
            planned.second = draw_second(chance);
        }
        plan.troubles.push_back(planned);
    }
}

}  // namespace

std::string_view name_of(Trouble trouble) {
    return kTroubleNames[static_cast<std::size_t>(trouble)];
}

bool waits_on_wire(Trouble trouble) { return trouble <= Trouble::power_cut_answer; }

Plan make_plan(std::uint64_t seed, Drivers drivers) {
    Chance chance(seed, 1);
    Plan plan;
    const std::int64_t shape = chance.below(100);
    std::vector<std::string> of;
    switch (drivers) {
        case Drivers::toy: of.assign(shape < 80 ? 1 : 2, "fiscal/toy"); break;
        case Drivers::shtrih: of.assign(shape < 90 ? 1 : 2, "fiscal/shtrih"); break;
        case Drivers::mixed:
            if (shape < 85) {
                of.push_back(shape < 30 ? "fiscal/toy" : "fiscal/shtrih");
            } else {
                of = {"fiscal/toy", "fiscal/shtrih"};
            }
            break;
    }
    static constexpr std::array<std::int64_t, 4> kLateMs{40, 100, 300, 1200};
    for (const std::string& driver : of) {
        PlannedDevice device;
        device.id = fmt::format("till{}", plan.devices.size() + 1);
        device.driver = driver;
        device.late_bytes_max = ms(kLateMs[static_cast<std::size_t>(chance.below(4))]);
        device.serial_configured = chance.one_in(3);
        plan.devices.push_back(std::move(device));
    }
    plan.clients = static_cast<int>(chance.between(1, 3));
    for (const PlannedDevice& device : plan.devices) {
        add_tasks(plan, device, plan.devices.size() > 1 ? 4 : chance.between(4, 7), chance);
    }
    add_troubles(plan, chance);
    plan.network_trouble_percent = chance.one_in(4) ? chance.between(1, 8) : 0;
    plan.retention = chance.one_in(12) ? std::chrono::seconds(5) : std::chrono::hours(24);
    plan.link_through_bytes = chance.one_in(8);
    plan.quits = chance.one_in(3);
    return plan;
}

namespace {

Bugs bug(std::string name, Drivers where) {
    Bugs bugs;
    bugs.name = std::move(name);
    bugs.drivers = where;
    return bugs;
}

std::vector<Bugs> list_bugs() {
    std::vector<Bugs> all;
    all.push_back(bug("marker_skipped", Drivers::mixed));
    all.back().core.skip_marker = true;
    all.push_back(bug("timeout_is_failed", Drivers::mixed));
    all.back().core.timeout_is_failed = true;
    all.back().toy.timeout_is_failed = true;
    all.back().shtrih.timeout_is_failure = true;
    all.push_back(bug("acknowledge_before_durable", Drivers::shtrih));
    all.back().shtrih.acknowledge_before_durable = true;
    all.push_back(bug("resend_without_enq", Drivers::shtrih));
    all.back().shtrih.resend_without_enq = true;
    all.push_back(bug("stale_answer", Drivers::mixed));
    all.back().toy.accept_stale_answer = true;
    all.back().shtrih.accept_stale_answer = true;
    all.push_back(bug("reply_before_commit", Drivers::mixed));
    all.back().core.reply_before_commit = true;
    all.push_back(bug("two_hosts", Drivers::mixed));
    all.back().core.two_hosts = true;
    all.push_back(bug("verdict_on_swapped", Drivers::mixed));
    all.back().core.verdict_on_swapped = true;
    all.back().toy.verdict_on_swapped = true;
    all.back().shtrih.judge_another_device = true;
    all.push_back(bug("clean_up_before_verdict", Drivers::shtrih));
    all.back().shtrih.clean_up_before_verdict = true;
    all.push_back(bug("stale_session", Drivers::mixed));
    all.back().core.accept_stale_session = true;
    return all;
}

}  // namespace

const std::vector<Bugs>& known_bugs() {
    static const std::vector<Bugs> all = list_bugs();
    return all;
}

}  // namespace tillhost::simulation
