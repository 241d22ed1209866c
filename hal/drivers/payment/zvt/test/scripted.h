#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/drivers/payment/zvt/apdu.h"
#include "hal/drivers/payment/zvt/driver.h"
#include "hal/os/fake/fake_clock.h"

namespace tillhost::drivers::zvt {

using namespace std::chrono_literals;

/// Both sides of the story in the order in which it happened: "till 06 01 …", "marker", "result".
using Story = std::vector<std::string>;

/// A terminal that follows a script, on virtual time. What is written to it must be what the script
/// expects next; what it says then may come late, or end in a hang-up.
class ScriptedTerminal {
public:
    struct Step {
        std::string expect;  ///< hex; empty: says its words as soon as the line is open
        std::vector<std::string> say;
        os::Duration delay{};
        bool hang_up = false;  ///< after its words
    };

    ScriptedTerminal& then(std::string expect, std::vector<std::string> say = {},
                           os::Duration delay = {}) {
        script.push_back({std::move(expect), std::move(say), delay, false});
        return *this;
    }
    ScriptedTerminal& then_hang_up(std::string expect, std::vector<std::string> say = {}) {
        script.push_back({std::move(expect), std::move(say), {}, true});
        return *this;
    }
    /// Registration of a till that prints, and the terminal's name.
    ScriptedTerminal& enrolled() {
        return then(kRegistration, {"80 00 00", kRegistered}).then("80 00 00");
    }
    ScriptedTerminal& tells_status(const std::string& code) {
        return then("05 01 05 00 00 00 03 02", {"80 00 00", "06 0F 01 " + code}).then("80 00 00");
    }
    /// The answer to 06 20: a result, or none if empty.
    ScriptedTerminal& tells_last(const std::string& result) {
        then("06 20 05 00 00 00 03 03", result.empty()
                                            ? std::vector<std::string>{"80 00 00", "06 0F 00"}
                                            : std::vector<std::string>{"80 00 00", result});
        if (!result.empty()) {
            then("80 00 00", {"06 0F 00"});
        }
        return then("80 00 00");
    }

    static constexpr const char* kRegistration =
        "06 00 18 00 00 00 BE 09 78 03 01 06 0E 12 01 24 27 03 14 01 FE 26 04 0A 02 06 D3";
    static constexpr const char* kRegistered =
        "06 0F 1A 19 00 29 28 00 48 69 49 09 78 06 0E 12 01 24 27 03 14 01 FE 26 04 0A 02 06 D3";

    os::FakeClock clock;
    std::deque<Step> script;
    Story story;
    int connections = 0;
    bool refuse_connection = false;
    std::optional<std::size_t> wish_after{};  ///< a wish to break off, after so many writes
    std::size_t writes = 0;
    bool wished = false;
};

class ScriptedLine final : public transport::Transport {
public:
    explicit ScriptedLine(ScriptedTerminal& terminal) : terminal_(terminal) {}

    base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        if (terminal_.wish_after == terminal_.writes) {
            terminal_.wish_after.reset();
            terminal_.wished = true;
            return base::make_error(base::ErrorCode::cancelled, "a wish");
        }
        if (inbox_.empty() && hung_up_) {
            return base::make_error(base::ErrorCode::link_lost, "hang-up");
        }
        if (inbox_.empty() || arrives_ > deadline) {
            terminal_.clock.advance_to(deadline);
            return base::make_error(base::ErrorCode::deadline_passed, "nothing came");
        }
        terminal_.clock.advance_to(arrives_);
        const std::size_t count = std::min(buffer.size(), inbox_.size());
        std::copy_n(inbox_.begin(), count, buffer.begin());
        inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(count));
        return count;
    }
    base::Done write(base::ByteView bytes, os::Deadline) override {
        if (hung_up_) {
            return base::make_error(base::ErrorCode::link_lost, "hang-up");
        }
        ++terminal_.writes;
        const std::string hex = base::to_hex(bytes);
        terminal_.story.push_back("till " + hex);
        if (terminal_.script.empty()) {
            ADD_FAILURE() << "not in the script: " << hex;
            return base::make_error(base::ErrorCode::link_lost, "the script is over");
        }
        const ScriptedTerminal::Step step = terminal_.script.front();
        terminal_.script.pop_front();
        EXPECT_EQ(hex, step.expect) << terminal_.script.size() << " steps are left";
        arrives_ = terminal_.clock.now() + step.delay;
        for (const std::string& word : step.say) {
            const base::Bytes said = *base::from_hex(word);
            inbox_.insert(inbox_.end(), said.begin(), said.end());
        }
        hung_up_ = step.hang_up;
        return {};
    }
    base::Done flush() override { return {}; }
    os::Duration late_bytes_max() const override { return 50ms; }

