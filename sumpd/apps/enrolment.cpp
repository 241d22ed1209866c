#include "sumpd/apps/enrolment.h"

#include <fmt/format.h>
#include <qrencode.h>

#include <memory>

namespace tillhost::sumpd::apps {

namespace {

constexpr std::size_t kQuietZone = 4;  // ISO/IEC 18004, section 6.3.8
constexpr std::size_t kUnit = 4;
constexpr std::size_t kTextBytesMax = 2331;  // version 40, level M, bytes

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    std::string out;
    for (const char each : text) {
        if (kPlain.find(each) != std::string_view::npos) {
            out += each;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(each)));
        }
    }
    return out;
}

/// Outside of the code it is light.
bool is_dark(const QrCode& code, std::size_t row, std::size_t column) {
    if (row < kQuietZone || column < kQuietZone) {
        return false;
    }
    row -= kQuietZone;
    column -= kQuietZone;
    return row < code.width && column < code.width && code.is_dark[row * code.width + column];
}

}  // namespace

std::string text_of(const Invitation& invitation) {
    return fmt::format("sump://enroll?v={}&u={}&t={}&p={}&n={}&e={}", kInvitationVersion,
                       percent_encoded(invitation.url), percent_encoded(invitation.token),
                       percent_encoded(invitation.pin), percent_encoded(invitation.server),
                       invitation.expires_s);
}

base::Result<QrCode> make_qr_code(std::string_view text) {
    if (text.size() > kTextBytesMax) {
        return base::make_error(
            base::ErrorCode::too_large,
            fmt::format("a QR code holds {} bytes, not {}", kTextBytesMax, text.size()));
    }
    const std::unique_ptr<QRcode, decltype(&QRcode_free)> made(
        QRcode_encodeData(static_cast<int>(text.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), 0, QR_ECLEVEL_M),
        &QRcode_free);
    if (made == nullptr) {
        return base::make_error(base::ErrorCode::system_failed, "the QR code could not be made");
    }
    QrCode code;
    code.width = static_cast<std::size_t>(made->width);
    code.is_dark.resize(code.width * code.width);
    for (std::size_t i = 0; i < code.is_dark.size(); ++i) {
        code.is_dark[i] = (made->data[i] & 1U) != 0;
    }
    return code;
}

std::string qr_for_terminal(const QrCode& code) {
    // Black on white is set, since scanners expect it and terminals may be the other way round.
    constexpr std::string_view kHalves[2][2] = {{" ", "\u2584"}, {"\u2580", "\u2588"}};
    const std::size_t side = code.width + 2 * kQuietZone;
    std::string out;
    for (std::size_t row = 0; row < side; row += 2) {
        out += "\033[30;107m";
        for (std::size_t column = 0; column < side; ++column) {
            out +=
                kHalves[is_dark(code, row, column) ? 1 : 0][is_dark(code, row + 1, column) ? 1 : 0];
        }
        out += "\033[0m\n";
    }
    return out;
}

std::string qr_as_svg(const QrCode& code) {
    const std::size_t side = (code.width + 2 * kQuietZone) * kUnit;
    std::string path;
    for (std::size_t row = 0; row < code.width; ++row) {
        for (std::size_t column = 0; column < code.width; ++column) {
            if (code.is_dark[row * code.width + column]) {
                path += fmt::format("M{} {}h{u}v{u}h-{u}z", (column + kQuietZone) * kUnit,
                                    (row + kQuietZone) * kUnit, fmt::arg("u", kUnit));
            }
        }
    }
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{s}\" height=\"{s}\" "
        "viewBox=\"0 0 {s} {s}\"><rect width=\"{s}\" height=\"{s}\" fill=\"#fff\"/>"
        "<path d=\"{}\" fill=\"#000\"/></svg>\n",
        path, fmt::arg("s", side));
}

base::Result<std::string> picture_of(const Invitation& invitation) {
    const QrCode code = TRY(make_qr_code(text_of(invitation)));
    return qr_as_svg(code);
}

}  // namespace tillhost::sumpd::apps
