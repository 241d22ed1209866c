#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "tests/simulation/chance.h"
#include "tests/simulation/findings.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/sim_devd.h"

namespace tillhost::simulation {

/// A connection as a program uses it: questions with a time limit, and what an unlucky message
/// queue makes of them.
class Conversation final {
public:
    Conversation(Scheduler& scheduler, SimDevd& devd, Findings& findings, Ledger& ledger,
                 std::string name, Chance chance);

    bool open() const { return connection_ != nullptr && connection_->open; }
    std::int64_t session() const { return session_; }
    /// Connects and says hello; false if that does not succeed. Messages of a former connection
    /// that were still on their way may come after it, as a message queue sends them again.
    bool connect();
    /// The answer, or nothing: it got lost, or the connection broke.
    std::optional<contract::Reply> ask(contract::RequestKind kind, contract::Value body,
                                       std::int64_t deadline_ms);
    /// Sends without waiting for the answer, which is thrown away when it comes.
    void tell(contract::RequestKind kind, contract::Value body, os::Duration delay);
    /// Closes the connection; undelivered messages go to the queue.
    void close();
    /// The program has crashed: the connection ends, nothing is sent again.
    void drop();

private:
    void send_again();
    void look_at_stray(const contract::Reply& reply);
    std::int64_t put(contract::RequestKind kind, contract::Value body, std::int64_t deadline_ms,
                     os::Duration delay);

    Scheduler& scheduler_;
    SimDevd& devd_;
    Findings& findings_;
    Ledger& ledger_;
    const std::string name_;
    Chance chance_;
    ConnectionPtr connection_;
    std::int64_t session_ = 0;
    std::deque<contract::Request> queue_;                  ///< to be sent again
    std::map<std::int64_t, contract::RequestKind> stale_;  ///< sent again with a former session
};

/// A program at a till: carries out its tasks one after the other, believes only what it was told,
/// and keeps an id until its outcome is certain. Runs as a process; its ledger survives it.
class Client final {
public:
    Client(int number, Scheduler& scheduler, const os::Clock& clock, SimDevd& devd,
           Findings& findings, Ledger& ledger, Chance chance);

    /// A life: from the start, or from a crash, to the end of all tasks.
    void run();
    /// What the operating system does for a dead process.
    void drop() { conversation_.drop(); }
    bool finished() const;

private:
    void carry_out(Task& task);
    void begin_attempt(Task& task);
    void name_payment(Task& task);
    void pursue(Task& task, Attempt& attempt);
    void ask_about(Task& task, Attempt& attempt);
    void settle(Attempt& attempt);
    void give_up(Attempt& attempt);
    void submit(Task& task, Attempt& attempt);
    void take_submit_reply(Task& task, Attempt& attempt, const contract::Reply& reply);
    void probe_conflict(const Task& task, const Attempt& attempt);
    void cancel(Attempt& attempt);
    void break_off(const Attempt& attempt);
    void await_outcome(Task& task, Attempt& attempt);
    void conclude(Task& task, Attempt& attempt);
    void acknowledge(Attempt& attempt);
    bool mend(Task& task, const contract::Error& error);
    void ask_status(const Task& task);
    void note(Attempt& attempt, const contract::Value& body);
    contract::Value session_body(const Attempt& attempt) const;
    contract::Value submit_body(const Task& task, const Attempt& attempt) const;
    void pause(std::int64_t low_ms, std::int64_t high_ms);
    void on_error(const Attempt& attempt, std::string_view asking, const contract::Error& error);

    const int number_;
    const std::string name_;
    Scheduler& scheduler_;
    const os::Clock& clock_;
    Findings& findings_;
    Ledger& ledger_;
    Chance chance_;
    Conversation conversation_;
    bool force_ = false;  ///< this submit is another one on purpose
};

bool is_final(contract::OperationState state);

}  // namespace tillhost::simulation
