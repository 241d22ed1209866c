#pragma once

#include <map>
#include <mutex>
#include <string>

#include "hal/os/clock.h"

namespace tillhost::sumpd::webpos {

/// Requests of one token: so many at once, then so many a second.
inline constexpr double kRequestsAtOnce = 200;
inline constexpr double kRequestsPerSecond = 50;

/// Any thread.
class RateBound final {
public:
    explicit RateBound(const os::Clock& clock) : clock_(clock) {}

    /// False: it asks too often. `tokens` are bounded by kTokensMax and those that were replaced.
    bool admit(const std::string& token) {
        const std::lock_guard lock(mutex_);
        if (buckets_.size() >= kBucketsMax && buckets_.count(token) == 0) {
            buckets_.clear();
        }
        const os::Instant now = clock_.now();
        const auto [found, is_new] = buckets_.try_emplace(token, Bucket{kRequestsAtOnce, now});
        Bucket& bucket = found->second;
        const double seconds = std::chrono::duration<double>(now - bucket.at).count();
        bucket.left = std::min(kRequestsAtOnce, bucket.left + seconds * kRequestsPerSecond);
        bucket.at = now;
        if (bucket.left < 1) {
            return false;
        }
        bucket.left -= 1;
        return true;
    }

private:
    static constexpr std::size_t kBucketsMax = 1000;
    struct Bucket {
        double left = 0;
        os::Instant at{};
    };
    const os::Clock& clock_;
    std::mutex mutex_;
    std::map<std::string, Bucket> buckets_;  // guarded by mutex_, by digest
};

}  // namespace tillhost::sumpd::webpos
