#include "sumpd/store/node_acts.h"

#include <fmt/format.h>

#include "sumpd/core/put_rules.h"
#include "sumpd/store/node_table.h"

namespace tillhost::sumpd::store {

using core::Stage;
using exchange::FaultCode;
using exchange::Outcome;

namespace {

constexpr std::int64_t kRetryMs = 1000;

std::int64_t number_of(Stage stage) { return static_cast<std::int64_t>(stage); }

Outcome<void> no_import(Sql& sql) {
    if (sql.number("SELECT COUNT(*) FROM in_message WHERE state = 2") == 0) {
        return {};
    }
    return tl::unexpected(exchange::Fault{.code = FaultCode::too_many,
                                          .message = "a message is being applied: wait for it",
                                          .retry_after_ms = kRetryMs});
}

/// Documents that the accounting system had from messages above `ack_no`; one that it rejected and
/// that was corrected stays as it is.
std::int64_t send_again(Sql& sql, std::int64_t ack_no, const SendAgain& again) {
    if (!again.is_wanted) {
        return 0;
    }
    const std::string which =
        " WHERE message_no > 0 AND message_no > :a AND received_ms >= :b AND state IN (3, 4)";
    const std::int64_t count =
        sql.number("SELECT COUNT(*) FROM document" + which, {ack_no, again.since_ms});
    sql.run(fmt::format("UPDATE document SET state = {}, waiting = 1, due_ms = 0{}",
                        number_of(Stage::stored), which),
            {ack_no, again.since_ms});
    return count;
}

/// Back into the queue; the number is used up.
void thaw(Sql& sql, std::vector<std::string>& gone) {
    for (const Row& row : sql.query("SELECT no, id FROM out_message WHERE acked_ms = 0", "it")) {
        sql.run(
            "UPDATE document SET state = :a, waiting = 1, due_ms = 0"
            " WHERE message_no > 0 AND message_no = :b AND state = :c",
            {number_of(Stage::stored), integer(row[0]), number_of(Stage::in_message)});
        gone.push_back(text(row[1]));
    }
    sql.run("DELETE FROM out_message WHERE acked_ms = 0");
}

/// Its messages count anew. One that was applied may come again under its own id, as it stands in a
/// backup: what is kept of it would answer that its parts are here.
void set_numbers(Sql& sql, const PeerNumbers& numbers) {
    sql.run("DELETE FROM in_message WHERE state = 3");
    sql.run(
        "UPDATE node SET acked_no = :a, received_no = :b, received_id = '', received_sha256 = '',"
        " received_job = '' WHERE id = 1",
        {numbers.ack_no, numbers.next_no - 1});
}

}  // namespace

NodeFacts node_facts(Sql& sql) {
    NodeFacts facts{.state = node_state(sql)};
    if (const auto row = sql.first("SELECT last_in_ms, last_out_ms FROM node WHERE id = 1", "ii")) {
        facts.last_in_ms = integer((*row)[0]);
        facts.last_out_ms = integer((*row)[1]);
    }
    facts.waiting = sql.number("SELECT COUNT(*) FROM document WHERE waiting = 1");
    facts.rejected = sql.number("SELECT COUNT(*) FROM document WHERE message_no > 0 AND state = :a",
                                {number_of(Stage::rejected)});
    if (const auto row =
            sql.first("SELECT no, documents FROM out_message WHERE acked_ms = 0", "ii")) {
        facts.frozen_no = integer((*row)[0]);
        facts.frozen_documents = integer((*row)[1]);
    }
    for (const Row& row :
         sql.query("SELECT code, message, at_ms FROM node_refusal ORDER BY at_ms DESC", "tti")) {
        facts.refusals.push_back({text(row[0]), text(row[1]), integer(row[2])});
    }
    return facts;
}

bool is_refusal_of_node(FaultCode code) {
    return code == FaultCode::node_conflict || code == FaultCode::ack_regression ||
           code == FaultCode::message_conflict || code == FaultCode::stale_message;
}

void note_refusal(Sql& sql, const exchange::Fault& fault, std::int64_t now_ms) {
    sql.run(
        "INSERT INTO node_refusal VALUES (:a, :b, :c) ON CONFLICT (code)"
        " DO UPDATE SET message = excluded.message, at_ms = excluded.at_ms",
        {std::string(name_of(fault.code)), fault.message, now_ms});
}

Outcome<std::int64_t> accept_numbers(Sql& sql, const PeerNumbers& numbers, const SendAgain& again,
                                     std::int64_t now_ms, std::vector<std::string>& gone) {
    core::NodeState node = node_state(sql);
    if (numbers.ack_no < 0 || numbers.ack_no > node.sent_no) {
        return exchange::refuse_field("ackNo", fmt::format("0 to {}, the newest message of this "
                                                           "server",
                                                           node.sent_no));
    }
    if (numbers.next_no < 1) {
        return exchange::refuse_field("nextNo", "1 or more");
    }
    if (auto free = no_import(sql); !free) {
        return tl::unexpected(free.error());
    }
    gone = acknowledge(sql, node, numbers.ack_no, now_ms);
    const std::int64_t count = send_again(sql, numbers.ack_no, again);
    set_numbers(sql, numbers);
    sql.run("DELETE FROM node_refusal");
    return count;
}

Outcome<std::int64_t> hand_over(Sql& sql, const std::string& code, const SendAgain& again,
                                std::int64_t now_ms, std::vector<std::string>& gone) {
    const core::NodeState node = node_state(sql);
    if (code.empty() || code == node.code) {
        return exchange::refuse_field("code", "the code of another accounting system");
    }
    if (auto free = no_import(sql); !free) {
        return tl::unexpected(free.error());
    }
    thaw(sql, gone);
    const std::int64_t count = send_again(sql, 0, again);
    set_numbers(sql, {.ack_no = 0, .next_no = 1});
    sql.run("DELETE FROM node_refusal");
    if (!node.code.empty()) {
        sql.run(
            "INSERT INTO node_former VALUES (:a, :b) ON CONFLICT (code)"
            " DO UPDATE SET until_ms = excluded.until_ms",
            {node.code, now_ms});
    }
    sql.run("DELETE FROM node_former WHERE code = :a", {code});
    sql.run("UPDATE node SET code = :a WHERE id = 1", {code});
    return count;
}

bool is_former(Sql& sql, const std::string& code) {
    return sql.number("SELECT COUNT(*) FROM node_former WHERE code = :a", {code}) > 0;
}

}  // namespace tillhost::sumpd::store
