#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulators/core/fiscal_store.h"

namespace tillhost::simulators::escpos {

/// What stays as it is when the power goes: mechanics, and what was counted.
struct Mechanics {
    bool cover_open = false;
    bool paper_out = false;
    bool paper_low = false;
    bool drawer_open = false;
    std::int64_t lines_to_end =
        -1;  ///< printed lines until the paper ends; below 0: no end in sight
    std::int64_t lines_to_low = -1;
    std::uint64_t printed_lines = 0;
    std::uint64_t cuts = 0;
    std::uint64_t pulses_2 = 0;
    std::uint64_t pulses_5 = 0;
    bool operator==(const Mechanics&) const = default;
};

base::Bytes encode_mechanics(const Mechanics& mechanics);
/// Nothing if the bytes are none. Total.
std::optional<Mechanics> decode_mechanics(base::ByteView bytes);

/// The paper and the mechanics, on the store before a call returns. Errors: storage_failed.
class Memory final {
public:
    static base::Result<Memory> open(std::shared_ptr<FiscalStore> store);

    const Mechanics& mechanics() const { return mechanics_; }
    const std::vector<std::string>& tape() const { return tape_; }
    base::Done set(const Mechanics& mechanics);
    /// One more line of paper, and what it changed.
    base::Done print(const std::string& line, const Mechanics& mechanics);

private:
    explicit Memory(std::shared_ptr<FiscalStore> store) : store_(std::move(store)) {}

    std::shared_ptr<FiscalStore> store_;
    Mechanics mechanics_;
    std::vector<std::string> tape_;
};

}  // namespace tillhost::simulators::escpos
