// Claim: an accounting system that was put back from a backup, or that takes another one's place,
// gets every document that it lacks, and its numbers count again. Shown: it loses what it had.
#include "sumpd/store/node_acts.h"

#include <atomic>
#include <functional>
#include <set>

#include "sumpd/store/test/messages.h"

namespace tillhost::sumpd::store {
namespace {

using exchange::FaultCode;

const Person kAnna{"anna", "10.0.0.7"};

class NodeActsTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(to().configure(kNode)); }
    Exchange& to() { return world_.exchange(); }
    void put(std::uint64_t first, std::uint64_t last) {
        exchange::PutDocuments request;
        for (std::uint64_t i = first; i <= last; ++i) {
            request.documents.push_back(document(i, static_cast<std::int64_t>(i)));
        }
        ASSERT_TRUE(world_.documents().put(device(1), request));
    }
    /// Takes all there is, as the accounting system `node` that has applied up to its `ack_no`.
    std::set<std::string> take_all(const std::string& node, std::int64_t& ack_no) {
        std::set<std::string> ids;
        for (int i = 0; i < 10; ++i) {
            auto request = prepare_request(ack_no);
            request.node = node;
            const auto prepared = to().prepare(request);
            EXPECT_TRUE(prepared) << prepared.error().message;
            if (!prepared || prepared->empty) {
                break;
            }
            for (const std::string& id : doc_ids_in(fetch(to(), *prepared))) {
                ids.insert(id);
            }
            ack_no = prepared->message_no;
        }
        return ids;
    }
    World world_;
};

TEST_F(NodeActsTest, PutBackFromABackupItGetsWhatItLost) {
    std::int64_t ack_no = 0;
    put(1, 3);
    ASSERT_EQ(take_all(kNode, ack_no).size(), 3U);
    const std::int64_t backup = ack_no;
    put(4, 6);
    ASSERT_EQ(take_all(kNode, ack_no).size(), 3U);
    send(to(), {.no = 1, .objects = {goods("a", "A")}, .ack_no = ack_no});
    send(to(), {.no = 2, .objects = {goods("b", "B")}, .ack_no = ack_no});

    EXPECT_EQ(to().prepare(prepare_request(backup)).error().code, FaultCode::ack_regression);
    const auto facts = to().facts();
    ASSERT_TRUE(facts);
    ASSERT_EQ(facts->refusals.size(), 1U);
    EXPECT_EQ(facts->refusals[0].code, "ack_regression");

    EXPECT_EQ(to().accept_numbers({.ack_no = backup, .next_no = 2}, {}, kAnna), 3);
    world_.crash();
    std::int64_t now = backup;
    EXPECT_EQ(take_all(kNode, now),
              (std::set<std::string>{uuid_of(4).text, uuid_of(5).text, uuid_of(6).text}));
    EXPECT_GT(now, ack_no) << "a number is never given to other bytes";
    EXPECT_EQ(
        send(to(), {.no = 2, .objects = {goods("b", "C")}, .ack_no = now, .id = 0xb000}).applied,
        1);
    EXPECT_TRUE(to().facts()->refusals.empty());
}

// Claimed: where the accounting system tells that it has the frozen message, that one is over; kept
// as frozen it would be given out again for ever, and no document behind it would go.
TEST_F(NodeActsTest, TheFrozenMessageThatItHasIsOver) {
    put(1, 2);
    const auto frozen = to().prepare(prepare_request());
    ASSERT_TRUE(frozen);
    put(3, 4);
    ASSERT_EQ(to().accept_numbers({.ack_no = frozen->message_no, .next_no = 1}, {}, kAnna), 0);
    EXPECT_EQ(world_.files("out"), 0U);
    EXPECT_EQ(world_.number("SELECT count(*) FROM document WHERE state = 3"), 2);
    world_.crash();
    std::int64_t now = frozen->message_no;
    EXPECT_EQ(take_all(kNode, now), (std::set<std::string>{uuid_of(3).text, uuid_of(4).text}));
}

// Claimed: a message that the accounting system still has frozen in its backup, and that was
// applied here, is taken once more under its own id: its parts are asked for again.
TEST_F(NodeActsTest, ItsOwnFrozenMessageComesAgainUnderItsId) {
    const ToSend first{.no = 1, .objects = {goods("a", "A")}};
    send(to(), first);
    send(to(), {.no = 2, .objects = {goods("a", "B")}});
    EXPECT_EQ(to().commit(put_parts(to(), first)).error().code, FaultCode::stale_message);
    ASSERT_TRUE(to().accept_numbers({.ack_no = 0, .next_no = 1}, {}, kAnna));
    EXPECT_EQ(send(to(), first).applied, 1);
    EXPECT_EQ(to().node()->received_no, 1);
}

