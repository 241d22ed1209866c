#include "sumpd/store/node_table.h"

#include "sumpd/store/outbox.h"

namespace tillhost::sumpd::store {

using core::Stage;

core::NodeState node_state(Sql& sql) {
    const auto row = sql.first(
        "SELECT code, sent_no, acked_no, received_no, received_id, received_sha256 FROM node"
        " WHERE id = 1",
        "tiiitt");
    if (!row) {
        return {};
    }
    return {.code = text((*row)[0]),
            .sent_no = integer((*row)[1]),
            .acked_no = integer((*row)[2]),
            .received_no = integer((*row)[3]),
            .received_id = text((*row)[4]),
            .received_sha256 = text((*row)[5])};
}

std::vector<std::string> acknowledge(Sql& sql, core::NodeState& node, std::int64_t up_to,
                                     std::int64_t now_ms) {
    std::vector<std::string> gone;
    if (up_to <= node.acked_no) {
        return gone;
    }
    for (const Row& row :
         sql.query("SELECT id FROM out_message WHERE no <= :a AND acked_ms = 0", "t", {up_to})) {
        gone.push_back(text(row[0]));
    }
    sql.run(
        // "> 0" is for the planner: the index has only documents that are in a message.
        "UPDATE document SET state = :a WHERE message_no > 0 AND message_no > :b"
        " AND message_no <= :c AND state = :d",
        {static_cast<std::int64_t>(Stage::accepted), node.acked_no, up_to,
         static_cast<std::int64_t>(Stage::in_message)});
    sql.run("UPDATE out_message SET acked_ms = :a WHERE no <= :b AND acked_ms = 0",
            {now_ms, up_to});
    sql.run("UPDATE node SET acked_no = :a WHERE id = 1", {up_to});
    node.acked_no = up_to;
    return gone;
}

void apply_verdict(Sql& sql, const exchange::DocumentVerdict& verdict, std::int64_t message_no,
                   std::int64_t now_ms) {
    const auto row = sql.first("SELECT state, message_no FROM document WHERE doc_id = :a", "ii",
                               {verdict.doc_id.text});
    if (!row) {
        return;
    }
    const auto now = static_cast<Stage>(integer((*row)[0]));
    const Stage becomes = core::stage_of(verdict.status);
    const bool deferred_again = now == Stage::deferred && becomes == Stage::deferred;
    if (!core::takes_verdict(now) || deferred_again ||
        (message_no != 0 && message_no != integer((*row)[1]))) {
        return;
    }
    const bool deferred = becomes == Stage::deferred;
    sql.run(
        "UPDATE document SET state = :a, waiting = :b, due_ms = :c, error = :d, erp_ref = :e,"
        " erp_number = :f WHERE doc_id = :g",
        {static_cast<std::int64_t>(becomes), std::int64_t{deferred},
         deferred ? now_ms + kDeferredAgainMs : std::int64_t{0}, verdict.error.value_or(""),
         verdict.erp_ref.value_or(""), verdict.erp_number.value_or(""), verdict.doc_id.text});
}

}  // namespace tillhost::sumpd::store
