#pragma once

#include <optional>
#include <utility>

#include "hal/device/driver.h"

namespace tillhost::device {

/// The word of a device without money operations on one that is pending all the same (its id
/// belonged to another device before): only a person can tell.
inline contract::Resolution cannot_tell(contract::Identity identity) {
    contract::Resolution resolution;
    resolution.verdict = contract::Verdict::cannot_tell;
    resolution.identity = std::move(identity);
    resolution.reason = "this device carries out nothing that it could remember";
    return resolution;
}

/// What such a device's open() found, with that word where one is asked for.
inline Opened with_verdict(Opened opened, const std::optional<contract::Pending>& pending) {
    if (pending) {
        opened.resolution = cannot_tell(opened.identity);
    }
    return opened;
}

}  // namespace tillhost::device
