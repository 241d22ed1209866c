#pragma once

#include <string>
#include <vector>

#include "hal/base/result.h"
#include "licd/client/discovery_search.h"

namespace tillhost::licd::client {

inline constexpr std::size_t kPinsMax = 64;

/// A licence server that has lent something to this program before, by its keys.
struct Pin {
    std::string address{};     ///< "HOST:PORT" as the program named it; of *AUTO where it answered
    std::string curve_key{};   ///< Z85
    std::string server_key{};  ///< for leases, Z85
    std::string name{};        ///< of the machine, for people
};

/// The pins in a file that the program names: docs/formats/licence-pins.md. A server is pinned only
/// when a lease of it has been checked up to the vendor's root, so that no false one ever is.
/// Without a file (an empty path) there are none and none is kept.
class Pins final {
public:
    explicit Pins(std::string path) : path_(std::move(path)) {}

    /// Reads the file anew; one that is not there is empty. Errors: config_invalid (saying which
    /// line), system_failed.
    base::Done load();
    /// Adds a pin, or replaces that of the same address, on disk. Errors: those of load(),
    /// storage_full.
    base::Done keep(const Pin& pin);

    bool empty() const { return pins_.empty(); }
    const Pin* of(const std::string& address) const;
    /// Whether a server with these keys is pinned, at whatever address.
    bool know(const FoundServer& server) const;
    const std::string& path() const { return path_; }

private:
    std::string path_;
    std::vector<Pin> pins_;
};

}  // namespace tillhost::licd::client
