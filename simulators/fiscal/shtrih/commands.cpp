#include "simulators/fiscal/shtrih/commands.h"

#include <algorithm>
#include <array>

#include "simulators/fiscal/shtrih/modes.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr std::uint8_t kExtended = 0xFF;

constexpr std::uint8_t kService = 0xFE, kServiceReboot = 0xF3;
constexpr std::size_t kCommandsMax = 128;

const CommandRow* find_row(std::uint16_t code) {
    for (const CommandRow* row : all_commands()) {
        if (row->code == code) {
            return row;
        }
    }
    return nullptr;
}

struct AllRows {
    std::array<const CommandRow*, kCommandsMax> rows{};
    std::size_t count = 0;
    AllRows() {
        for (const auto part :
             {service_commands(), print_commands(), fiscal_commands(), storage_commands()}) {
            for (const CommandRow& row : part) {
                rows.at(count++) = &row;
            }
        }
    }
};

Refusal check_printer(const Machine& machine) {
    switch (machine.submode()) {
        case 1:
        case 2: return Refusal::no_paper;
        case 3: return Refusal::waits_for_continue;
        case 5: return Refusal::still_printing;
        default: return machine.memory().cover_open ? Refusal::no_paper : Refusal::ok;
    }
}

Answer run(Machine& machine, const CommandRow& row, Call& call) {
    if (call.reader.left() < row.bytes_min) {
        return Refusal::bad_length;
    }
    if (row.password) {
        call.operator_index = machine.tables().operator_of(call.reader.u32_le());
        if (call.operator_index == 0) {
            return Refusal::wrong_password;
        }
    }
    if (const Refusal refusal = check_mode(row.code, machine.mode()); refusal != Refusal::ok) {
        return refusal;
    }
    if (row.prints) {
        if (const Refusal refusal = check_printer(machine); refusal != Refusal::ok) {
            return refusal;
        }
    }
    return row.handler(machine, call);
}

}  // namespace

std::span<const CommandRow* const> all_commands() {
    static const AllRows kAll;
    return {kAll.rows.data(), kAll.count};
}

Answer as_answer(Refusal refusal) {
    return refusal == Refusal::ok ? Answer(base::Bytes{}) : Answer(refusal);
}

std::uint16_t code_of(base::ByteView message) {
    if (message.empty()) {
        return 0;
    }
    const unsigned first = base::to_unsigned(message[0]);
    const bool reboot =
        first == kService && message.size() > 1 && base::to_unsigned(message[1]) == kServiceReboot;
    if (reboot || (first == kExtended && message.size() > 1)) {
        return static_cast<std::uint16_t>(first << 8 | base::to_unsigned(message[1]));
    }
    return static_cast<std::uint16_t>(first);
}

os::Duration time_of(const Machine& machine, base::ByteView message) {
    const CommandRow* row = find_row(code_of(message));
    if (row != nullptr && row->code == kPosition) {
        return machine.options().position_time;
    }
    const bool signs = row != nullptr && row->signs;
    return signs ? machine.options().document_time : machine.options().command_time;
}

base::Bytes carry_out(Machine& machine, base::ByteView message) {
    const std::uint16_t code = code_of(message);
    const CommandRow* row = find_row(code);
    const std::size_t code_bytes = code > kExtended ? 2 : 1;
    Call call{.reader = base::ByteReader(message.subspan(std::min(code_bytes, message.size())))};
    const Answer result = row == nullptr ? Refusal::not_supported : run(machine, *row, call);

    base::ByteWriter answer;
    if (code > kExtended) {
        answer.u8(code >> 8);
    }
    answer.u8(code & 0xFFU);
    if (const auto* refusal = std::get_if<Refusal>(&result)) {
        return answer.u8(static_cast<std::uint8_t>(*refusal)).take();
    }
    answer.u8(0);
    if (row->says_operator) {
        answer.u8(call.operator_index);
    }
    return answer.raw(std::get<base::Bytes>(result)).take();
}

}  // namespace tillhost::simulators::shtrih
