#pragma once

#include <memory>
#include <string>
#include <vector>

#include "simulators/services/exchange/value.h"

namespace tillhost::simulators::exchange {

inline constexpr std::size_t kDiaryBytesMax = 2UL * 1024 * 1024 * 1024;

/// What a simulated neighbour remembers through kill -9: a file with one JSON record a line, each
/// on the disk before write() returns. A line that a power cut left half is not there any more
/// when the file is opened again.
class Diary final {
public:
    /// Errors: system_failed, storage_full, malformed (a whole line that is no record).
    static base::Result<std::unique_ptr<Diary>> open(std::string path);

    /// What was written before, oldest first. Once: it is not kept.
    std::vector<Value> take() { return std::move(entries_); }
    /// Errors: system_failed, storage_full.
    base::Done write(const Value& entry);
    /// Several lines with one sync.
    base::Done write_all(const std::vector<Value>& entries);
    const std::string& path() const { return path_; }

private:
    explicit Diary(std::string path) : path_(std::move(path)) {}
    std::string path_;
    std::vector<Value> entries_;
};

}  // namespace tillhost::simulators::exchange
