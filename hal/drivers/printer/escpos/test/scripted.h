#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/drivers/printer/escpos/driver.h"
#include "hal/drivers/printer/escpos/protocol.h"
#include "hal/os/fake/fake_clock.h"

namespace tillhost::drivers::escpos {

using namespace std::chrono_literals;

/// A printer that follows a script, on virtual time. What is written to it must be what the script
/// expects next; what it says then may come late, or end in a hang-up.
class ScriptedPrinter {
public:
    struct Word {
        std::string hex;
        os::Duration delay{};  ///< behind what was written
    };
    struct Step {
        std::string expect;  ///< hex
        std::vector<Word> say{};
        bool hang_up = false;                ///< after its words
        std::optional<base::Error> fails{};  ///< the writing of it
        bool stalls = false;                 ///< the writing of it, in the middle, for ever
    };

    ScriptedPrinter& then(std::string expect, std::vector<Word> say = {}) {
        script.push_back({std::move(expect), std::move(say)});
        return *this;
    }
    ScriptedPrinter& then_hang_up(std::string expect, std::vector<Word> say = {}) {
        script.push_back({std::move(expect), std::move(say), true});
        return *this;
    }
    ScriptedPrinter& then_fail(std::string expect, base::ErrorCode code, base::Effect effect) {
        script.push_back(
            {std::move(expect), {}, false, base::make_error(code, "the line", effect)});
        return *this;
    }
    ScriptedPrinter& then_stall(std::string expect) {
        script.push_back({std::move(expect), {}, false, {}, true});
        return *this;
    }
    /// Answers to DLE EOT 1 to 4.
    ScriptedPrinter& tells_state(const std::string& one = "12", const std::string& two = "12",
                                 const std::string& three = "12", const std::string& four = "12") {
        return then("10 04 01", {{one}})
            .then("10 04 02", {{two}})
            .then("10 04 03", {{three}})
            .then("10 04 04", {{four}});
    }
    ScriptedPrinter& tells_names(const std::string& serial = "J4") {
        then("1D 72 01", {{"00"}}).then("1D 49 42", {{"5F 45 50 53 4F 4E 00"}});
        return then("1D 49 43", {{"5F 54 4D 00"}})
            .then("1D 49 44", {{"5F " + base::to_hex(base::bytes_of(serial)) + " 00"}});
    }
    ScriptedPrinter& shows_that_it_marks() {
        const std::string id = next_mark();
        return then("1D 61 0F", {{kFine}}).then(ask_for(id), {{answer_with(id)}});
    }
    /// All that open() says to a printer of the kind `epson` that is well.
    ScriptedPrinter& is_opened() { return tells_state().tells_names().shows_that_it_marks(); }

    /// The characters of the next mark.
    std::string next_mark() { return mark_of(first_mark_ + marks_++); }
    /// The till's process is another one from here on.
    void meets_another_process() {
        first_mark_ = static_cast<std::uint64_t>(clock.unix_ms());
        marks_ = 0;
    }
    static std::string ask_for(const std::string& id) { return base::to_hex(mark(id)); }
    static std::string answer_with(const std::string& id) {
        return "37 22 " + base::to_hex(base::bytes_of(id)) + " 00";
    }

    static constexpr const char* kFine = "10 00 00 0F";
    static constexpr const char* kPaperOut = "18 00 0C 0F";
    static constexpr const char* kCoverOpen = "38 00 00 0F";

    os::FakeClock clock;
    std::deque<Step> script;
    std::vector<std::string> written;
    int connections = 0;

private:
    std::uint64_t first_mark_ = static_cast<std::uint64_t>(clock.unix_ms());
    std::uint64_t marks_ = 0;
};

class ScriptedLine final : public transport::Transport {
public:
    explicit ScriptedLine(ScriptedPrinter& printer) : printer_(printer) {}

