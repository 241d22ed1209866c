#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sumpd/exchange/operations.h"
#include "sumpd/gateway/default_rules.h"
#include "sumpd/store/audit.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::gateway {

/// Commands of one app that are not finished, or whose end it has not asked for.
inline constexpr std::int64_t kOpenPerAppMax = 100;

/// How far a command is, as it is kept. Numbers are on the disk.
enum class Stage : std::uint8_t {
    queued = 1,
    handed = 2,  ///< devd may have it
    done = 3,
    failed = 4,
    unknown = 5,   ///< devd has it in doubt, and will tell
    orphaned = 6,  ///< devd cannot tell, its book is another one: a person decides here
};

struct CommandRow {
    std::string id{};          ///< UUID, version 7
    std::string app_device{};  ///< whose it is
    std::string device_ref{};
    std::string op{};
    std::string payload{};
    std::string sha256{};  ///< of op, device and payload
    std::int64_t start_before_ms = 0;
    Stage stage = Stage::queued;
    std::string result{};
    std::string error{};
    bool is_told = false;      ///< its app knows the end
    std::int64_t book = 0;     ///< of devd's it was handed to; 0: to none yet
    std::string decided_by{};  ///< login of who said what became of it; empty: devd did
    /// That chose the device, once, when it was taken; unspecified: the command named it.
    DefaultRule default_rule = DefaultRule::unspecified;
    bool asks_person = false;  ///< at a terminal without a link; while it is `unknown`
    /// A person has decided, and devd, which may have it, was not told yet that it may forget it.
    bool is_owed = false;
    std::string device_says{};  ///< that it came to another end than the person's; else empty
    friend bool operator==(const CommandRow&, const CommandRow&) = default;
};

bool is_finished(Stage stage);

/// The commands in sumpd.db (table device_command): what is not written here was never begun. Any
/// thread; each call blocks for the disk.
class CommandBook final {
public:
    explicit CommandBook(store::Transactions& transactions) : transactions_(transactions) {}

    struct Added {
        CommandRow row{};
        bool is_new = false;
    };
    /// Writes a new one, or gives the one that has this id. A new one that may have been here
    /// before (store/command_fence.h) begins as `handed`, to the book that may have it. Faults:
    /// doc_conflict (the id is taken by other content, or without `force` this app has an equal one
    /// that is not finished or whose end it was not told), not_found (the id is another app's),
    /// too_many, disk_full.
    exchange::Outcome<Added> add(const CommandRow& row, bool force);
    /// Faults: not_found, also for another app's.
    exchange::Outcome<CommandRow> find(const std::string& id, const std::string& app_device);
    /// Stage, result and error; what is finished stays as it is.
    exchange::Outcome<bool> update(const CommandRow& row);
    /// A person has looked at the device and says what became of an orphaned one. Noted in the
    /// audit. Faults: not_found, bad_request (it is not orphaned: devd tells, or has told).
    struct Decision {
        std::string id{};
        bool is_done = false;
        std::string note{};  ///< in the person's words
        std::string who{};   ///< login
        std::string address{};
    };
    exchange::Outcome<CommandRow> decide(const Decision& decision, const store::Audit& audit);
    /// Of a decided one, what devd told behind it: result, device_says and is_owed. The decision
    /// stands. That the device says otherwise is noted in the audit, once.
    exchange::Outcome<bool> told_by_devd(const CommandRow& row, const store::Audit* audit);
    /// Those that a person has decided and that are owed to devd. Oldest first.
    exchange::Outcome<std::vector<CommandRow>> decided();
    /// Its app has asked for the end.
    exchange::Outcome<bool> told(const std::string& id);
    /// Oldest first.
    exchange::Outcome<std::vector<CommandRow>> unfinished();

private:
    store::Transactions& transactions_;
};

}  // namespace tillhost::sumpd::gateway
