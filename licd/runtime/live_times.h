#pragma once

#include "licd/core/licence_desk.h"
#include "licd/runtime/config.h"
#include "licd/runtime/licence_store.h"
#include "licd/runtime/promise.h"

namespace tillhost::licd::runtime {

/// The times of leases and beats, changed while licd runs.
class LiveTimes final {
public:
    LiveTimes(core::LicenceDesk& desk, Promise& promise, LicenceStore& store,
              const os::Clock& clock, os::Duration beat)
        : desk_(desk), promise_(promise), store_(store), clock_(clock), slowest_(beat) {}

    /// False: they have to wait for the next start. A program beats at the pace that it was told
    /// last, maybe long ago; leases that are shorter than two such beats would be lost on their
    /// way. After a start every program asks anew.
    bool may_hold(const Config& wanted) const {
        return wanted.times.lease >= slowest_ * 2 && wanted.times.lease >= wanted.beat * 2;
    }
    /// They hold for every lease that is given or renewed from now on.
    void hold(const Config& wanted);

private:
    core::LicenceDesk& desk_;
    Promise& promise_;
    LicenceStore& store_;
    const os::Clock& clock_;
    os::Duration slowest_;  ///< the longest beat that a program was told in this life
};

}  // namespace tillhost::licd::runtime
