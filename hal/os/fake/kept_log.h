#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "hal/os/log.h"

namespace tillhost::os {

/// A log that a test reads back.
class KeptLog final : public LogSink {
public:
    void line(Severity, std::string_view text) override {
        const std::lock_guard<std::mutex> guard(mutex_);
        lines_.emplace_back(text);
    }
    std::vector<std::string> lines() const {
        const std::lock_guard<std::mutex> guard(mutex_);
        return lines_;
    }
    /// True if some line holds the words.
    bool holds(std::string_view words) const {
        const std::lock_guard<std::mutex> guard(mutex_);
        for (const std::string& line : lines_) {
            if (line.find(words) != std::string::npos) {
                return true;
            }
        }
        return false;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;  // guarded by mutex_
};

}  // namespace tillhost::os
