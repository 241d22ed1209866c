#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulators/services/accounting/goods.h"
#include "simulators/services/exchange/diary.h"

namespace tillhost::simulators::accounting {

/// A message that was made for the shop; its bytes lie in a file until the next one is made.
struct Outgoing {
    std::int64_t number = 0;
    std::string id{};
    std::string sha256{};
    std::int64_t bytes = 0;
    std::string path{};
    bool full = false;
};

/// What a message is to bring: all objects, or the prices of some goods, changed once more.
struct Plan {
    bool full = false;
    std::int64_t goods = 0;
    std::int64_t users = 0;
    std::int64_t tasks = 0;
    std::int64_t first = 1;
    std::int64_t changed = 0;
};

/// A document that arrived.
struct Received {
    Value document{};
    std::int64_t times = 0;  ///< in how many messages it came
    bool differs = false;    ///< it came again with other content
};

/// What the accounting system knows, in one diary: a kill at any moment leaves all that was
/// written, and nothing is told to the shop before it is.
class Ledger final {
public:
    /// Errors: system_failed, storage_full, malformed.
    static base::Result<std::unique_ptr<Ledger>> open(const std::string& folder,
                                                      std::uint64_t seed);

    std::int64_t received_no() const { return received_no_; }
    std::int64_t sent_no() const { return sent_no_; }
    /// The newest message of ours; `unfinished()`: its end is not known yet.
    const std::optional<Outgoing>& outgoing() const { return outgoing_; }
    bool unfinished() const { return unfinished_; }
    const Assortment& assortment() const { return assortment_; }
    /// The same as it will be.
    Assortment planned(const Plan& plan) const;
    const std::map<std::string, Received>& documents() const { return documents_; }
    std::int64_t messages() const { return messages_; }

    /// The documents of a message, durable on return. Errors: system_failed, storage_full.
    base::Done receive(std::int64_t number, const std::vector<Value>& documents);
    base::Done make(const Outgoing& message, const Plan& plan);
    base::Done finish(const Value& outcome);
    /// As if a backup had been restored that does not know the last messages that came.
    base::Done forget(std::int64_t messages);
    /// The number is taken as received, whatever was in it.
    base::Done skip_to(std::int64_t number);

private:
    Ledger(std::string folder, std::uint64_t seed) : folder_(std::move(folder)), seed_(seed) {}
    base::Done load();
    base::Done note(const Value& entry);
    void apply(const Value& entry);
    void apply_received(const Value& message);
    void apply_made(const Value& message);

    std::string folder_;
    std::uint64_t seed_;
    std::unique_ptr<exchange::Diary> diary_;
    std::int64_t received_no_ = 0;
    std::int64_t sent_no_ = 0;
    std::int64_t messages_ = 0;
    std::optional<Outgoing> outgoing_;
    bool unfinished_ = false;
    Assortment assortment_;
    std::map<std::string, Received> documents_;
};

}  // namespace tillhost::simulators::accounting
