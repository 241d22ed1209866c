#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tillhost::licd::issuer {

enum class Verb : std::uint8_t {
    init,
    renew,
    make_key,
    revise_key,
    answer,
    revoke,
    list,
    show,
    journal
};

/// The command line as it was given; what the words mean is looked at by the verbs.
struct Arguments {
    Verb verb = Verb::list;
    bool json = false;
    std::string folder = ".";
    std::string passphrase_file;
    std::string root_key;  ///< empty: the folder's
    std::string out;       ///< empty: a name made of the serial
    // init, ca renew
    std::string name;
    std::vector<std::string> products;
    // key new
    std::string serial;
    std::string head;
    std::string product;
    std::string dongle;             ///< file of its enrolment; empty: bound to a machine
    std::string attestation_roots;  ///< folder
    std::vector<std::string> aaguids;
    bool accepts_self_attestation = false;
    std::string policy = "tolerant";
    std::string weak = "refuse";
    std::vector<std::string> lines;
    std::vector<std::string> hosts;
    std::optional<int> slots;
    std::int64_t contact_h = 0;
    std::int64_t dongle_grace_s = 600;
    // answer, show
    std::string file;
    std::string root;  ///< of show: another certificate than the folder's
    // revoke
    std::string issuer;
    std::string after;
    std::int64_t notice_h = 0;
};

/// What is printed instead of doing something: help, or why the command line is wrong.
struct Explanation {
    std::string text;
    bool is_help = false;
};

std::variant<Arguments, Explanation> parse_arguments(int argc, const char* const* argv);

}  // namespace tillhost::licd::issuer
