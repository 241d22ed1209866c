#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "sumpd/exchange/fault.h"

namespace tillhost::sumpd::exchange {

/// Unpacks gzip (RFC 1952, also several members one behind the other) in pieces of any size.
class Gunzip final {
public:
    struct Bounds {
        std::int64_t unpacked_max = 0;
        std::int64_t ratio_max = 0;  ///< of unpacked to packed bytes, asked from 1 MiB unpacked on
    };
    /// Takes at most 64 KiB at once; a fault ends the unpacking.
    using Sink = std::function<std::optional<Fault>(std::string_view)>;

    explicit Gunzip(Bounds bounds);
    ~Gunzip();
    Gunzip(const Gunzip&) = delete;
    Gunzip& operator=(const Gunzip&) = delete;

    /// Refused: bad_request where this is no gzip or its checksum is wrong; too_large beyond the
    /// bounds; what the sink refuses. Not to be called behind a fault.
    std::optional<Fault> feed(std::string_view piece, const Sink& sink);
    /// Whether all members that were begun have ended.
    bool is_whole() const;

private:
    class Inflater;
    std::unique_ptr<Inflater> inflater_;
};

}  // namespace tillhost::sumpd::exchange
