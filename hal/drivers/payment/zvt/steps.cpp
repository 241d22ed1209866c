#include "hal/drivers/payment/zvt/steps.h"

namespace tillhost::drivers::zvt {
namespace {

using contract::PromptKind;

struct StepRow {
    std::uint8_t step;
    PromptKind kind;
    std::string_view text;
};
constexpr StepRow kSteps[] = {
    {0x00, PromptKind::confirm_amount, "confirm the amount"},
    {0x01, PromptKind::enter_pin, "look at the PIN pad"},
    {0x02, PromptKind::enter_pin, "look at the PIN pad"},
    {0x04, PromptKind::contacting_host, "waiting for the bank"},
    {0x05, PromptKind::reversing, "taking a payment back by itself"},
    {0x06, PromptKind::please_wait, "sending what was booked later"},
    {0x0A, PromptKind::insert_card, "insert card"},
    {0x0B, PromptKind::remove_card, "remove card"},
    {0x0D, PromptKind::other, "could not be worked with"},
    {0x0E, PromptKind::please_wait, "please wait"},
    {0x0F, PromptKind::please_wait, "closing the business day by itself"},
    {0x14, PromptKind::other, "credit is low"},
    {0x15, PromptKind::wrong_pin, "wrong PIN"},
    {0x17, PromptKind::please_wait, "please wait"},
    {0x1C, PromptKind::approved, "approved, please take the goods"},
    {0x1D, PromptKind::declined, "declined"},
    {0x28, PromptKind::choose, "choose the currency"},
    {0x68, PromptKind::please_wait, "card inserted"},
    {0xC9, PromptKind::please_wait, "diagnosis by itself"},
    {0xCA, PromptKind::please_wait, "initialisation by itself"},
    {0xCB, PromptKind::other, "journal is full"},
    {0xD2, PromptKind::contacting_host, "dialling"},
    {0xD3, PromptKind::contacting_host, "connected"},
    {0xE0, PromptKind::choose, "choose"},
    {0xE1, PromptKind::choose, "choose"},
    {0xF1, PromptKind::other, "offline"},
    {0xF2, PromptKind::other, "online"},
    {0xF3, PromptKind::other, "offline"},
};

// 41 to 5D are 01 to 1D with the card to be taken out.
constexpr std::uint8_t kRemoveFirst = 0x41;
constexpr std::uint8_t kRemoveLast = 0x5D;
constexpr std::uint8_t kRemoveBias = 0x40;

bool is_remove(std::uint8_t step) { return step >= kRemoveFirst && step <= kRemoveLast; }

const StepRow* row_of(std::uint8_t step) {
    const auto known = static_cast<std::uint8_t>(is_remove(step) ? step - kRemoveBias : step);
    for (const StepRow& row : kSteps) {
        if (row.step == known) {
            return &row;
        }
    }
    return nullptr;
}

}  // namespace

std::string_view step_text(std::uint8_t step) {
    const StepRow* row = row_of(step);
    return row == nullptr ? std::string_view() : row->text;
}

PromptKind prompt_of(std::uint8_t step) {
    const StepRow* row = row_of(step);
    const PromptKind kind = row == nullptr ? PromptKind::other : row->kind;
    const bool tells = kind == PromptKind::approved || kind == PromptKind::declined ||
                       kind == PromptKind::wrong_pin;
    return is_remove(step) && !tells ? PromptKind::remove_card : kind;
}

}  // namespace tillhost::drivers::zvt
