#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "simulators/dongle/fido2/hid.h"
#include "simulators/dongle/fido2/token.h"

namespace tillhost::simulators::fido2 {

/// "00 22 00 02 90 00 01 04" as a report of 64 bytes.
inline base::Bytes report(std::string_view hex) {
    base::Bytes bytes = MUST(base::from_hex(hex));
    EXPECT_LE(bytes.size(), kReportBytes);
    bytes.resize(kReportBytes);
    return bytes;
}

/// A program that speaks to a token on virtual time, and reads packets without the simulator's own
/// decoders.
class Host {
public:
    explicit Host(Fido2Options options = {}) : options_(std::move(options)) {
        options_.report_number = ReportNumber::no;  // that channel begins with 00
        options_.first_channel = 0x00220002;        // of the published recordings
        if (!options_.store) {
            options_.store = std::make_shared<MemoryFiscalStore>();
        }
        restart();
    }

    /// The program that plays the token is killed and started again.
    void restart() {
        token_ = MUST(make_fido2_token(options_));
        token_->advance(now_);
        open();
    }
    /// A channel of its own.
    void open() {
        heard_.clear();
        say("FF FF FF FF 86 00 08 11 80 43 56 40 B1 4E D9");
        constexpr std::size_t kAt = 15, kBytes = 4;
        channel_ = base::to_hex(base::ByteView(hear_report()).subspan(kAt, kBytes));
    }

    /// One report.
    void say(std::string_view hex) { write(report(hex)); }
    void write(base::ByteView bytes) {
        token_->receive(bytes, now_);
        collect();
    }
    /// A message on the program's channel, in its packets.
    void send(unsigned command, base::ByteView data) {
        base::ByteWriter packet;
        packet.raw(*base::from_hex(channel_)).u8(0x80U | command).uint_be(data.size(), 2);
        unsigned sequence = 0;
        while (true) {
            const std::size_t room = kReportBytes - packet.bytes().size();
            packet.raw(data.first(std::min(room, data.size())));
            data = data.subspan(std::min(room, data.size()));
            base::Bytes bytes = packet.take();
            bytes.resize(kReportBytes);
            write(bytes);
            if (data.empty()) {
                return;
            }
            packet = {};
            packet.raw(*base::from_hex(channel_)).u8(sequence++);
        }
    }
    void cbor(std::string_view hex) { send(0x10, *base::from_hex(hex)); }

    /// The next packet without the zeros at its end, in hex, waiting for it; "" if none comes.
    std::string hear(os::Duration patience = std::chrono::seconds(2)) {
        const base::Bytes packet = hear_report(patience);
        std::size_t size = packet.size();
        while (size > 0 && packet[size - 1] == std::byte{0}) {
            --size;
        }
        return base::to_hex(base::ByteView(packet).first(size));
    }
    base::Bytes hear_report(os::Duration patience = std::chrono::seconds(2)) {
        const os::Instant end = now_ + patience;
        while (heard_.size() < kReportBytes) {
            const auto next = token_->next_event();
            if (!next || *next > end) {
                now_ = end;
                token_->advance(now_);
                collect();
                break;
            }
            now_ = std::max(now_, *next);
            token_->advance(now_);
            collect();
        }
        const std::size_t size = std::min(heard_.size(), kReportBytes);
        const base::Bytes packet(heard_.begin(), heard_.begin() + static_cast<long>(size));
        heard_.erase(heard_.begin(), heard_.begin() + static_cast<long>(size));
        return packet;
    }
    /// The next whole message for the program; keepalives are counted and passed over. Empty if the
    /// token falls silent, if a packet is out of its turn, or where it answers an error (error()).
    base::Bytes answer() {
        base::Bytes message;
        std::size_t size = 0;
        unsigned sequence = 0;
        while (true) {
            const base::Bytes packet = hear_report(std::chrono::seconds(35));
            if (packet.size() < kReportBytes) {
                return {};
            }
            base::ByteReader reader(packet);
            if (base::to_hex(reader.take(4)) != channel_) {
                ++foreign_;
                continue;
            }
            const unsigned head = reader.u8();
            if (head == 0xBB) {
                ++keepalives_;
                last_keepalive_ = base::to_unsigned(packet[7]);
                continue;
            }
            if (head == 0xBF) {
                error_ = base::to_unsigned(packet[7]);
                return {};
            }
            if (head < 0x80 && (size == 0 || head != sequence++)) {
                return {};
            }
            size = head >= 0x80 ? static_cast<std::size_t>(reader.uint_be(2)) : size;
            const base::ByteView data = reader.take(std::min(reader.left(), size - message.size()));
            message.insert(message.end(), data.begin(), data.end());
            if (message.size() == size) {
                return message;
            }
        }
    }
    std::string answer_hex() { return base::to_hex(answer()); }

