#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sumpd/apps/registry.h"
#include "sumpd/seats/seats.h"
#include "sumpd/store/store.h"

namespace tillhost::sumpd::runtime {

/// An order of the command line: its option without "--", and how many words follow.
struct OrderForm {
    std::string_view name;
    std::size_t words;
    std::string_view usage;  ///< "DEVICE"
    std::string_view does;   ///< one line of the help
};
/// All that there are.
std::span<const OrderForm> order_forms();

/// Carries out what is ordered beside the server (apps/orders.h), with words for people. One
/// thread.
class Administration final {
public:
    /// All outlive it.
    Administration(store::Store& store, apps::Registry& registry, seats::Seats& seats,
                   const os::Clock& clock)
        : store_(store), registry_(registry), seats_(seats), clock_(clock) {}

    /// `words`: the order's name and its words. A device is named by its id, by the beginning of it
    /// or by its name, if that is one device alone. Faults: bad_request, and those of the act.
    exchange::Outcome<std::string> carry_out(const std::vector<std::string>& words);

private:
    using Yield = exchange::Outcome<std::string>;
    using Words = std::vector<std::string>;
    Yield apps();
    Yield seats();
    Yield quarantine();
    Yield tasks();
    Yield revoke(const Words& words);
    Yield rescue(const Words& words);
    Yield rename(const Words& words);
    Yield packet(const Words& words);
    Yield tell(const Words& words);
    Yield admit(const Words& words);
    Yield discard(const Words& words);
    Yield release_task(const Words& words);
    exchange::Outcome<std::string> device_id_of(const std::string& word) const;
    exchange::Outcome<store::QuarantinePlace> aside_of(const std::string& word);
    exchange::Outcome<std::vector<store::QuarantineRow>> all_aside();

    store::Store& store_;
    apps::Registry& registry_;
    seats::Seats& seats_;
    const os::Clock& clock_;
};

}  // namespace tillhost::sumpd::runtime
