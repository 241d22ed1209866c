#include "tests/simulation/shop.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "hal/drivers/fiscal/shtrih/driver.h"
#include "hal/drivers/payment/zvt/driver.h"
#include "hal/drivers/payment/zvt/manifest.h"
#include "tests/simulation/card_terminal.h"
#include "tests/simulation/checks.h"
#include "tests/simulation/client.h"
#include "tests/simulation/mischief.h"
#include "tests/simulation/person.h"
#include "tests/simulation/registrar.h"
#include "tests/simulation/sale_watch.h"
#include "tests/simulation/subscriber.h"

namespace tillhost::simulation {
namespace {

/// After this nothing goes wrong any more.
constexpr os::Duration kTroubleTime = std::chrono::minutes(2);
/// And by then everything has to be settled.
constexpr os::Duration kDayTime = std::chrono::minutes(30);

class Shop {
public:
    Shop(std::uint64_t seed, Plan plan, const Bugs& bugs, bool trace, StackPool& stacks,
         Coverage& coverage)
        : plan_(std::move(plan)),
          bugs_(bugs),
          trace_(trace),
          scheduler_(stacks, Chance(seed, 3).next(), trace_),
          clock_(scheduler_),
          chance_(seed, 4),
          store_(scheduler_, findings_, Chance(seed, 5)),
          hosts_(scheduler_, clock_, findings_,
                 {.two_hosts = bugs_.core.two_hosts, .through_bytes = plan_.link_through_bytes},
                 Chance(seed, 6)),
          counters_(make_counters(seed)),
          devd_(scheduler_, clock_, store_, hosts_, findings_, make_setup(), Chance(seed, 7)),
          mischief_({scheduler_, counters_, hosts_, devd_, store_, coverage,
                     [this](const base::OperationId& id) { return kill_client(id); }},
                    plan_.troubles, plan_.network_trouble_percent, Chance(seed, 8)),
          person_(scheduler_, devd_, store_, findings_, ledger_, counters_, Chance(seed, 9)),
          subscriber_(scheduler_, clock_, devd_, store_, findings_, ledger_, device_ids(),
                      Chance(seed, 10)),
          has_subscriber_(Chance(seed, 11).one_in(2)),
          sale_watch_(counters_, findings_) {
        store_.set_reader(
            [this](const auto* before, const auto& after) { sale_watch_.read(before, after); });
        ledger_.tasks.assign(plan_.tasks.begin(), plan_.tasks.end());
        for (int i = 0; i < plan_.clients; ++i) {
            clients_.push_back(
                {std::make_unique<Client>(i, scheduler_, clock_, devd_, findings_, ledger_,
                                          Chance(seed, 100 + static_cast<std::uint64_t>(i))),
                 {}});
        }
    }
    ~Shop() { scheduler_.stop(); }
    Shop(const Shop&) = delete;
    Shop& operator=(const Shop&) = delete;

    Outcome run() {
        mischief_.begin();
        devd_.boot();
        for (std::size_t i = 0; i < clients_.size(); ++i) {
            start_client(i);
        }
        scheduler_.start(
            "person", [this] { person_.run(); }, nullptr);
        if (has_subscriber_) {
            scheduler_.start(
                "subscriber", [this] { subscriber_.run(); }, [this](bool) { subscriber_.drop(); });
        }
        scheduler_.at(os::Instant(kTroubleTime), [this] { mischief_.calm(); });
        const bool settled = scheduler_.run(os::Instant(kDayTime), [this] { return is_over(); });
        mischief_.calm();
        if (!settled && findings_.empty()) {
            findings_.add("the shop did not come to rest");
        }
        if (!scheduler_.accident().empty()) {
            findings_.add("an exception: " + scheduler_.accident());
        }
        if (settled) {
            // What is on its way arrives: late bytes and messages, the last changes of the book,
            // and what is asked and answered upon them.
            scheduler_.run(scheduler_.now() + std::chrono::seconds(12), [] { return false; });
            // And what devd has begun by itself comes to an end.
            scheduler_.run(scheduler_.now() + std::chrono::minutes(5),
                           [this] { return !is_devd_at_work(); });
        }
        for (const auto& [id, row] : store_.rows()) {
            if (row.client == "devd") {
                scheduler_.trace().say(scheduler_.now(), "shop", "devd's own {} of {} is {}",
                                       case_of(*row.command), row.device,
                                       contract::name_of(row.state));
            }
        }
        const bool may_forget = plan_.retention < std::chrono::hours(1);
        if (has_subscriber_ && settled && findings_.empty()) {
            subscriber_.check(may_forget);
        }
        check_ledgers({ledger_, store_, counters_, may_forget, findings_});
        return {findings_.all(), trace_.text(), scheduler_.now().time_since_epoch() / ms(1),
                ledger_.tasks.size()};
    }

private:
    struct Till {
        std::unique_ptr<Client> client;
        ProcessId process;
    };

    std::vector<std::unique_ptr<Counter>> make_counters(std::uint64_t seed) {
        std::vector<std::unique_ptr<Counter>> made;
        for (const PlannedDevice& planned : plan_.devices) {
            const std::uint64_t own = Chance(seed, 50 + made.size()).next();
            const bool exclusive = !bugs_.core.two_hosts;
            if (planned.driver == "payment/zvt") {
                made.push_back(
                    std::make_unique<CardTerminal>(scheduler_, findings_, planned, own, exclusive));
            } else {
                made.push_back(
                    std::make_unique<Registrar>(scheduler_, findings_, planned, own, exclusive));
            }
            Counter& one = *made.back();
            MakeDriver make = [this, driver = planned.driver](
                                  const std::vector<contract::Setting>& settings,
                                  std::unique_ptr<transport::Connector> line) {
                return make_driver(driver, settings, std::move(line));
            };
            hosts_.add({planned.id, planned.driver, one.line(), one.watch(), std::move(make)});
        }
        return made;
    }

