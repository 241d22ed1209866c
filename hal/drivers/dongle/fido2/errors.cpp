#include "hal/drivers/dongle/fido2/errors.h"

#include <fmt/format.h>

namespace tillhost::drivers::fido2 {
namespace {

using base::ErrorCode;

struct Row {
    std::uint8_t status;
    ErrorCode code;
    const char* text;
};
constexpr Row kRows[] = {
#define X(status, code, text) {status, ErrorCode::code, text},
#include "hal/drivers/dongle/fido2/statuses.def"
#undef X
};

base::Error told(ErrorCode code, std::string text, std::uint8_t number) {
    base::Error error = base::make_error(code, std::move(text));
    error.device_code = number;
    return error;
}

}  // namespace

base::Error status_error(std::uint8_t status) {
    for (const Row& row : kRows) {
        if (row.status == status) {
            return told(row.code, row.text, status);
        }
    }
    return told(ErrorCode::device_failed, fmt::format("the dongle reports error {:02X}", status),
                status);
}

base::Error line_error(LineError error) {
    const auto number = static_cast<std::uint8_t>(error);
    switch (error) {
        case LineError::wrong_command:
            return told(ErrorCode::not_supported, "the dongle does not know this message", number);
        case LineError::busy:
        case LineError::locked:
            return told(ErrorCode::device_not_ready,
                        "another program is using the dongle, such as a browser", number);
        case LineError::wrong_length:
        case LineError::wrong_sequence:
            return told(ErrorCode::frame_damaged, "the message came to the dongle damaged", number);
        case LineError::timeout:
            return told(ErrorCode::frame_damaged, "the message came to the dongle in part", number);
        case LineError::wrong_channel:
            return told(ErrorCode::frame_damaged, "the dongle has forgotten the channel", number);
        case LineError::other: break;
    }
    return told(ErrorCode::device_failed, fmt::format("the dongle's line reports {:02X}", number),
                number);
}

}  // namespace tillhost::drivers::fido2
