#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/drivers/fiscal/shtrih/driver.h"
#include "hal/os/fake/fake_clock.h"
#include "simulators/fiscal/shtrih/registrar.h"

namespace tillhost::drivers::shtrih {

using namespace std::chrono_literals;

/// The host's process dies here.
struct Killed {};

/// The link layer that hosts are set to; the simulated registrar takes it from their first byte.
inline std::string& layer_under_test() {
    static std::string layer = "standard";
    return layer;
}

/// A test that is run on both link layers.
class OnBothLayers : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override { layer_under_test() = GetParam(); }
    void TearDown() override { layer_under_test() = "standard"; }
};
inline const auto kBothLayers = testing::Values("standard", "numbered");
constexpr auto kLayerName = [](const auto& row) { return std::string(row.param); };

/// A model that takes tags behind the position.
inline simulators::shtrih::ShtrihOptions desktop() {
    simulators::shtrih::ShtrihOptions options;
    options.model_code = 250;
    options.model_name = "ШТРИХ-М-02Ф";
    return options;
}

/// One that takes them before it, and that one.
inline std::vector<simulators::shtrih::ShtrihOptions> both_orders() { return {{}, desktop()}; }

/// A simulated registrar on a line, virtual time, and how often the host may still act.
struct Counter {
    os::FakeClock clock;
    simulators::shtrih::ShtrihOptions options{};
    std::unique_ptr<simulators::FiscalSimulator> registrar{};
    base::Bytes inbox{};
    std::optional<int> acts_left{};  ///< writes and persists until the host is killed
    int acts = 0;
    std::function<void()> on_act{};
    bool kill_after = false;  ///< the act on which the host dies is still done

    explicit Counter(simulators::shtrih::ShtrihOptions given = {}) : options(std::move(given)) {
        options.store = std::make_shared<simulators::MemoryFiscalStore>();
        registrar = std::move(*simulators::shtrih::make_shtrih_registrar(options));
    }

    void step_to(os::Instant when) {
        clock.advance_to(when);
        registrar->advance(clock.now());
        collect();
    }
    void collect() {
        const base::Bytes said = registrar->take_output();
        inbox.insert(inbox.end(), said.begin(), said.end());
    }
    /// One act of the host; it is not done if the host dies on it.
    template <class Act>
    void act(Act&& what) {
        ++acts;
        if (on_act) {
            on_act();
        }
        const bool dies = acts_left && --*acts_left < 0;
        if (!dies || kill_after) {
            what();
        }
        if (dies) {
            throw Killed{};
        }
    }
    void pass(os::Duration time) {
        const os::Instant until = clock.now() + time;
        while (registrar->next_event() && *registrar->next_event() <= until) {
            step_to(*registrar->next_event());
        }
        step_to(until);
    }
    void fault(std::string_view name,
               const std::vector<std::pair<std::string, std::string>>& keys = {}) {
        const auto parsed = simulators::parse_fault(name, keys);
        ASSERT_TRUE(parsed) << base::to_text(parsed.error());
        const auto injected = registrar->inject(*parsed, clock.now());
        ASSERT_TRUE(injected) << base::to_text(injected.error());
    }
    std::size_t count(simulators::FiscalDocumentType type) const {
        const auto& all = registrar->documents();
        return static_cast<std::size_t>(std::count_if(
            all.begin(), all.end(), [&](const auto& document) { return document.type == type; }));
    }
    const simulators::FiscalDocument& last() const { return registrar->documents().back(); }
};

class SimulatedLine final : public transport::Transport {
public:
    explicit SimulatedLine(Counter& counter) : counter_(counter) {}

    base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        while (counter_.inbox.empty()) {
            const auto next = counter_.registrar->next_event();
            if (next && *next <= deadline) {
                counter_.step_to(*next);
                continue;
            }
            counter_.step_to(deadline);
            if (counter_.inbox.empty()) {
                return base::make_error(base::ErrorCode::deadline_passed, "nothing came");
            }
        }
        const std::size_t count = std::min(buffer.size(), counter_.inbox.size());
        std::copy_n(counter_.inbox.begin(), count, buffer.begin());
        counter_.inbox.erase(counter_.inbox.begin(),
                             counter_.inbox.begin() + static_cast<std::ptrdiff_t>(count));
        return count;
    }
    base::Done write(base::ByteView bytes, os::Deadline) override {
        counter_.act([&] {
            counter_.registrar->receive(bytes, counter_.clock.now());
            counter_.collect();
        });
        return {};
    }
    base::Done flush() override {
        counter_.inbox.clear();
        return {};
    }
    os::Duration late_bytes_max() const override { return 50ms; }

private:
    Counter& counter_;
};

class SimulatedPort final : public transport::Connector {
public:
    explicit SimulatedPort(Counter& counter) : counter_(counter) {}
    base::Result<std::unique_ptr<transport::Transport>> connect(os::Deadline) override {
        counter_.inbox.clear();
        return std::unique_ptr<transport::Transport>(std::make_unique<SimulatedLine>(counter_));
    }

private:
    Counter& counter_;
};

