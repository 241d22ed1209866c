#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/drivers/dongle/fido2/channel.h"
#include "hal/drivers/dongle/fido2/driver.h"
#include "hal/drivers/dongle/fido2/test/vectors.h"
#include "hal/os/fake/fake_clock.h"

namespace tillhost::drivers::fido2 {

using namespace std::chrono_literals;

inline constexpr std::uint32_t kGivenChannel = 0x0022'0002;
inline constexpr std::uint32_t kOthersChannel = 0x0092'000E;

/// A token that follows a script, on virtual time. Each whole message that comes to it on our
/// channel must be the one that the script expects next; what it says then may come late. INIT it
/// answers by itself.
class ScriptedToken {
public:
    struct Word {
        base::Bytes bytes;
        os::Duration delay{};  ///< behind what was written
    };
    struct Step {
        std::string expect;  ///< command and payload as hex
        std::vector<Word> say{};
        bool unplug = false;  ///< after its words
    };

    static std::vector<Word> words(Command command, std::string_view payload,
                                   os::Duration delay = {}, std::uint32_t channel = kGivenChannel) {
        std::vector<Word> all;
        for (const Packet& packet : packets_of(channel, command, bytes_in(payload))) {
            all.push_back({base::Bytes(packet.begin(), packet.end()), delay});
        }
        return all;
    }
    /// A request by CTAP2, and what it is answered: a status byte and a map.
    ScriptedToken& then(const std::string& request, const std::string& answer,
                        os::Duration delay = {}) {
        script.push_back({"90 " + request, words(Command::cbor, answer, delay)});
        return *this;
    }
    ScriptedToken& then_says(const std::string& request, std::vector<Word> say) {
        script.push_back({"90 " + request, std::move(say)});
        return *this;
    }
    ScriptedToken& then_is_silent(const std::string& request) { return then_says(request, {}); }
    ScriptedToken& is_cancelled(std::vector<Word> say) {
        script.push_back({"91", std::move(say)});
        return *this;
    }
    ScriptedToken& tells_info(std::string_view info = kInfo) {
        return then("04", "00 " + std::string(info));
    }

    os::FakeClock clock;
    std::deque<Step> script;
    std::vector<std::string> reports;  ///< all that was written, as hex
    std::size_t inits = 0;
    std::size_t silent_inits = 0;  ///< so many are not answered
    std::size_t busy_inits = 0;    ///< so many are answered with an error
    unsigned capabilities = 0x05;
    bool foreign = false;   ///< others' packets come before each of ours
    std::size_t piece = 0;  ///< at most so many bytes a read, where packets are a stream
    std::optional<transport::HidDescription> hid = transport::HidDescription{
        bytes_in(kTokenDescriptor), 0x1050, 0x0407, "S1", "YubiKey OTP+FIDO+CCID"};
    int connections = 0;
};

class ScriptedLine final : public transport::Transport {
public:
    explicit ScriptedLine(ScriptedToken& token) : token_(token) {}

    base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        os::FakeClock& clock = token_.clock;
        if (inbox_.empty() && unplugged_) {
            return base::make_error(base::ErrorCode::link_lost, "unplugged");
        }
        if (inbox_.empty() || inbox_.front().first > std::max(deadline, clock.now())) {
            clock.advance_to(deadline);
            return base::make_error(base::ErrorCode::deadline_passed, "nothing came");
        }
        clock.advance_to(inbox_.front().first);
        base::Bytes& first = inbox_.front().second;
        std::size_t count = std::min(buffer.size(), first.size());
        count = token_.piece == 0 ? count : std::min(count, token_.piece);
        std::copy_n(first.begin(), count, buffer.begin());
        first.erase(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(count));
        if (first.empty()) {
            inbox_.pop_front();
        }
        return count;
    }

    base::Done write(base::ByteView bytes, os::Deadline) override {
        if (unplugged_ && inbox_.empty()) {
            return base::make_error(base::ErrorCode::link_lost, "unplugged");
        }
        token_.reports.push_back(base::to_hex(bytes));
        const std::size_t number = token_.hid ? 1 : 0;
        EXPECT_EQ(bytes.size(), kPacketBytes + number);
        Packet packet{};
        std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(number), bytes.end(), packet.begin());
        if (auto message = *general_.take(packet)) {
            introduce(message->payload, kBroadcast);
        } else if (auto own = *ours_.take(packet)) {
            take(*own);
        }
        return {};
    }
    base::Done flush() override {
        std::erase_if(inbox_, [this](const auto& one) { return one.first <= token_.clock.now(); });
        return {};
    }
    os::Duration late_bytes_max() const override { return 50ms; }
    const transport::HidDescription* hid() const override {
        return token_.hid ? &*token_.hid : nullptr;
    }

