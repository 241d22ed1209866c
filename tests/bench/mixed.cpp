#include <fmt/format.h>

#include <map>

#include "tests/bench/groups.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::RequestKind;

/// A kind of device, how its simulator is started, and how many there are of it.
struct Kind {
    const char* driver;
    std::vector<std::string> simulator;
    int count;
};
const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all{
        {"fiscal/shtrih", {}, 20},
        {"scanner/serial", {}, 15},
        {"printer/escpos", {}, 15},
    };
    return all;
}
constexpr int kQuestions = 4;  // of each device, a round
constexpr std::int64_t kDeadlineMs = 30'000;

/// Fifty devices of three kinds, each with a simulator and a host of its own.
class Mixed final {
public:
    static Result<std::unique_ptr<Mixed>> start(Bench& bench) {
        std::unique_ptr<Mixed> mixed(new Mixed(bench));
        mixed->counter_ = TRY(Counter::create(bench, {}));
        support::Shop& shop = mixed->counter_->shop();
        for (const Kind& kind : kinds()) {
            for (int i = 0; i < kind.count; ++i) {
                const std::string id = fmt::format("device{}", mixed->devices_.size());
                TRY(shop.start_simulator(id, kind.driver, kind.simulator));
                TRY(shop.configure(id, fmt::format("driver = \"{}\"\nport = \"pty:{}\"\n",
                                                   kind.driver, shop.pty(id))));
                mixed->devices_.push_back(id);
            }
        }
        TRY(mixed->counter_->start());
        for (const std::string& id : mixed->devices_) {
            TRY(mixed->wait_answer(id));
        }
        return mixed;
    }

    /// Microseconds from question to answer, one device after the other.
    Result<std::vector<double>> one_by_one() {
        std::vector<double> times;
        for (int i = 0; i < kQuestions; ++i) {
            for (const std::string& id : devices_) {
                const os::Instant start = bench_.clock.now();
                TRY(counter_->raw().call(RequestKind::query, question(id), bench_.soon()));
                times.push_back(microseconds(bench_.clock.now() - start));
            }
        }
        return times;
    }
    /// The same with all of them asked at once.
    Result<std::vector<double>> all_at_once() {
        std::vector<double> times;
        for (int i = 0; i < kQuestions; ++i) {
            std::map<std::int64_t, os::Instant> asked;
            for (const std::string& id : devices_) {
                const os::Instant now = bench_.clock.now();
                const std::int64_t request =
                    TRY(counter_->raw().send(RequestKind::query, question(id), kDeadlineMs));
                asked[request] = now;
            }
            while (!asked.empty()) {
                const contract::Reply reply = TRY(counter_->raw().receive(bench_.soon()));
                const auto of = asked.find(reply.id);
                if (of == asked.end() || std::holds_alternative<contract::Error>(reply.outcome)) {
                    return make_error(ErrorCode::wrong_state, "a device does not answer");
                }
                times.push_back(microseconds(bench_.clock.now() - of->second));
                asked.erase(of);
            }
        }
        return times;
    }
    std::size_t count() const { return devices_.size(); }

private:
    explicit Mixed(Bench& bench) : bench_(bench) {}
    static contract::Value question(const std::string& device) {
        return contract::to_value(
            contract::QueryRequest{device, contract::Query(contract::StatusQuery{})});
    }
    Done wait_answer(const std::string& device) {
        const os::Deadline patience = bench_.soon();
        while (true) {
            const auto answer =
                counter_->raw().call(RequestKind::query, question(device), patience);
            if (answer) {
                return {};
            }
            if (bench_.clock.now() >= patience) {
                return answer.error();
            }
            bench_.clock.sleep_until(bench_.clock.now() + std::chrono::milliseconds(5));
        }
    }

    Bench& bench_;
    std::unique_ptr<Counter> counter_;
    std::vector<std::string> devices_;
};

}  // namespace

Result<std::vector<Figure>> measure_mixed(Bench& bench) {
    const auto mixed = TRY(Mixed::start(bench));
    std::vector<double> alone;
    std::vector<double> together;
    for (int round = 0; round < kRounds; ++round) {
        alone.push_back(percentile(TRY(mixed->one_by_one()), 0.99));
        together.push_back(percentile(TRY(mixed->all_at_once()), 0.99));
    }
    Figure at_once =
        compare(fmt::format("status of {} mixed devices at once, p99 / of one", mixed->count()),
                together, alone, "us", std::nullopt);
    return std::vector<Figure>{at_once};
}

}  // namespace tillhost::bench
