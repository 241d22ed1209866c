#include "simulators/services/apps/invitation.h"

#include <map>

#include "simulators/services/exchange/text.h"

namespace tillhost::simulators::apps {

base::Result<Invitation> read_invitation(std::string_view text) {
    constexpr std::string_view kStart = "sump://enroll?";
    if (!text.starts_with(kStart)) {
        return base::bad_field("qr", "a code that begins with sump://enroll?");
    }
    text.remove_prefix(kStart.size());
    std::map<std::string, std::string, std::less<>> parts;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(part.size() + 1, text.size()));
        const auto equals = std::min(part.find('='), part.size());
        const std::string name(part.substr(0, equals));
        const auto value = part.substr(std::min(equals + 1, part.size()));
        parts[name] = TRY(exchange::url_read(value));
    }
    if (parts["v"] != "1") {
        return base::make_error(base::ErrorCode::wrong_version,
                                "the code is for a newer app: update it");
    }
    for (const char* name : {"u", "t", "p"}) {
        if (parts[name].empty()) {
            return base::bad_field(std::string("qr.") + name, "a part of the code");
        }
    }
    return Invitation{
        .url = parts["u"], .token = parts["t"], .pin = parts["p"], .server_name = parts["n"]};
}

}  // namespace tillhost::simulators::apps
