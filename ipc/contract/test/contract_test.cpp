// Claim: what the contract writes it reads back, and what it cannot take it names with its path.
// Shown by round trips in both styles, by wrong values at every kind of field, and by envelopes.
#include <gtest/gtest.h>

#include "ipc/contract/decoder.h"
#include "ipc/contract/envelope.h"
#include "ipc/contract/messages.h"

namespace tillhost::contract {
namespace {

Receipt milk() {
    Receipt receipt;
    receipt.kind = ReceiptKind::sale;
    receipt.lines.push_back(
        {.name = "Молоко 1л", .price_minor = 4990, .quantity_units = 2, .vat = Vat::vat_10});
    receipt.payments.push_back({PaymentKind::cash, 10000});
    return receipt;
}

std::string error_of(Value::Map changed) {
    const auto result = from_value<Payment>(Value(std::move(changed)), "payments[0]");
    return result ? "" : result.error().detail;
}

TEST(Contract, ReadsBackWhatItWroteInBothStyles) {
    const Command command = milk();
    EXPECT_EQ(from_value<Command>(to_value(command)).value(), command);
    EXPECT_EQ(from_value<Command>(to_value(command, Style::readable)).value(), command);
}

TEST(Contract, DoesNotSendDefaultsSoThatTheyDoNotChangeTheHash) {
    Receipt written_out = milk();
    written_out.discount_minor = 0;
    EXPECT_EQ(canonical_bytes(to_value(Command(written_out))),
              canonical_bytes(to_value(Command(milk()))));
    EXPECT_EQ(to_value(milk()).find("discount_minor"), nullptr);
}

TEST(Contract, NamesTheWrongFieldAndWhatWouldBeRight) {
    using Map = Value::Map;
    const auto amount = Value(std::int64_t{5});
    EXPECT_EQ(error_of(Map{{"kind", Value(std::int64_t{1})}}),
              "payments[0].amount_minor: is required");
    EXPECT_EQ(error_of(Map{{"kind", Value(std::string("gold"))}, {"amount_minor", amount}}),
              "payments[0].kind: one of cash (1), electronic (2), prepayment (3), credit (4), "
              "barter (5)");
    EXPECT_EQ(
        error_of(Map{{"kind", Value(std::int64_t{0})}, {"amount_minor", amount}}).substr(0, 22),
        "payments[0].kind: one ");
    EXPECT_EQ(error_of(Map{{"kind", Value(std::int64_t{1})}, {"amount_minor", Value(49.905)}}),
              "payments[0].amount_minor: an integer from 1 to 99999999999, not number with a "
              "fraction");
    EXPECT_EQ(
        error_of(Map{{"kind", Value(std::int64_t{1})}, {"amount_minor", Value(std::int64_t{-1})}}),
        "payments[0].amount_minor: an integer from 1 to 99999999999, not -1");
}

TEST(Contract, IgnoresUnknownFields) {
    const Value value(Value::Map{{"kind", Value(std::int64_t{1})},
                                 {"amount_minor", Value(std::int64_t{5})},
                                 {"later", Value(true)}});
    EXPECT_TRUE(from_value<Payment>(value).has_value());
}

TEST(Contract, RefusesMoreLinesThanItsBound) {
    Receipt receipt = milk();
    receipt.lines.resize(1001, receipt.lines.front());
    const auto result = from_value<Receipt>(to_value(receipt), "receipt");
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().detail, "receipt.lines: a list of 1 to 1000 entries, not 1001");
}

TEST(Contract, AUnionHasExactlyOneKnownCase) {
    EXPECT_FALSE(from_value<Command>(Value(Value::Map{})).has_value());
    EXPECT_FALSE(
        from_value<Command>(Value(Value::Map{{"dance", Value(Value::Map{})}})).has_value());
}

TEST(Envelope, RequestAndReplyReadBack) {
    const Request request{RequestKind::status, 7, 1000, to_value(DeviceRequest{"till"})};
    const auto read = read_request(to_value(request));
    ASSERT_TRUE(std::holds_alternative<Request>(read));
    EXPECT_EQ(std::get<Request>(read).kind, RequestKind::status);
    EXPECT_EQ(std::get<Request>(read).body, request.body);

    const Reply reply{7, to_contract(base::make_error(base::ErrorCode::paper_out, ""))};
    const auto back = read_reply(to_value(reply));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(std::get<Error>(back->outcome).code, "paper_out");
}

TEST(Envelope, BadRequestsKeepTheirNumberWhereItIsLegible) {
    Value::Map map{{"v", Value(std::int64_t{9})}, {"id", Value(std::int64_t{3})}};
    const auto wrong = std::get<BadRequest>(read_request(Value(map)));
    EXPECT_EQ(wrong.id, 3);
    EXPECT_EQ(wrong.error.code, base::ErrorCode::wrong_version);
    map = {{"v", Value(kProtocolVersion)},
           {"id", Value(std::int64_t{4})},
           {"kind", Value(std::string("dance"))}};
    EXPECT_EQ(std::get<BadRequest>(read_request(Value(map))).error.code,
              base::ErrorCode::unknown_kind);
    EXPECT_EQ(std::get<BadRequest>(read_request(Value(true))).error.code,
              base::ErrorCode::malformed);
}

TEST(Envelope, TellsAnEventFromAReply) {
    Event event;
    event.subscription = 3;
    event.epoch = 7;
    event.seq = 12;
    event.body = Gap{.from_seq = 4, .to_seq = 12, .restarted = false};
    const auto told = read_reply(to_value(Reply{5, to_value(event), true}));
    ASSERT_TRUE(told);
    EXPECT_TRUE(told->is_event);
    EXPECT_EQ(told->id, 5);
    EXPECT_EQ(from_value<Event>(std::get<Value>(told->outcome)).value(), event);
    EXPECT_FALSE(read_reply(to_value(Reply{5, to_value(event)})).value().is_event);
}

}  // namespace
}  // namespace tillhost::contract
