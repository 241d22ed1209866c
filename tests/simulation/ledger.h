#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hal/os/clock.h"
#include "ipc/contract/messages.h"

namespace tillhost::simulation {

/// How a client carries out one of its tasks.
struct Manner {
    os::Duration think{};              ///< before it begins
    bool twice = false;                ///< hands the same request over twice
    bool hangs_up = false;             ///< closes the connection right after handing over
    bool cancels = false;              ///< asks to cancel soon afterwards
    bool breaks_off = false;           ///< asks the terminal to break off, a while afterwards
    bool probes_conflict = false;      ///< tries other content under the same id
    bool asks_status = false;          ///< asks the device for its status before
    std::int64_t start_within_ms = 0;  ///< 0: no limit
};

/// One id that a client made for a task, and everything it was told about it. Kept by the client as
/// a POS program keeps it: it survives the client's crash.
struct Attempt {
    base::OperationId id;
    bool sent = false;      ///< handed over at least once; devd may have it
    bool known = false;     ///< devd has said that it has it
    bool over = false;      ///< final, or given up for certain
    bool given_up = false;  ///< void: never accepted (settle), or void with its session
    bool acknowledge_sent = false;
    std::optional<contract::Operation> told;  ///< the last word
    os::Instant in_doubt_since = os::Instant::max();
};

/// One thing a client wants done once, whatever ids it takes.
struct Task {
    int number = 0;
    int client = 0;
    std::string device;     ///< none of a sale, which names its own
    std::string registrar;  ///< where a sale is registered at first; else none
    contract::Command command;
    std::int64_t total_minor = 0;  ///< of no other task; 0 where there is no amount
    /// The task whose payment is taken back; the command is made when that one is over.
    std::optional<std::size_t> takes_back{};
    Manner manner;
    std::deque<Attempt> attempts;
    bool closed = false;
};

/// The clients' ledger.
struct Ledger {
    std::deque<Task> tasks;
    std::set<base::OperationId> decided;  ///< by the person
    std::int64_t last_request = 0;  ///< numbers never repeat, so that a late reply is told apart
};

/// What devd does by itself for a registrar's shift, as if it were a task; nothing if the operation
/// is no such one.
std::optional<Task> own_task(const std::string& client, const std::string& device,
                             std::string_view command);

/// A command that leaves something in the device's memory.
bool is_money(const contract::Command& command);
/// One that a card terminal carries out and counts.
bool is_card_money(const contract::Command& command);

}  // namespace tillhost::simulation
