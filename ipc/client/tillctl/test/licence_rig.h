#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "hal/base/text.h"
#include "hal/os/fake/fake_clock.h"
#include "hal/os/files.h"
#include "ipc/client/tillctl/arguments.h"
#include "ipc/client/tillctl/licence.h"
#include "ipc/client/tillctl/verbs.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"

namespace tillhost::tillctl {

using base::ErrorCode;
using base::make_error;
using contract::RequestKind;
using contract::Value;

inline constexpr const char* kSerial = "4410-0093-7721";

/// What was asked, and what is answered: a value for each kind, or one error for all.
struct FakeLicd {
    std::map<RequestKind, std::vector<Value>> answers;  ///< in turn; the last one for ever
    std::optional<base::Error> error;
    std::vector<std::pair<RequestKind, Value>> asked;

    template <class Body>
    void answer(RequestKind kind, const Body& body) {
        answers[kind].push_back(contract::to_value(body));
    }
};

class FakeConnection final : public client::Connection {
public:
    explicit FakeConnection(FakeLicd& licd) : licd_(licd) {}
    base::Result<Value> call(RequestKind kind, Value body, os::Deadline) override {
        licd_.asked.emplace_back(kind, std::move(body));
        if (licd_.error) {
            return *licd_.error;
        }
        auto& answers = licd_.answers[kind];
        if (answers.empty()) {
            return make_error(ErrorCode::internal, "not expected");
        }
        const Value answer = answers.front();
        if (answers.size() > 1) {
            answers.erase(answers.begin());
        }
        return answer;
    }
    base::Result<std::optional<contract::Event>> next_event(os::Deadline) override {
        return std::optional<contract::Event>();
    }
    bool lost() override { return false; }

private:
    FakeLicd& licd_;
};

class FakeConnector final : public client::Connector {
public:
    explicit FakeConnector(FakeLicd& licd) : licd_(licd) {}
    base::Result<std::unique_ptr<client::Connection>> connect(os::Deadline) override {
        if (is_absent) {
            return make_error(ErrorCode::no_daemon, "nobody answers at ipc:///x/licd.sock");
        }
        return std::make_unique<FakeConnection>(licd_);
    }
    bool is_absent = false;

private:
    FakeLicd& licd_;
};

/// Keeps what was said; a person who types these lines.
class KeptConsole final : public Console {
public:
    void out(std::string_view text) override { told += text; }
    void err(std::string_view text) override { complained += text; }
    bool asks() const override { return is_terminal; }
    std::optional<std::string> ask(std::string_view prompt, bool secret) override {
        prompts += prompt;
        saw_secrets = saw_secrets && secret;
        if (typed.empty()) {
            return std::nullopt;
        }
        const std::string line = typed.front();
        typed.erase(typed.begin());
        return line;
    }

    std::string told;
    std::string complained;
    std::string prompts;
    std::vector<std::string> typed;
    bool is_terminal = true;
    bool saw_secrets = true;  ///< all that was asked for
};

inline std::variant<Invocation, Explanation> parse(std::vector<const char*> words) {
    words.insert(words.begin(), {"tillctl", "licence"});
    return parse_arguments(static_cast<int>(words.size()), words.data(), Language::english);
}

inline contract::LicenceKey key_in(contract::LicenceKeyState state) {
    contract::LicenceKey key;
    key.serial = kSerial;
    key.product = "till";
    key.kind = contract::LicenceKeyKind::software;
    key.state = state;
    key.enabled = true;
    key.score = 100;
    key.revision = 1;
    key.pins_left = 2;
    contract::LicenceLine& line = key.lines.emplace_back();
    line.name = "till.base";
    line.counting = contract::LicenceCounting::counted;
    line.count = 20;
    line.used = 3;
    line.mode = contract::SeatMode::instance;
    line.until = "2027-12-31";
    return key;
}

inline contract::LicenceConnection connection(std::int64_t number) {
    contract::LicenceConnection one;
    one.number = number;
    one.licence = "till.base";
    one.key = kSerial;
    one.seat = 1;
    one.state = contract::LicenceLeaseState::held;
    one.program = "till";
    one.session = "instance1";
    one.ends_in_ms = 90'000;
    return one;
}

class LicenceTest : public testing::Test {
protected:
    LicenceTest() {
        std::string name = testing::TempDir() + "licence.XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~LicenceTest() override { std::filesystem::remove_all(folder_); }

    Exit run_words(const std::vector<const char*>& words) {
        const auto parsed = parse(words);
        const auto* invocation = std::get_if<Invocation>(&parsed);
        if (invocation == nullptr) {
            ADD_FAILURE() << std::get<Explanation>(parsed).text;
            return Exit::usage;
        }
        const auto& verb = std::get<LicenceVerb>(invocation->verb);
        return run_licence_over(connector_, verb, *invocation, clock_, console_);
    }
    template <class Body>
    Body asked() const {
        EXPECT_EQ(licd_.asked.size(), 1U);
        return MUST(contract::from_value<Body>(licd_.asked.back().second));
    }
    bool told(std::string_view part) const { return console_.told.find(part) != std::string::npos; }
    bool complained(std::string_view part) const {
        return console_.complained.find(part) != std::string::npos;
    }

    std::string folder_;
    os::FakeClock clock_;
    FakeLicd licd_;
    FakeConnector connector_{licd_};
    KeptConsole console_;
};

}  // namespace tillhost::tillctl