    base::Result<std::unique_ptr<device::Driver>> make_driver(
        const std::string& driver, const std::vector<contract::Setting>& settings,
        std::unique_ptr<transport::Connector> line) const {
        if (driver == "payment/zvt") {
            return drivers::zvt::make_driver_with_bugs(settings, std::move(line), clock_,
                                                       bugs_.zvt);
        }
        return driver == "fiscal/toy" ? drivers::toy::make_driver_with_bugs(
                                            settings, std::move(line), clock_, bugs_.toy)
                                      : drivers::shtrih::make_driver_with_bugs(
                                            settings, std::move(line), clock_, bugs_.shtrih);
    }

    SimDevd::Setup make_setup() {
        SimDevd::Setup setup;
        setup.options.program_version = "simulation";
        setup.options.retention = plan_.retention;
        setup.bugs = bugs_.core;
        for (const auto& counter : counters_) {
            setup.devices.push_back(configure(*counter));
        }
        if (!plan_.names_devices) {
            const std::string second = plan_.devices.size() > 2 ? plan_.devices[1].id : "";
            setup.options.shop = {plan_.devices.front().id, second, plan_.devices.back().id, ""};
        }
        return setup;
    }

    devd::core::DeviceConfig configure(const Counter& counter) const {
        const PlannedDevice& planned = counter.planned();
        devd::core::DeviceConfig device;
        device.id = counter.id();
        device.driver = planned.driver;
        if (planned.serial_configured) {
            device.settings.push_back({"serial", counter.serial()});
        }
        device.shift = shift_policy(planned);
        if (!planned.link.empty()) {
            device.settings.push_back({"link", planned.link});
        }
        if (counter.terminal() != nullptr) {
            const PlannedCard& card = planned.card;
            device.settings.push_back({"currency", "RUB"});
            device.settings.push_back({"prints", card.till_prints ? "till" : "terminal"});
            device.settings.push_back({"keep_open", card.keep_open ? "yes" : "no"});
            device.settings.push_back(
                {"completion_timeout_s", std::to_string(card.completion_timeout_s)});
            const auto& budgets = drivers::zvt::kManifest.budgets;
            device.budgets = {ms(budgets.open_ms), ms(budgets.execute_ms), ms(budgets.resolve_ms),
                              ms(budgets.query_ms)};
        }
        return device;
    }

    std::optional<devd::core::ShiftPolicy> shift_policy(const PlannedDevice& planned) const {
        constexpr std::int64_t kMinuteMs = 60'000;
        if (!planned.opens_shifts) {
            return std::nullopt;
        }
        devd::core::ShiftPolicy policy;
        policy.open_when_needed = true;
        if (planned.closes_shift_after_min != 0) {
            const std::int64_t minute = clock_.unix_ms() / kMinuteMs;
            policy.close_at_minute =
                static_cast<int>((minute + planned.closes_shift_after_min) % (24 * 60));
        }
        return policy;
    }

    std::vector<std::string> device_ids() const {
        std::vector<std::string> ids;
        for (const auto& counter : counters_) {
            ids.push_back(counter->id());
        }
        return ids;
    }

    void start_client(std::size_t index) {
        Till& till = clients_[index];
        till.process = scheduler_.start(
            fmt::format("till {}", index), [&till] { till.client->run(); },
            [this, index](bool killed) {
                clients_[index].client->drop();
                if (killed) {
                    scheduler_.trace().say(scheduler_.now(), "shop", "till {} has crashed", index);
                    scheduler_.after(chance_.ms_between(50, 5000),
                                     [this, index] { start_client(index); });
                }
            });
    }

    bool kill_client(const base::OperationId& id) {
        const auto* row = store_.newest(id);
        const Task* task = task_of(ledger_, row != nullptr && row->parent ? *row->parent : id);
        const std::size_t index = task != nullptr ? static_cast<std::size_t>(task->client) : 0;
        if (!scheduler_.alive(clients_[index].process)) {
            return false;
        }
        scheduler_.kill_at_point(clients_[index].process,
                                 static_cast<std::uint32_t>(chance_.between(1, 6)), ms(500));
        return true;
    }

    bool is_devd_at_work() const {
        for (const auto& [id, row] : store_.rows()) {
            const bool own = row.client == "devd" || row.parent;  // a slip, the drawer
            if (own && !devd::core::is_final(row.state)) {
                return true;
            }
        }
        return false;
    }

    bool is_over() const {
        if (!findings_.empty()) {
            return true;  // the rest of the day says nothing new
        }
        for (const Till& till : clients_) {
            if (!till.client->finished()) {
                return false;
            }
        }
        return devd_.runs() && store_.at_rest() && !is_devd_at_work();
    }

    const Plan plan_;
    const Bugs& bugs_;
    Trace trace_;
    Findings findings_;
    Scheduler scheduler_;
    SimClock clock_;
    Chance chance_;
    SimStore store_;
    SimHosts hosts_;
    std::vector<std::unique_ptr<Counter>> counters_;
    SimDevd devd_;
    Mischief mischief_;
    Ledger ledger_;
    Person person_;
    Subscriber subscriber_;
    const bool has_subscriber_;  ///< in every second shop
    SaleWatch sale_watch_;
    std::vector<Till> clients_;
};

}  // namespace

Outcome run_shop(std::uint64_t seed, Drivers drivers, const Bugs& bugs, bool trace,
                 StackPool& stacks, Coverage& coverage) {
    Shop shop(seed, make_plan(seed, drivers), bugs, trace, stacks, coverage);
    return shop.run();
}

}  // namespace tillhost::simulation