    base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        if (inbox_.empty() && hung_up_) {
            return base::make_error(base::ErrorCode::link_lost, "hang-up");
        }
        if (inbox_.empty() || inbox_.front().first > std::max(deadline, printer_.clock.now())) {
            if (deadline > printer_.clock.now()) {
                printer_.clock.advance_to(deadline);
            }
            return base::make_error(base::ErrorCode::deadline_passed, "nothing came");
        }
        if (inbox_.front().first > printer_.clock.now()) {
            printer_.clock.advance_to(inbox_.front().first);
        }
        const base::Bytes bytes = std::move(inbox_.front().second);
        inbox_.pop_front();
        const std::size_t count = std::min(buffer.size(), bytes.size());
        std::copy_n(bytes.begin(), count, buffer.begin());
        return count;
    }
    base::Done write(base::ByteView bytes, os::Deadline deadline) override {
        if (hung_up_ && inbox_.empty()) {
            return base::make_error(base::ErrorCode::link_lost, "hang-up");
        }
        const std::string hex = base::to_hex(bytes);
        printer_.written.push_back(hex);
        if (printer_.script.empty()) {
            ADD_FAILURE() << "not in the script: " << hex;
            return base::make_error(base::ErrorCode::link_lost, "the script is over");
        }
        const ScriptedPrinter::Step step = printer_.script.front();
        printer_.script.pop_front();
        EXPECT_EQ(hex, step.expect) << printer_.script.size() << " steps are left";
        for (const ScriptedPrinter::Word& word : step.say) {
            const os::Instant arrives = printer_.clock.now() + word.delay;
            const auto behind = std::find_if(inbox_.begin(), inbox_.end(),
                                             [&](const auto& one) { return one.first > arrives; });
            inbox_.insert(behind, {arrives, *base::from_hex(word.hex)});
        }
        hung_up_ = hung_up_ || step.hang_up;
        if (step.stalls) {
            printer_.clock.advance_to(std::max(deadline, printer_.clock.now()));
            return base::make_error(base::ErrorCode::deadline_passed, "the line",
                                    base::Effect::unknown);
        }
        return step.fails ? base::Done(*step.fails) : base::Done();
    }
    base::Done flush() override { return {}; }
    os::Duration late_bytes_max() const override { return 50ms; }

private:
    ScriptedPrinter& printer_;
    std::deque<std::pair<os::Instant, base::Bytes>> inbox_;
    bool hung_up_ = false;
};

class ScriptedPort final : public transport::Connector {
public:
    explicit ScriptedPort(ScriptedPrinter& printer) : printer_(printer) {}
    base::Result<std::unique_ptr<transport::Transport>> connect(os::Deadline) override {
        ++printer_.connections;
        return std::unique_ptr<transport::Transport>(std::make_unique<ScriptedLine>(printer_));
    }

private:
    ScriptedPrinter& printer_;
};

class NoBook final : public device::Gate {
public:
    base::Done persist(const contract::Record&) override {
        ADD_FAILURE() << "a document is no money";
        return {};
    }
    void announce(std::string_view step, os::Deadline) override { steps.emplace_back(step); }
    std::vector<std::string> steps;
};

using Set = std::vector<contract::Setting>;

/// A driver on a scripted printer.
struct Counter {
    explicit Counter(const Set& settings = {}) : settings_(settings) { restart(); }
    void restart() {
        printer.meets_another_process();
        driver = *make_driver(settings_, std::make_unique<ScriptedPort>(printer), printer.clock);
    }
    Counter(const Counter&) = delete;
    Counter& operator=(const Counter&) = delete;
    ~Counter() { EXPECT_TRUE(printer.script.empty()) << printer.script.front().expect; }

    os::Deadline deadline() const { return printer.clock.now() + 300s; }
    base::Result<device::Opened> open() { return driver->open({}, book, deadline()); }
    /// Opened and well, with nothing written yet.
    Counter& opened() {
        printer.is_opened();
        const auto opened = open();
        EXPECT_TRUE(opened) << base::to_text(opened.error());
        printer.written.clear();
        return *this;
    }
    base::Result<contract::PrintResult> execute(const contract::Command& command) {
        auto done = driver->execute(command, book, deadline());
        if (!done) {
            return std::move(done).error();
        }
        return std::get<contract::PrintResult>(*done);
    }
    base::Result<contract::PrinterStatus> status() {
        auto status = driver->query(contract::StatusQuery{}, deadline());
        if (!status) {
            return std::move(status).error();
        }
        return std::get<contract::PrinterStatus>(*status);
    }

    ScriptedPrinter printer;
    NoBook book;
    std::unique_ptr<device::Driver> driver;

private:
    Set settings_;
};

inline contract::PrintDocument document_of(const std::string& text, bool copy = false) {
    contract::PrintDocument document;
    contract::PrintedText block;
    block.text = text;
    document.blocks.emplace_back(std::move(block));
    document.copy = copy;
    return document;
}

/// The rest of any command.
inline const std::string kRest = base::to_hex(base::Bytes(kCommandBytesMax));
/// What goes before every document of a printer that tells its changes.
inline constexpr const char* kPrelude = "1B 40 1C 2E 1B 52 00 1D 61 0F ";
/// document_of("Hi") as bytes, without its ending.
inline const std::string kHi = std::string(kPrelude) + "1B 61 00 48 69 0A 1D 56 42 00";

}  // namespace tillhost::drivers::escpos
