#include "hal/drivers/fiscal/shtrih/errors.h"

#include <fmt/format.h>

#include <algorithm>

namespace tillhost::drivers::shtrih {
namespace {

struct Row {
    std::uint8_t device_code;
    base::ErrorCode code;
    base::Effect effect;
    std::string_view text;
};

constexpr Row kRows[] = {
#define X(device_code, code, effect, text) \
    {device_code, base::ErrorCode::code, base::Effect::effect, text},
#include "hal/drivers/fiscal/shtrih/errors.def"
#undef X
};

const Row* row_of(std::uint8_t device_code) {
    const auto* const found = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& row) {
        return row.device_code == device_code;
    });
    return found == std::end(kRows) ? nullptr : found;
}

}  // namespace

std::string_view text_of_device_code(std::uint8_t device_code) {
    if (device_code == 0) {
        return "carried out";
    }
    const Row* row = row_of(device_code);
    return row == nullptr ? "an error that this driver does not know" : row->text;
}

base::Error refusal(Command command, std::uint8_t device_code) {
    const Row* row = row_of(device_code);
    base::Error error =
        base::make_error(row == nullptr ? base::ErrorCode::device_refused : row->code,
                         fmt::format("{}: {} ({:02X}h)", name_of(command),
                                     text_of_device_code(device_code), device_code),
                         row == nullptr ? base::Effect::unknown : row->effect);
    error.device_code = device_code;
    return error;
}

bool is_refusal(const base::Error& error) { return error.device_code != 0; }

}  // namespace tillhost::drivers::shtrih
