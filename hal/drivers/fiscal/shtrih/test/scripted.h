#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "hal/drivers/fiscal/shtrih/driver.h"
#include "hal/drivers/fiscal/shtrih/frames.h"
#include "hal/drivers/fiscal/shtrih/protocol.h"
#include "hal/os/fake/fake_clock.h"

namespace tillhost::drivers::shtrih {

using namespace std::chrono_literals;

/// A registrar that says what a test wants it to say, on virtual time: it answers every message by
/// a script and keeps what it was sent. It has no memory of its own, so that a test shows bytes.
class Scripted {
public:
    using Answer = std::function<std::string(base::ByteView parameters)>;

    Scripted() {
        // 2 shift open, FN 9999078900001234, last document 7; 3 receipts in shift 12.
        say(Command::device_type, "00 00 02 00 2D 00 D8");
        say(Command::full_status, full_status(2));
        say(Command::short_status, "1E 92 02 02 00 00 9F E5 00 00 00 00 00 00 00");
        say(Command::storage_status, storage_status(0, 7));
        say(Command::shift_state, "01 0C 00 03 00");
        say(Command::exchange_status, "00 00 00 00 00 00 00 00 00 00 00 00 00");
        set_table(18, 1, 1, "31 32 33 34");
        set_table(17, 1, 7, "00");
        set_table(17, 1, 17, "04");
        for (const Command plain :
             {Command::print_line, Command::cut_paper, Command::feed_paper, Command::x_report,
              Command::open_document, Command::cancel_document, Command::print_font_line,
              Command::continue_printing, Command::print_copy}) {
            say(plain, "1E");
        }
        for (const Command silent :
             {Command::write_table, Command::document_tag, Command::operation_tag,
              Command::position, Command::begin_correction, Command::cancel_in_storage}) {
            say(silent, "");
        }
    }

    static std::string full_status(int mode) {
        return "1E 43 31 E9 5D 01 01 18 01 05 00 92 02 0" + std::to_string(mode) +
               " 00 00 00 00 00 00 00 00 00 1F 05 18 0E 1E 00 00 D2 04 00 00 0B 00 00 00 02 05 15 "
               "CD 5B 07 00 00";
    }
    static std::string storage_status(int document, int last) {
        base::ByteWriter writer;
        writer.u8(3).u8(static_cast<unsigned>(document)).u8(0).u8(1).u8(0);
        writer.raw(*base::from_hex("18 05 1F 0E 1E")).raw(base::bytes_of("9999078900001234"));
        writer.u32_le(static_cast<unsigned>(last));
        return base::to_hex(writer.bytes());
    }

    /// The answer behind the error byte 0.
    void say(Command command, std::string body) {
        answers_[command] = [body](base::ByteView) { return "00 " + body; };
    }
    void refuse(Command command, int error) {
        answers_[command] = [error](base::ByteView) {
            return base::to_hex(base::Bytes{base::byte(static_cast<unsigned>(error))});
        };
    }
    /// Error byte and all that follows, made of the parameters behind the password.
    void answer(Command command, Answer answer) { answers_[command] = std::move(answer); }
    void set_table(int table, int row, int field, std::string value) {
        tables_[{table, row, field}] = std::move(value);
    }
    /// 89h, 10h and FF01h inside of a document of that kind.
    void in_document(int kind, int positions, std::int64_t subtotal) {
        base::ByteWriter sum;
        sum.u8(30).uint_le(static_cast<std::uint64_t>(subtotal), 5);
        say(Command::subtotal, base::to_hex(sum.bytes()));
        const bool open = kind >= 0;
        base::Bytes status = *base::from_hex("1E 92 02 02 00 00 9F E5 00 00 00 00 00 00 00");
        status[3] = base::byte(open ? static_cast<unsigned>(kind) << 4 | 8U : 2U);
        status[5] = base::byte(static_cast<unsigned>(positions));
        say(Command::short_status, base::to_hex(status));
    }

    /// Messages of this command, without code and password, in the order of sending.
    std::vector<std::string> sent(Command command) const {
        std::vector<std::string> found;
        for (const auto& [each, parameters] : sent_) {
            if (each == command) {
                found.push_back(base::to_hex(parameters));
            }
        }
        return found;
    }
    /// All commands that may change something, in the order of sending.
    std::vector<Command> changes() const {
        std::vector<Command> found;
        for (const auto& [each, parameters] : sent_) {
            if (!is_question(each)) {
                found.push_back(each);
            }
        }
        return found;
    }
    void forget() { sent_.clear(); }
    std::size_t messages() const { return sent_.size(); }

