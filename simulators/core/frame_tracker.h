#pragma once

#include <cstddef>

namespace tillhost::simulators {

/// Finds the borders of units (frames, control bytes) in a stream of bytes, so that faults can be
/// told "the third frame". It judges nothing: wrong checksums and junk are units as well. Total.
class FrameTracker {
public:
    virtual ~FrameTracker() = default;

    struct Step {
        bool begins = false;  ///< this byte is the first of a unit
        bool ends = false;    ///< and/or its last
        bool frame = false;   ///< the unit is a frame, not a control byte
    };
    virtual Step feed(std::byte byte) = 0;
    /// The line was quiet for so long that the next byte begins a unit.
    virtual void reset() = 0;
};

}  // namespace tillhost::simulators
