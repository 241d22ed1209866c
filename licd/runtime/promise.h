#pragma once

#include "hal/os/clock.h"
#include "licd/runtime/licence_store.h"

namespace tillhost::licd::runtime {

/// The longest time that a lease may have been signed for, kept over restarts: renewals write
/// nothing, so that after a change of lease_s only this tells how long earlier leases are promised.
class Promise final {
public:
    /// Writes the longer of what is kept and `lease`.
    Promise(LicenceStore& store, os::Duration lease, os::Instant now);

    os::Duration longest() const { return longest_; }
    /// Leases are signed for `lease` from now on. A longer one than any before is written at once;
    /// a shorter one when the leases that are promised for longer are over.
    void set_lease(os::Duration lease, os::Instant now);
    /// When the leases of earlier lives are over, `lease` is all that is promised.
    void look(os::Instant now);

private:
    LicenceStore& store_;
    os::Duration lease_;
    os::Duration longest_;
    os::Instant began_;  ///< when `lease_` began to hold
    bool is_told_;
};

}  // namespace tillhost::licd::runtime