/// devd's book, as far as one operation needs it.
class Book final : public device::Gate {
public:
    explicit Book(Counter& counter) : counter_(counter) {}

    base::Done persist(const contract::Record& record) override {
        if (refuses) {
            return base::make_error(base::ErrorCode::storage_full, "the book refuses");
        }
        if (dies_on_result && std::holds_alternative<contract::OperationResult>(record)) {
            throw Killed{};
        }
        counter_.act([&] {
            if (const auto* kept = std::get_if<contract::Marker>(&record)) {
                marker = std::get<contract::FiscalMarker>(*kept);
                evidence.clear();
            } else if (const auto* bytes = std::get_if<contract::Evidence>(&record)) {
                evidence.push_back(*bytes);
            } else {
                result =
                    std::get<contract::FiscalResult>(std::get<contract::OperationResult>(record));
            }
        });
        if (dies_after_marker && std::holds_alternative<contract::Marker>(record)) {
            throw Killed{};
        }
        return {};
    }
    void announce(std::string_view step, os::Deadline deadline) override {
        steps.emplace_back(step);
        EXPECT_GE(deadline, counter_.clock.now());
    }

    contract::Pending pending(const contract::Command& command) const {
        contract::Pending pending;
        pending.attempt = 1;
        pending.command = command;
        pending.marker = *marker;
        pending.evidence = evidence;
        return pending;
    }

    bool refuses = false;
    bool dies_on_result = false;
    bool dies_after_marker = false;
    std::optional<contract::FiscalMarker> marker;
    std::vector<contract::Evidence> evidence;
    std::optional<contract::FiscalResult> result;
    std::vector<std::string> steps;

private:
    Counter& counter_;
};

/// A driver on a counter. A new one is a new process.
class Host {
public:
    explicit Host(Counter& counter, KnownBugs bugs = {},
                  std::vector<contract::Setting> settings = {})
        : counter_(counter) {
        settings.push_back({"link", layer_under_test()});
        auto made = make_driver_with_bugs(settings, std::make_unique<SimulatedPort>(counter),
                                          counter.clock, bugs);
        EXPECT_TRUE(made) << base::to_text(made.error());
        driver_ = std::move(*made);
    }

    base::Result<device::Opened> open(Book& book,
                                      const std::optional<contract::Pending>& pending = {}) {
        return driver_->open(pending, book, counter_.clock.now() + 300s);
    }
    base::Result<contract::FiscalResult> execute(const contract::Command& command, Book& book) {
        auto done = driver_->execute(command, book, counter_.clock.now() + 120s);
        if (!done) {
            return std::move(done).error();
        }
        return std::get<contract::FiscalResult>(*done);
    }
    base::Result<contract::Resolution> resolve(const contract::Pending& pending, Book& book) {
        return driver_->resolve(pending, book, counter_.clock.now() + 120s);
    }
    base::Result<contract::FiscalStatus> status() {
        auto found = driver_->query(contract::StatusQuery{}, counter_.clock.now() + 60s);
        if (!found) {
            return std::move(found).error();
        }
        return std::get<contract::FiscalStatus>(*found);
    }
    std::optional<contract::FiscalStatus> known() const {
        const auto known = driver_->known_status();
        return known ? std::optional(std::get<contract::FiscalStatus>(*known)) : std::nullopt;
    }

private:
    Counter& counter_;
    std::unique_ptr<device::Driver> driver_;
};

inline contract::ReceiptLine line(std::string name, std::int64_t price, std::int64_t units = 1,
                                  std::int64_t scale = 0) {
    contract::ReceiptLine made;
    made.name = std::move(name);
    made.price_minor = price;
    made.quantity_units = units;
    made.quantity_scale = scale;
    made.vat = contract::Vat::standard;
    return made;
}

/// 2 × 49.90 and 0.485 × 310.00 = 250.15; 200.00 by card, 100.00 in cash.
inline contract::Receipt example_receipt() {
    contract::Receipt receipt;
    receipt.kind = contract::ReceiptKind::sale;
    receipt.lines = {line("Молоко 1л", 4990, 2), line("Сыр", 31'000, 485, 3)};
    receipt.lines[1].vat = contract::Vat::vat_10;
    receipt.payments = {{contract::PaymentKind::electronic, 20'000},
                        {contract::PaymentKind::cash, 10'000}};
    receipt.cashier = contract::Cashier{"Иванов И.И.", "500100732259"};
    receipt.text = {"Спасибо за покупку!"};
    return receipt;
}

/// Opens the line and a shift.
inline void begin_day(Counter& counter) {
    Book book(counter);
    Host host(counter);
    ASSERT_TRUE(host.open(book));
    const auto opened = host.execute(contract::OpenShift{}, book);
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    counter.pass(2s);
}

}  // namespace tillhost::drivers::shtrih
