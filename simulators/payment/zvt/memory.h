#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "hal/base/bytes.h"
#include "simulators/core/fiscal_store.h"
#include "simulators/core/terminal_control.h"

namespace tillhost::simulators::zvt {

/// Last numbers before they begin again.
inline constexpr std::uint32_t kReceiptMax = 9999;
inline constexpr std::uint32_t kTraceMax = 999'999;

/// What outlives power beside the transactions.
struct Counters {
    std::uint16_t receipt = 0;  ///< the last one used
    std::uint32_t trace = 0;
    std::uint32_t turnover = 0;
    std::uint8_t lock = 0;
    /// Approved, sent to the till or about to be, and not confirmed.
    std::optional<CardTransaction> pending{};
    bool operator==(const Counters&) const = default;
};

base::Bytes encode_counters(const Counters& counters);
std::optional<Counters> decode_counters(base::ByteView bytes);
base::Bytes encode_transaction(const CardTransaction& transaction);
/// Total, as decode_counters().
std::optional<CardTransaction> decode_transaction(base::ByteView bytes);

/// The terminal's memory. A transaction is written when it is confirmed, and again when something
/// becomes of it: of those with one number the last counts. Every change is on the store before the
/// call returns. Errors: storage_failed, and the terminal stops.
class Memory final {
public:
    static base::Result<Memory> open(std::shared_ptr<FiscalStore> store);

    const Counters& counters() const { return counters_; }
    const std::vector<CardTransaction>& transactions() const { return transactions_; }
    const std::vector<std::string>& tape() const { return tape_; }

    base::Done set(const Counters& counters);
    /// Takes transactions in, or what has become of them, and the counters: all or nothing.
    base::Done write(const std::vector<CardTransaction>& changed, const Counters& counters);
    base::Done print(const std::vector<std::string>& lines);
    /// The number of the next transaction.
    std::uint32_t next_number() const {
        return static_cast<std::uint32_t>(transactions_.size()) + 1;
    }

private:
    explicit Memory(std::shared_ptr<FiscalStore> store) : store_(std::move(store)) {}
    void apply(const CardTransaction& transaction);

    std::shared_ptr<FiscalStore> store_;
    Counters counters_;
    std::vector<CardTransaction> transactions_;
    std::vector<std::string> tape_;
};

}  // namespace tillhost::simulators::zvt
