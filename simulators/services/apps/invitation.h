#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hal/base/result.h"

namespace tillhost::simulators::apps {

/// What the QR code of an enrolment says.
struct Invitation {
    std::string url{};
    std::string token{};
    std::string pin{};
    std::string server_name{};
};

/// Reads "sump://enroll?v=1&u=…&t=…&p=…&n=…&e=…". Errors: wrong_version (a version that this app
/// does not know), bad_field (a part that is missing). Total.
base::Result<Invitation> read_invitation(std::string_view text);

}  // namespace tillhost::simulators::apps
