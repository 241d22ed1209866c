#pragma once

#include <span>

#include "hal/drivers/fiscal/shtrih/frames_numbered.h"
#include "hal/drivers/fiscal/shtrih/secrets.h"

namespace tillhost::drivers::shtrih {

/// Hides what is secret in the numbered frames of one direction (frames_numbered.h).
///
/// The number of bytes on the line stays, although the checksum is a new one: a hidden byte that
/// was sent as two stays two (9F 83), and where the new checksum would take more or fewer bytes
/// than the old one did, one or two hidden bytes become something else than kHidden. Nothing of
/// what was hidden can be worked out from them but that.
class NumberedRedactor final {
public:
    /// The finder outlives it and is the same for both directions.
    explicit NumberedRedactor(SecretFinder& finder) : finder_(finder) {}

    /// `rest` begins with 8F. Settles that frame, damaged or not; returns how many bytes, or 0 if
    /// more of it must come. Before the first sound frame a damaged one may be noise on a line of
    /// the standard layer: then 8F alone is settled.
    std::size_t settle(transport::Way way, std::span<std::byte> rest, bool complete);
    /// What comes now belongs to a damaged frame: nobody takes it for anything before the next 8F.
    bool behind_damage() const { return behind_damage_; }

private:
    SecretFinder& finder_;
    bool seen_ = false;  ///< a sound frame in this direction
    bool behind_damage_ = false;
};

}  // namespace tillhost::drivers::shtrih