    void fault(std::string_view name,
               const std::vector<std::pair<std::string, std::string>>& keys = {}) {
        const auto parsed = parse_fault(name, keys);
        ASSERT_TRUE(parsed) << base::to_text(parsed.error());
        const auto done = token_->inject(*parsed, now_);
        ASSERT_TRUE(done) << base::to_text(done.error());
        collect();
    }
    void wait(os::Duration time) {
        now_ += time;
        token_->advance(now_);
        collect();
    }
    void replug() {
        token_->power(false, now_);
        token_->power(true, now_);
        open();
    }

    TokenSimulator& token() { return *token_; }
    TokenState state() const { return token_->token_state(); }
    unsigned error() const { return error_; }
    unsigned keepalives() const { return keepalives_; }
    unsigned last_keepalive() const { return last_keepalive_; }
    unsigned foreign() const { return foreign_; }

private:
    void collect() {
        const base::Bytes bytes = token_->take_output();
        heard_.insert(heard_.end(), bytes.begin(), bytes.end());
    }

    Fido2Options options_;
    os::Instant now_{};
    std::unique_ptr<TokenSimulator> token_;
    base::Bytes heard_;
    std::string channel_ = "FF FF FF FF";
    unsigned error_ = 0, keepalives_ = 0, last_keepalive_ = 0, foreign_ = 0;
};

// The requests of a licence server, as the fact sheets of CTAP2 have them; the hash is the SHA-256
// of "licence challenge 0001", the relying party "licence.example".
inline constexpr std::string_view kHash =
    "66 88 77 C9 13 3E 14 7F 3A 7B CC 23 90 E6 E1 75 24 8F 05 5F CB 52 E5 1A E8 D7 03 EE A8 DE 35 "
    "0D";
inline constexpr std::string_view kRp = "6F 6C 69 63 65 6E 63 65 2E 65 78 61 6D 70 6C 65";

/// authenticatorMakeCredential of 158 bytes.
inline std::string make_request() {
    return "01 A6 01 58 20 " + std::string(kHash) + " 02 A2 62 69 64 " + std::string(kRp) +
           " 64 6E 61 6D 65 6B 48 6F 73 74 20 64 61 65 6D 6F 6E 03 A2 62 69 64 50 01 01 01 01 01 "
           "01 01 01 01 01 01 01 01 01 01 01 64 6E 61 6D 65 6A 73 74 6F 72 65 2D 30 30 30 31 04 81 "
           "A2 63 61 6C 67 26 64 74 79 70 65 6A 70 75 62 6C 69 63 2D 6B 65 79 06 A1 6B 68 6D 61 63 "
           "2D 73 65 63 72 65 74 F5 07 A1 62 72 6B F5";
}

/// authenticatorGetAssertion of 148 bytes for an id of 64 bytes, without a touch.
inline std::string assert_request(base::ByteView id, std::string_view up = "F4") {
    return "02 A4 01 " + std::string(kRp) + " 02 58 20 " + std::string(kHash) +
           " 03 81 A2 62 69 64 58 40 " + base::to_hex(id) +
           " 64 74 79 70 65 6A 70 75 62 6C 69 63 2D 6B 65 79 05 A1 62 75 70 " + std::string(up);
}

}  // namespace tillhost::simulators::fido2