private:
    void say(const std::vector<ScriptedToken::Word>& all) {
        for (const auto& word : all) {
            if (token_.foreign) {
                put({ScriptedToken::words(Command::cbor, "2E", word.delay, kOthersChannel)[0]});
                put({ScriptedToken::words(Command::init,
                                          "01 02 03 04 05 06 07 08 00 00 00 07 02 01 "
                                          "00 00 05",
                                          word.delay, kBroadcast)[0]});
            }
            put(word);
        }
    }
    void put(const ScriptedToken::Word& word) {
        const os::Instant arrives = token_.clock.now() + word.delay;
        const auto behind = std::find_if(inbox_.begin(), inbox_.end(),
                                         [&](const auto& one) { return one.first > arrives; });
        inbox_.insert(behind, {arrives, word.bytes});
    }
    void introduce(const base::Bytes& nonce, std::uint32_t on) {
        ++token_.inits;
        if (token_.silent_inits > 0) {
            --token_.silent_inits;
        } else if (token_.busy_inits > 0) {
            --token_.busy_inits;
            say(ScriptedToken::words(Command::error, "06", {}, on));
        } else {
            base::ByteWriter told;
            told.raw(nonce).uint_be(kGivenChannel, 4).raw(bytes_in("02 05 02 01"));
            told.u8(token_.capabilities);
            say(ScriptedToken::words(Command::init, base::to_hex(told.bytes()), {}, on));
        }
    }
    void take(const Message& message) {
        if (message.command == Command::init) {  // ends what runs on the channel
            inbox_.clear();
            introduce(message.payload, kGivenChannel);
            return;
        }
        const unsigned command = 0x80U | static_cast<unsigned>(message.command);
        base::ByteWriter whole;
        whole.u8(command).raw(message.payload);
        if (token_.script.empty()) {
            ADD_FAILURE() << "not in the script: " << base::to_hex(whole.bytes());
            unplugged_ = true;
            return;
        }
        const ScriptedToken::Step step = token_.script.front();
        token_.script.pop_front();
        EXPECT_EQ(base::to_hex(whole.bytes()), step.expect);
        say(step.say);
        unplugged_ = unplugged_ || step.unplug;
    }

    ScriptedToken& token_;
    Assembler general_{kBroadcast};
    Assembler ours_{kGivenChannel};
    std::deque<std::pair<os::Instant, base::Bytes>> inbox_;
    bool unplugged_ = false;
};

class ScriptedPort final : public transport::Connector {
public:
    explicit ScriptedPort(ScriptedToken& token) : token_(token) {}
    base::Result<std::unique_ptr<transport::Transport>> connect(os::Deadline) override {
        ++token_.connections;
        return std::unique_ptr<transport::Transport>(std::make_unique<ScriptedLine>(token_));
    }

private:
    ScriptedToken& token_;
};

class NoBook final : public device::Gate {
public:
    base::Done persist(const contract::Record&) override {
        ADD_FAILURE() << "an enrolment is no money";
        return {};
    }
    void announce(std::string_view step, os::Deadline) override { steps.emplace_back(step); }
    void prompt(contract::PromptKind, std::string_view text) override {
        prompts.emplace_back(text);
    }
    std::vector<std::string> steps;
    std::vector<std::string> prompts;
};

/// A driver on a scripted token.
class DongleTest : public testing::Test {
protected:
    void TearDown() override {
        EXPECT_TRUE(token.script.empty()) << token.script.front().expect << " never came";
    }
    base::Result<device::Opened> open(const std::vector<contract::Setting>& settings = {}) {
        driver = MUST(make_driver(settings, std::make_unique<ScriptedPort>(token), token.clock));
        return driver->open({}, book, deadline());
    }
    /// Opened and well, with nothing written yet.
    void is_open() {
        token.tells_info();
        const auto opened = open();
        ASSERT_TRUE(opened) << base::to_text(opened.error());
        token.reports.clear();
        token.inits = 0;
    }
    base::Result<contract::DongleProof> prove() {
        auto answer = driver->query(contract::Query(proof_query()), deadline());
        if (!answer) {
            return std::move(answer).error();
        }
        return std::get<contract::DongleProof>(*answer);
    }
    base::Result<contract::DongleEnrolment> enrol() {
        auto done = driver->execute(
            contract::EnrolDongle{"licence.example", "store-0001", bytes_in(kChallengeHash)}, book,
            deadline());
        if (!done) {
            return std::move(done).error();
        }
        return std::get<contract::DongleEnrolment>(*done);
    }
    os::Deadline deadline() const { return token.clock.now() + 60s; }

    ScriptedToken token;
    NoBook book;
    std::unique_ptr<device::Driver> driver;
};

}  // namespace tillhost::drivers::fido2
