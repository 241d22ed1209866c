#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tillhost::simulation {

/// What was wrong in a run. Empty: the three ledgers told one story.
class Findings final {
public:
    void add(std::string words) {
        if (all_.size() < kFindingsMax) {
            all_.push_back(std::move(words));
        }
    }
    bool empty() const { return all_.empty(); }
    const std::vector<std::string>& all() const { return all_; }

private:
    static constexpr std::size_t kFindingsMax = 20;
    std::vector<std::string> all_;
};

}  // namespace tillhost::simulation
