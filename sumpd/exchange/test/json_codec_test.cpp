// Claim: every record goes to JSON and back unharmed, and any text is a record or a fault that
// names the field. Shown over all operations made by Fill, by golden texts, and by bad input of
// each kind.
#include "sumpd/exchange/json_codec.h"

#include <gtest/gtest.h>

#include "sumpd/exchange/operations.h"
#include "sumpd/exchange/test/fill.h"
#include "sumpd/exchange/test/vectors.h"

namespace tillhost::sumpd::exchange {
namespace {

template <class T>
void expect_round_trip(Fill::Wanted wanted) {
    const T record = filled<T>(wanted);
    const std::string text = to_json(record);
    const Outcome<T> again = from_json<T>(text);
    ASSERT_TRUE(again) << again.error().message << " in " << text;
    EXPECT_EQ(to_json(*again), text);
    EXPECT_EQ(text.find('\n'), std::string::npos);
}

TEST(JsonCodec, CarriesEveryOperationBothWays) {
    const std::size_t kinds = document_kinds().size() * object_kinds().size();
    for (std::size_t kind = 0; kind < kinds; ++kind) {
        for (const bool everything : {true, false}) {
            const Fill::Wanted wanted{everything, kind == 0, kind};
#define X(Request, Response)            \
    expect_round_trip<Request>(wanted); \
    expect_round_trip<Response>(wanted);
            SUMP_OPERATIONS(X)
#undef X
            expect_round_trip<Fault>(wanted);
        }
    }
}

TEST(JsonCodec, WritesTheGoldenText) {
    const Document document = golden_document();
    EXPECT_EQ(to_json(document), kGoldenJson);
    EXPECT_EQ(from_json<Document>(kGoldenJson), document);
    EXPECT_EQ(sha256_of(document), kGoldenSha256);
}

TEST(JsonCodec, HashesWhatIsMeantNotHowItIsWritten) {
    const auto other = from_json<Document>(kGoldenJsonOtherwise);
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_EQ(sha256_of(*other), kGoldenSha256);
    Document changed = *other;
    std::get<Receipt>(changed.body).lines[0].sum.minor += 1;
    EXPECT_NE(sha256_of(changed), kGoldenSha256);
}

TEST(JsonCodec, LeavesOutAbsentFieldsAndReadsNullAsAbsent) {
    const Login login{.device_key = {"k"}, .login = "l"};
    EXPECT_EQ(to_json(login), R"({"deviceKey":"k","login":"l"})");
    const auto read =
        from_json<Login>(R"({"login":"l","password":null,"deviceKey":"k","new":[1]})");
    ASSERT_TRUE(read);
    EXPECT_FALSE(read->password);
    EXPECT_EQ(read->device_key.text, "k");
}

struct Bad {
    std::string_view right;  ///< this part of kGoldenJson
    std::string_view wrong;  ///< becomes this
    std::string_view field;
};
const Bad kBad[] = {
    {R"("docId":"0190f5c4-)", R"("docId":"0190f5c4+)", "docId"},
    {R"("docId":)", R"("DocId":)", "docId"},
    {R"("deviceSeq":7)", R"("deviceSeq":0)", "deviceSeq"},
    {R"("deviceSeq":7)", R"("deviceSeq":"7")", "deviceSeq"},
    {R"("deviceSeq":7)", R"("deviceSeq":7.0)", "deviceSeq"},
    {R"("deviceSeq":7)", R"("deviceSeq":18446744073709551615)", "deviceSeq"},
    {R"("schemaVersion":1)", R"("schemaVersion":2)", "schemaVersion"},
    {R"(10:00:00.000+03:00")", R"(10:00:00.000")", "createdAt"},
    {R"("userId":"u1")", R"("userId":"")", "userId"},
    {R"("userId":"u1")", R"("userId":"\u0000")", "userId"},
    {R"("userId":"u1")", R"("userId":"a\u001db")", "userId"},
    {R"("userId":"u1")", R"("userId":"\uffff")", "userId"},
    {R"("userId":"u1")", R"("userId":{})", "userId"},
    {R"("type":"sale")", R"("type":"Sale")", "body.receipt.type"},
    {R"("qty":"1.500")", R"("qty":1.5)", "body.receipt.line[0].qty"},
    {R"("qty":"1.500")", R"("qty":"1.5000")", "body.receipt.line[0].qty"},
    {R"("price":"85.00")", R"("price":"85,00")", "body.receipt.line[0].price"},
    {R"("price":"85.00")", R"("price":"100000000000.01")", "body.receipt.line[0].price"},
    {R"("price":"85.00")", R"("price":" 85.00")", "body.receipt.line[0].price"},
    {R"("payment":[)", R"("payment":[1,)", "body.receipt.payment[0]"},
    {R"("payment":[)", R"("payment":[],"other":[)", "body.receipt.payment"},
    {R"("payment":[)", R"("payment":{},"other":[)", "body.receipt.payment"},
    {R"("discountsOffline":true)", R"("discountsOffline":"true")", "body.receipt.discountsOffline"},
    {R"("body":{)", R"("body":{"shift":{},)", "body"},
    {R"("body":{)", R"("body":{},"other":{)", "body"},
};

std::string changed(const Bad& bad) {
    std::string text(kGoldenJson);
    const std::size_t at = text.find(bad.right);
    EXPECT_NE(at, std::string::npos) << bad.right;
    return text.replace(at, bad.right.size(), bad.wrong);
}

TEST(JsonCodec, NamesTheFieldThatIsWrong) {
    for (const Bad& bad : kBad) {
        const auto read = from_json<Document>(changed(bad));
        ASSERT_FALSE(read) << bad.wrong;
        EXPECT_EQ(read.error().code, FaultCode::schema_invalid) << bad.wrong;
        EXPECT_EQ(read.error().field, bad.field) << read.error().message;
        EXPECT_NE(read.error().message.find("right"), std::string::npos) << read.error().message;
    }
}

TEST(JsonCodec, CallsAnUnknownKindUnsupported) {
    const auto read = from_json<Document>(changed({R"({"receipt":)", R"({"voucher":)", {}}));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, FaultCode::unsupported_kind);
    EXPECT_EQ(read.error().field, "body");
    EXPECT_NE(read.error().message.find("voucher"), std::string::npos);
}

TEST(JsonCodec, RefusesWhatIsNoJson) {
    for (const std::string_view text :
         {"", "{", "[]", "null", "{\"node\":\"a\"}{}", "{\"node\":\"a\",\"node\":\"b\"}",
          "{\"node\":\"\xFF\"}", "{'node':1}", "{\"node\":NaN}", "{\"node\":\"\xED\xA0\x80\"}"}) {
        EXPECT_FALSE(from_json<TestConnection>(text)) << text;
    }
    EXPECT_TRUE(from_json<TestConnection>("\xEF\xBB\xBF{\"node\":\"a\"} "));
}

TEST(JsonCodec, BoundsDepthCountsAndBytes) {
    const auto nested = [](std::size_t depth) {
        return R"({"node":"a","x":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    EXPECT_TRUE(from_json<TestConnection>(nested(kRequestBounds.depth_max - 1)));
    EXPECT_EQ(from_json<TestConnection>(nested(kRequestBounds.depth_max)).error().code,
              FaultCode::bad_request);

    const TreeBounds few{100, 8, 4, 3};
    EXPECT_TRUE(json_tree("[1,2,3]", few));
    EXPECT_FALSE(json_tree("[1,2,3,4]", few));
    EXPECT_TRUE(json_tree(R"({"a":1,"b":2,"c":3})", few));
    EXPECT_FALSE(json_tree(R"({"a":1,"b":2,"c":3,"d":4})", TreeBounds{100, 8, 9, 3}));
    EXPECT_TRUE(json_tree("1" + std::string(99, ' '), few));
    EXPECT_EQ(json_tree("1" + std::string(100, ' '), few).error().code, FaultCode::too_large);
}

TEST(JsonCodec, BoundsLists) {
    GetDocumentStatus request;
    request.doc_ids.assign(kStatusIdsMax, golden_document().doc_id);
    EXPECT_TRUE(from_json<GetDocumentStatus>(to_json(request)));
    request.doc_ids.push_back(golden_document().doc_id);
    EXPECT_EQ(from_json<GetDocumentStatus>(to_json(request)).error().field, "docId");
}

TEST(JsonCodec, NeverTellsAValueInAFault) {
    const auto read =
        from_json<Login>(R"({"deviceKey":"k","login":"l","password":"very\u0001secret"})");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace tillhost::sumpd::exchange
