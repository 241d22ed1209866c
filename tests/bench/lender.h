#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"

namespace tillhost::bench {

/// A connection to something that lends seats: licd, or a database used for the same. One request
/// at a time, none of which blocks, so that one thread drives many and costs the same for each.
class Lender {
public:
    enum class Step : std::uint8_t {
        take,  ///< a seat for 600 s
        give,  ///< the seat that was taken
        beat   ///< a sign of life for it
    };
    virtual ~Lender() = default;

    /// Errors: the connection's; unknown_kind for a step that it has not.
    virtual base::Done ask(Step step) = 0;
    /// Whether the answer is there, all of it. Errors: the connection's; wrong_state (it is another
    /// one than it should be).
    virtual base::Result<bool> answered() = 0;
    /// Readable when there may be an answer.
    virtual int fd() const = 0;
};
using Lenders = std::vector<std::unique_ptr<Lender>>;

/// What came of a load.
struct Load {
    double per_second = 0;  ///< all steps once
    double p99_ms = 0;      ///< of a single step
    std::uint64_t rounds = 0;
};

/// The first `count` of the lenders go through the steps, each its next one as soon as the last is
/// answered, for so long; what was begun is ended. Errors: the lenders'; deadline_passed.
base::Result<Load> put_load(const os::Clock& clock, const Lenders& lenders, std::size_t count,
                            const std::vector<Lender::Step>& steps, os::Duration time);

}  // namespace tillhost::bench
