#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"

namespace tillhost::sumpd::apps {

/// Where an app finds the server, and what it needs to know it again: goes into the QR code.
struct Invitation {
    std::string url;     ///< "https://shop.example:8443"
    std::string token;   ///< one use
    std::string pin;     ///< SHA-256 of the public key of the server's certificate, hex digits
    std::string server;  ///< its name, for people
    std::int64_t expires_s = 0;  ///< Unix time
};

inline constexpr int kInvitationVersion = 1;               ///< an app refuses a higher one
inline constexpr std::int64_t kInvitationLifeS = 15 * 60;  ///< unless another is chosen

/// "sump://enroll?v=1&u=…&t=…&p=…&n=…&e=…", every value percent-encoded.
std::string text_of(const Invitation& invitation);

/// A QR code (ISO/IEC 18004, level M) of a text as modules, row by row.
struct QrCode {
    std::size_t width = 0;      ///< modules of one side, without the quiet zone
    std::vector<bool> is_dark;  ///< width × width
};
/// Errors: too_large, more than a code holds (2,331 bytes).
base::Result<QrCode> make_qr_code(std::string_view text);
/// For a terminal: two rows a line by half blocks, with the quiet zone of four; dark on light
/// whatever the terminal's colours are.
std::string qr_for_terminal(const QrCode& code);
/// An SVG picture of 4 units a module, black on white, with the quiet zone.
std::string qr_as_svg(const QrCode& code);
/// Of text_of(): the picture that a page shows and prints. Errors: as make_qr_code().
base::Result<std::string> picture_of(const Invitation& invitation);

}  // namespace tillhost::sumpd::apps
