#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string_view>

#include "hal/base/bytes.h"
#include "hal/os/fake/fake_clock.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::shtrih {

/// A line with a device that follows a script: what the host must say next, and what it then hears.
class DialogueLine final : public transport::Transport {
public:
    explicit DialogueLine(os::FakeClock& clock) : clock_(clock) {}

    DialogueLine& expect(std::string_view hex, std::string_view reply = "",
                         os::Duration delay = {}) {
        script_.push_back({*base::from_hex(hex), *base::from_hex(reply), delay});
        return *this;
    }
    bool finished() const { return script_.empty(); }

    base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        if (inbox_.empty() || arrives_ > deadline) {
            clock_.advance_to(deadline);
            return base::make_error(base::ErrorCode::deadline_passed, "nothing came");
        }
        clock_.advance_to(arrives_);
        const std::size_t count = std::min(buffer.size(), inbox_.size());
        std::copy_n(inbox_.begin(), count, buffer.begin());
        inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(count));
        return count;
    }
    base::Done write(base::ByteView bytes, os::Deadline) override {
        if (script_.empty()) {
            ADD_FAILURE() << "not in the script: " << base::to_hex(bytes);
            return base::make_error(base::ErrorCode::link_lost, "the script is over");
        }
        EXPECT_EQ(base::to_hex(bytes), base::to_hex(script_.front().said));
        inbox_.insert(inbox_.end(), script_.front().reply.begin(), script_.front().reply.end());
        arrives_ = clock_.now() + script_.front().delay;
        script_.pop_front();
        return {};
    }
    base::Done flush() override { return {}; }
    os::Duration late_bytes_max() const override { return std::chrono::milliseconds(10); }

private:
    struct Step {
        base::Bytes said;
        base::Bytes reply;
        os::Duration delay;
    };
    os::FakeClock& clock_;
    std::deque<Step> script_;
    base::Bytes inbox_;
    os::Instant arrives_{};
};

}  // namespace tillhost::drivers::shtrih
