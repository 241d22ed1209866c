#pragma once

#include <string_view>
#include <vector>

#include "sumpd/console/pages.h"
#include "sumpd/console/probe.h"

namespace tillhost::sumpd::console {

inline constexpr std::string_view kTryAddresses = "/settings/addresses/try";
/// How long an address may take; all of them are asked one after the other, until one is silent.
inline constexpr std::chrono::milliseconds kAddressTime{3000};

/// What an address of the exchange said when this machine asked it as an app would.
struct AddressAnswer {
    std::string url{};
    Probed said{};
};

/// Asks all that can be asked without a login. Behind the first that nobody answers it stops.
/// Blocks up to kAddressTime for each.
std::vector<AddressAnswer> ask_addresses(const ServerFacts& facts);

/// The addresses, a button that asks them, and what they answered (none: not asked).
Markup addresses(const View& view, const ServerFacts& facts,
                 const std::vector<AddressAnswer>& answers);

}  // namespace tillhost::sumpd::console
