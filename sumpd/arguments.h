#pragma once

#include <string>
#include <vector>

#include "hal/base/result.h"
#include "sumpd/apps/registry.h"

// What sumpd is called with.
namespace tillhost::sumpd {

struct Arguments {
    bool help = false;
    bool check = false;
    bool reset_web_login = false;
    bool invite = false;
    apps::InvitationWish wish{.by = {.login = "sumpd --invite"}};
    std::string picture;
    std::vector<std::string> order;
    std::string config;
    std::string web_origin;   ///< of a token to be made, with wish.name and wish.role_id
    std::string web_devices;  ///< commas between; empty: all
    std::string web_revoke;
    std::string backup;  ///< empty: not asked for, as below
    std::string restore;
    std::string audit;
};

/// Errors: bad_field, naming the word.
base::Result<Arguments> parse(int count, char** words);
/// The text of --help.
std::string help();

}  // namespace tillhost::sumpd