TEST_F(NodeActsTest, NumbersThatCannotBeAreRefused) {
    EXPECT_EQ(to().accept_numbers({.ack_no = 1}, {}, kAnna).error().field, "ackNo");
    EXPECT_EQ(to().accept_numbers({.ack_no = -1}, {}, kAnna).error().field, "ackNo");
    EXPECT_EQ(to().accept_numbers({.next_no = 0}, {}, kAnna).error().field, "nextNo");
    EXPECT_EQ(to().hand_over("", {}, kAnna).error().field, "code");
    EXPECT_EQ(to().hand_over(kNode, {}, kAnna).error().field, "code");
}

TEST_F(NodeActsTest, AnotherOneTakesItsPlace) {
    std::int64_t ack_no = 0;
    put(1, 2);
    ASSERT_EQ(take_all(kNode, ack_no).size(), 2U);
    put(3, 4);
    ASSERT_FALSE(to().prepare(prepare_request(ack_no))->empty);  // frozen for the former one
    EXPECT_EQ(to().hand_over("K2", {.is_wanted = false}, kAnna), 0);
    world_.crash();
    EXPECT_EQ(to().prepare(prepare_request(ack_no)).error().code, FaultCode::node_conflict);
    std::int64_t now = 0;
    EXPECT_EQ(take_all("K2", now), (std::set<std::string>{uuid_of(3).text, uuid_of(4).text}));
    EXPECT_TRUE(to().configure(kNode)) << "the file may name the former one still";
    EXPECT_EQ(to().node()->code, "K2");
    EXPECT_EQ(to().configure("K3").error().code, FaultCode::node_conflict);

    EXPECT_EQ(to().hand_over("K3", {}, kAnna), 4);
    std::int64_t third = 0;
    EXPECT_EQ(take_all("K3", third).size(), 4U);
    const auto acts = world_.store().audit().page(0, 5);
    ASSERT_TRUE(acts);
    ASSERT_EQ(acts->size(), 2U);
    EXPECT_EQ(acts->front().act.action, "exchange.hand_over");
    EXPECT_EQ(acts->front().act.before, "K2");
}

/// Lets something happen while a message's file is written: the outbox asks its clock first where
/// it takes the acknowledgement, then there.
class ActAtTheDraft final : public os::Clock {
public:
    ActAtTheDraft(os::Clock& real, std::function<void()> act) : real_(real), act_(std::move(act)) {}
    os::Instant now() const override { return real_.now(); }
    std::int64_t unix_ms() const override {
        if (++asked_ == 2) {
            act_();
        }
        return real_.unix_ms();
    }
    void sleep_until(os::Instant) override {}

private:
    os::Clock& real_;
    const std::function<void()> act_;
    mutable std::atomic<int> asked_{0};
};

// Claimed: a message that is being written while the exchange is handed over is not frozen: it is
// addressed to the former accounting system, and both would get its documents.
TEST_F(NodeActsTest, HandedOverWhileAMessageIsWritten) {
    put(1, 2);
    const auto files = MUST(PartFiles::open(world_.folder()));
    int acts = 0;
    ActAtTheDraft clock(world_.clock(), [&] {
        ++acts;
        EXPECT_TRUE(to().hand_over("K2", {.is_wanted = false}, kAnna));
    });
    Outbox outbox(world_.transactions(), files, clock, "S");
    const auto prepared = outbox.prepare(prepare_request());
    ASSERT_EQ(acts, 1);
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().code, FaultCode::too_many);
    EXPECT_EQ(world_.files("out"), 0U);
    auto request = prepare_request();
    request.node = "K2";
    const auto next = to().prepare(request);
    ASSERT_TRUE(next);
    const DocumentsIn in = read_message(fetch(to(), *next));
    EXPECT_EQ(in.head.to, "K2");
    EXPECT_EQ(in.documents.size(), 2U);
}

TEST_F(NodeActsTest, WhatWasCorrectedDoesNotGoAgain) {
    std::int64_t ack_no = 0;
    put(1, 2);
    ASSERT_EQ(take_all(kNode, ack_no).size(), 2U);
    ASSERT_TRUE(
        to().confirm({kNode, 1, {{.doc_id = uuid_of(1), .status = exchange::Verdict::rejected}}}));
    exchange::Document correction = document(3, 3);
    correction.supersedes = uuid_of(1);
    ASSERT_TRUE(world_.documents().put(device(1), {{correction}}));
    ASSERT_EQ(to().accept_numbers({.ack_no = 0}, {}, kAnna), 1);
    std::int64_t now = 0;
    EXPECT_EQ(take_all(kNode, now), (std::set<std::string>{uuid_of(2).text, uuid_of(3).text}));
}

}  // namespace
}  // namespace tillhost::sumpd::store