    base::Bytes reply_to(base::ByteView message) {
        const unsigned first = base::to_unsigned(message[0]);
        const bool extended = first == 0xFF;
        const auto code =
            static_cast<Command>(extended ? 0xFF00U | base::to_unsigned(message[1]) : first);
        const std::size_t head = code == Command::device_type || code == Command::model_parameters
                                     ? 1
                                 : extended ? 6
                                            : 5;
        const base::ByteView parameters = message.subspan(std::min(head, message.size()));
        sent_.emplace_back(code, base::Bytes(parameters.begin(), parameters.end()));
        base::Bytes reply(message.begin(), message.begin() + (extended ? 2 : 1));
        const base::Bytes said = *base::from_hex(answer_of(code, parameters));
        reply.insert(reply.end(), said.begin(), said.end());
        return encode_frame(reply);
    }

    os::FakeClock clock;

private:
    static bool is_question(Command command) {
        static constexpr std::array kQuestions{
            Command::short_status,       Command::full_status,    Command::cash_register,
            Command::operation_register, Command::read_table,     Command::table_structure,
            Command::field_structure,    Command::font_metrics,   Command::subtotal,
            Command::model_parameters,   Command::device_type,    Command::storage_status,
            Command::storage_number,     Command::storage_expiry, Command::storage_version,
            Command::registration,       Command::find_document,  Command::exchange_status,
            Command::unconfirmed_count,  Command::shift_state};
        return std::find(kQuestions.begin(), kQuestions.end(), command) != kQuestions.end();
    }
    std::string answer_of(Command command, base::ByteView parameters) {
        if (command == Command::read_table && parameters.size() == 4) {
            base::ByteReader reader(parameters);
            const int table = reader.u8();
            const int row = reader.u16_le();
            const auto found = tables_.find({table, row, reader.u8()});
            return found == tables_.end() ? "5D" : "00 " + found->second;
        }
        const auto found = answers_.find(command);
        return found == answers_.end() ? "37" : found->second(parameters);
    }

    std::map<Command, Answer> answers_;
    std::map<std::tuple<int, int, int>, std::string> tables_;
    std::vector<std::pair<Command, base::Bytes>> sent_;
};

/// The device's side of the link layer without any trouble.
class ScriptedLine final : public transport::Transport {
public:
    explicit ScriptedLine(Scripted& device) : device_(device) {}

    base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        if (inbox_.empty()) {
            device_.clock.advance_to(deadline);
            return base::make_error(base::ErrorCode::deadline_passed, "nothing came");
        }
        const std::size_t count = std::min(buffer.size(), inbox_.size());
        std::copy_n(inbox_.begin(), count, buffer.begin());
        inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(count));
        return count;
    }
    base::Done write(base::ByteView bytes, os::Deadline) override {
        if (bytes.size() == 1) {
            if (bytes[0] == kEnq) {
                inbox_.push_back(kNak);
            }
            return {};
        }
        inbox_.push_back(kAck);
        const base::Bytes reply = device_.reply_to(*decode_frame(bytes));
        inbox_.insert(inbox_.end(), reply.begin(), reply.end());
        return {};
    }
    base::Done flush() override { return {}; }
    os::Duration late_bytes_max() const override { return 50ms; }

private:
    Scripted& device_;
    base::Bytes inbox_;
};

class ScriptedPort final : public transport::Connector {
public:
    explicit ScriptedPort(Scripted& device) : device_(device) {}
    base::Result<std::unique_ptr<transport::Transport>> connect(os::Deadline) override {
        return std::unique_ptr<transport::Transport>(std::make_unique<ScriptedLine>(device_));
    }

private:
    Scripted& device_;
};

/// Keeps the records.
class Records final : public device::Gate {
public:
    base::Done persist(const contract::Record& record) override {
        all.push_back(record);
        return {};
    }
    void announce(std::string_view, os::Deadline) override {}
    std::vector<contract::Record> all;
};

/// A driver on a scripted registrar, opened.
struct ScriptedHost {
    explicit ScriptedHost(Scripted& given, const std::vector<contract::Setting>& settings = {})
        : device(given) {
        driver = *make_driver(settings, std::make_unique<ScriptedPort>(device), device.clock);
        opened = driver->open({}, records, device.clock.now() + 60s);
        EXPECT_TRUE(*opened) << base::to_text(opened->error());
        device.forget();
        records.all.clear();
    }
    base::Result<contract::FiscalResult> execute(const contract::Command& command) {
        auto done = driver->execute(command, records, device.clock.now() + 120s);
        if (!done) {
            return std::move(done).error();
        }
        return std::get<contract::FiscalResult>(*done);
    }
    base::Result<contract::ClassStatus> query(const contract::Query& query) {
        return driver->query(query, device.clock.now() + 60s);
    }

    Scripted& device;
    Records records;
    std::unique_ptr<device::Driver> driver;
    std::optional<base::Result<device::Opened>> opened;
};

}  // namespace tillhost::drivers::shtrih
