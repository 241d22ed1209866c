#include "hal/drivers/payment/zvt/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace tillhost::drivers::zvt {
namespace {

using contract::TerminalState;

struct Row {
    std::uint8_t device_code;
    base::ErrorCode code;
    std::string_view text;
};
constexpr Row kRows[] = {
#define X(device_code, code, text) {device_code, base::ErrorCode::code, text},
#include "hal/drivers/payment/zvt/errors.def"
#undef X
};

struct StateRow {
    std::uint8_t status;
    TerminalState state;
    std::string_view text;
};
constexpr StateRow kStates[] = {
    {0x00, TerminalState::ready, "ready"},
    {0x51, TerminalState::needs_initialisation, "the terminal must be initialised"},
    {0x62, TerminalState::needs_diagnosis, "the terminal's clock is wrong: run its diagnosis"},
    {0x9C, TerminalState::busy, "the terminal is busy"},
    {0x9D, TerminalState::busy, "the terminal waits for goods to be given out"},
    {0xA0, TerminalState::busy, "the terminal is not ready yet"},
    {0x6A, TerminalState::needs_end_of_day, "the terminal must close its business day"},
    {0xB1, TerminalState::needs_end_of_day, "the terminal must close its business day"},
    {0xB2, TerminalState::needs_end_of_day, "the terminal must close its business day"},
    {0xF0, TerminalState::needs_end_of_day, "the terminal must close its business day"},
    {0xC1, TerminalState::needs_diagnosis, "the terminal needs its diagnosis"},
    {0xC2, TerminalState::needs_diagnosis, "the terminal needs its diagnosis"},
    {0xC4, TerminalState::needs_diagnosis, "the terminal needs an extended diagnosis"},
    {0xDC, TerminalState::card_inserted, "a card is in the terminal: take it out"},
    {0xE1, TerminalState::card_inserted, "a card is in the terminal: take it out"},
    {0xE4, TerminalState::needs_initialisation, "the terminal must be activated"},
    {0xC0, TerminalState::locked, "the terminal is locked: call its service"},
    {0xE0, TerminalState::busy, "the terminal is being serviced from afar"},
};

const Row* row_of(std::uint8_t code) {
    const auto* const found = std::find_if(std::begin(kRows), std::end(kRows),
                                           [&](const Row& row) { return row.device_code == code; });
    return found == std::end(kRows) ? nullptr : found;
}

const StateRow* state_row(std::uint8_t status) {
    const auto* const found =
        std::find_if(std::begin(kStates), std::end(kStates),
                     [&](const StateRow& row) { return row.status == status; });
    return found == std::end(kStates) ? nullptr : found;
}

constexpr std::uint8_t kHostCodeMax = 0x63;

base::ErrorCode code_of(std::uint8_t code) {
    const Row* row = row_of(code);
    if (row != nullptr) {
        return row->code;
    }
    return code <= kHostCodeMax ? base::ErrorCode::payment_declined
                                : base::ErrorCode::device_refused;
}

}  // namespace

std::string_view text_of_code(std::uint8_t code) {
    if (code == 0) {
        return "approved";
    }
    const Row* row = row_of(code);
    if (row != nullptr) {
        return row->text;
    }
    return code <= kHostCodeMax ? "the card's bank declines" : "the terminal refuses";
}

base::Error refusal(std::uint8_t code, std::string_view said) {
    base::Error error = base::make_error(
        code_of(code), fmt::format("{} ({:02X}h){}{}", text_of_code(code), code,
                                   said.empty() ? "" : "; the terminal says: ", said));
    error.device_code = code;
    return error;
}

TerminalState state_of(std::uint8_t status) {
    const StateRow* row = state_row(status);
    return row == nullptr ? TerminalState::out_of_order : row->state;
}

std::string_view text_of_status(std::uint8_t status) {
    const StateRow* row = state_row(status);
    return row != nullptr ? row->text : text_of_code(status);
}

}  // namespace tillhost::drivers::zvt
