#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "hal/os/descriptor.h"
#include "hal/os/thread.h"
#include "licd/client/licence_client.h"

namespace tillhost::licd::client {

/// Calls LicenceClient::beat() when it is due, in a thread of its own, so that a program need not.
/// After an error the next try comes after one second, then two, and so on up to half a minute.
class BeatThread final {
public:
    /// Is told what came of each beat, in that thread; nothing = it went well. Must not wait long,
    /// and must not end the BeatThread.
    using OnBeat = std::function<void(const std::optional<base::Error>&)>;

    /// `client` and `clock` outlive it. Errors: system_failed.
    static base::Result<std::unique_ptr<BeatThread>> start(LicenceClient& client,
                                                           const os::Clock& clock,
                                                           OnBeat on_beat = {});
    /// Waits for a beat that is under way: kCallTime and some seconds at most.
    ~BeatThread();

    /// Beat now: after an acquire, so that a new beat time is heeded; after the machine slept.
    void hurry() { wake_.signal(); }

    static constexpr os::Duration kTryAgainFirst = std::chrono::seconds(1);
    static constexpr os::Duration kTryAgainLongest = std::chrono::seconds(30);

private:
    BeatThread(LicenceClient& client, const os::Clock& clock, OnBeat on_beat, os::Wakeup wake)
        : client_(client), clock_(clock), on_beat_(std::move(on_beat)), wake_(std::move(wake)) {}
    void run();
    os::Duration beat();
    /// Until then, or until somebody wakes it.
    void wait(os::Duration time) const;

    LicenceClient& client_;
    const os::Clock& clock_;
    OnBeat on_beat_;
    os::Wakeup wake_;
    std::atomic<bool> stopping_{false};
    os::Duration try_again_ = kTryAgainFirst;
    std::unique_ptr<os::Thread> thread_;  ///< last: it uses all the others
};

}  // namespace tillhost::licd::client