private:
    ScriptedTerminal& terminal_;
    base::Bytes inbox_;
    os::Instant arrives_{};
    bool hung_up_ = false;
};

class ScriptedPort final : public transport::Connector {
public:
    explicit ScriptedPort(ScriptedTerminal& terminal) : terminal_(terminal) {}
    base::Result<std::unique_ptr<transport::Transport>> connect(os::Deadline) override {
        if (terminal_.refuse_connection) {
            return base::make_error(base::ErrorCode::no_answer, "nobody there");
        }
        ++terminal_.connections;
        terminal_.story.push_back("connect");
        return std::unique_ptr<transport::Transport>(std::make_unique<ScriptedLine>(terminal_));
    }

private:
    ScriptedTerminal& terminal_;
};

/// Keeps the records, in the same story as the bytes.
class Book final : public device::Gate {
public:
    explicit Book(ScriptedTerminal& terminal) : terminal_(terminal) {}

    base::Done persist(const contract::Record& record) override {
        if (const auto* marker = std::get_if<contract::Marker>(&record)) {
            terminal_.story.push_back("marker");
            pending.marker = *marker;
        } else if (const auto* evidence = std::get_if<contract::Evidence>(&record)) {
            terminal_.story.push_back("evidence " + evidence->source);
            if (fail_on_evidence) {
                return base::make_error(base::ErrorCode::storage_full, "full");
            }
            pending.evidence.push_back(*evidence);
        } else {
            terminal_.story.push_back("result");
            if (fail_on_result) {
                return base::make_error(base::ErrorCode::storage_full, "full");
            }
            result = std::get<contract::OperationResult>(record);
        }
        return {};
    }
    void announce(std::string_view, os::Deadline) override {}
    void prompt(contract::PromptKind kind, std::string_view text) override {
        prompts.emplace_back(kind, std::string(text));
        writes_at_prompts.push_back(terminal_.writes);
    }
    bool take_abort() override { return std::exchange(terminal_.wished, false); }
    std::optional<contract::OperationResult> last_result() const override { return last; }

    contract::Pending pending;
    std::optional<contract::OperationResult> result;
    std::optional<contract::OperationResult> last;
    std::vector<std::pair<contract::PromptKind, std::string>> prompts;
    std::vector<std::size_t> writes_at_prompts;  ///< how much the till had said by then
    bool fail_on_evidence = false;
    bool fail_on_result = false;

private:
    ScriptedTerminal& terminal_;
};

/// A driver on a scripted terminal, opened; the story begins behind that.
struct Counter {
    explicit Counter(const std::vector<contract::Setting>& settings = {{"keep_open", "yes"}})
        : book(terminal), settings_(settings) {
        restart();
        terminal.enrolled();
        terminal
            .then("05 01 03 00 00 00", {"80 00 00", "06 0F 0B F0 F0 F7 32 2E 31 34 2E 31 35 00"})
            .then("80 00 00");
        opened = driver->open({}, book, deadline());
        EXPECT_TRUE(*opened) << base::to_text(opened->error());
        EXPECT_TRUE(terminal.script.empty());
        terminal.story.clear();
        terminal.writes = 0;
    }
    /// The host's process ends, and another one is there.
    void restart() {
        driver = *make_driver(settings_, std::make_unique<ScriptedPort>(terminal), terminal.clock);
    }
    os::Deadline deadline() const { return terminal.clock.now() + 900s; }

    base::Result<contract::OperationResult> execute(const contract::Command& command) {
        book.pending.command = command;
        book.pending.attempt = 1;
        return driver->execute(command, book, deadline());
    }
    base::Result<contract::PaymentResult> pay(std::int64_t amount = 1234, bool partial = false) {
        contract::Authorise command;
        command.amount_minor = amount;
        command.currency = "EUR";
        command.allow_partial = partial;
        auto done = execute(command);
        if (!done) {
            return std::move(done).error();
        }
        return std::get<contract::PaymentResult>(*done);
    }
    base::Result<contract::Resolution> resolve() {
        return driver->resolve(book.pending, book, deadline());
    }

    ScriptedTerminal terminal;
    Book book;
    std::unique_ptr<device::Driver> driver;
    std::optional<base::Result<device::Opened>> opened;

private:
    std::vector<contract::Setting> settings_;
};

}  // namespace tillhost::drivers::zvt
