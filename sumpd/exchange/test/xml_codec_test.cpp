// Claim: every record goes to XML and back unharmed, as the same document as in JSON; any text is a
// record or a fault that names the field. Shown over all operations, golden texts and bad input.
#include "sumpd/exchange/xml_codec.h"

#include <gtest/gtest.h>

#include "sumpd/exchange/json_codec.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/exchange/test/fill.h"
#include "sumpd/exchange/test/vectors.h"

namespace tillhost::sumpd::exchange {
namespace {

constexpr std::string_view kNs = R"( xmlns="urn:sumpd:exchange:1")";

template <class T>
void expect_round_trip(Fill::Wanted wanted) {
    const T record = filled<T>(wanted);
    for (const Space space : {Space::exchange, Space::data}) {
        const std::string text = to_xml(record, "Element", space);
        const Outcome<T> again = from_xml<T>(text, kAnswerBounds);
        ASSERT_TRUE(again) << again.error().message << " in " << text;
        EXPECT_EQ(to_xml(*again, "Element", space), text);
        EXPECT_EQ(to_json(*again), to_json(record));
    }
}

TEST(XmlCodec, CarriesEveryOperationBothWays) {
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

TEST(XmlCodec, WritesTheGoldenText) {
    EXPECT_EQ(to_xml(golden_document(), "Document"), kGoldenXml);
    EXPECT_EQ(from_xml<Document>(kGoldenXml), golden_document());
}

TEST(XmlCodec, HashesTheSameDocumentAsJsonDoes) {
    const std::string text = R"(<n:Document xmlns:n="urn:sumpd:exchange:1">)" +
                             std::string(kGoldenXmlOtherwise) + "</n:Document>";
    const auto read = from_xml<Document>(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, golden_document());
    EXPECT_EQ(sha256_of(*read), kGoldenSha256);
}

struct Bad {
    std::string_view right;  ///< this part of kGoldenXml
    std::string_view wrong;  ///< becomes this
    std::string_view field;
};
const Bad kBad[] = {
    {"<DocId>0190f5c4-", "<DocId>0190f5c4+", "DocId"},
    {"<DocId>", "<DocId xmlns=\"urn:foreign\">", "DocId"},
    {"<DeviceSeq>7", "<DeviceSeq>0", "DeviceSeq"},
    {"<DeviceSeq>7", "<DeviceSeq>7.0", "DeviceSeq"},
    {"<DeviceSeq>7", "<DeviceSeq>18446744073709551615", "DeviceSeq"},
    {"<DeviceSeq>7", "<DeviceSeq><A/>", "DeviceSeq"},
    {"<DeviceSeq>7", "<DeviceSeq>7</DeviceSeq><DeviceSeq>7", "DeviceSeq"},
    {"10:00:00.000+03:00", "10:00:00.000", "CreatedAt"},
    {"<UserId>u1", "<UserId>", "UserId"},
    {"<Type>sale", "<Type>Sale", "Body.Receipt.Type"},
    {"<Qty>1.500", "<Qty>1.5000", "Body.Receipt.Line[0].Qty"},
    {"<Price>85.00", "<Price>85,00", "Body.Receipt.Line[0].Price"},
    {"<GoodsId>g1</GoodsId>", "", "Body.Receipt.Line[0].Goods.GoodsId"},
    {"<Payment><TypeId>cash</TypeId><Amount>127.50</Amount></Payment>", "", "Body.Receipt.Payment"},
    {"<DiscountsOffline>true", "<DiscountsOffline>yes", "Body.Receipt.DiscountsOffline"},
    {"<Body>", "<Body><Shift/>", "Body"},
    {"<Body>", "<Body/><Body>", "Body"},
};

std::string changed(const Bad& bad) {
    std::string text(kGoldenXml);
    const std::size_t at = text.find(bad.right);
    EXPECT_NE(at, std::string::npos) << bad.right;
    return text.replace(at, bad.right.size(), bad.wrong);
}

TEST(XmlCodec, NamesTheFieldThatIsWrong) {
    for (const Bad& bad : kBad) {
        const auto read = from_xml<Document>(changed(bad));
        ASSERT_FALSE(read) << bad.wrong;
        EXPECT_EQ(read.error().code, FaultCode::schema_invalid) << read.error().message;
        EXPECT_EQ(read.error().field, bad.field) << read.error().message;
        EXPECT_NE(read.error().message.find("right"), std::string::npos) << read.error().message;
    }
}

TEST(XmlCodec, CallsAnUnknownKindUnsupported) {
    std::string text = changed({"<Receipt>", "<Voucher>", {}});
    text.replace(text.find("</Receipt>"), 10, "</Voucher>");
    const auto read = from_xml<Document>(text);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, FaultCode::unsupported_kind);
    EXPECT_EQ(read.error().field, "Body");
}

std::string node_in(std::string_view text) {
    const auto read = from_xml<TestConnection>(text);
    return read ? read->node : "refused: " + read.error().message;
}
std::string test_connection(std::string_view before, std::string_view node) {
    return std::string(before) + "<TestConnection" + std::string(kNs) + "><Node>" +
           std::string(node) + "</Node></TestConnection>";
}

TEST(XmlCodec, ReadsTheEncodingsOfAccountingSystems) {
    EXPECT_EQ(node_in(test_connection("\xEF\xBB\xBF", "Магазин")), "Магазин");
    EXPECT_EQ(node_in(test_connection("<?xml version='1.0' encoding='windows-1251'?>",
                                      "\xCC\xE0\xE3\xE0\xE7\xE8\xED \xA8")),
              "Магазин Ё");
    EXPECT_EQ(node_in(test_connection("<?xml version='1.0' encoding='Windows-1251'?>", "\x98"))
                  .find("refused"),
              0U);
    EXPECT_EQ(
        node_in(test_connection("<?xml version='1.0' encoding='koi8-r'?>", "a")).find("refused"),
        0U);
}

TEST(XmlCodec, RefusesWhatIsNoXml) {
    for (const std::string_view text :
         {"", "<", "<a>", "<a/><b/>", "text", "<a b='1' b='2'/>", "<p:a/>", "<a>&b;</a>",
          "<a>&#0;</a>", "<a>&#29;</a>", "<a>&#xFFFF;</a>", "<a>\x01</a>", "<a>\xC0\x80</a>",
          "<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
          "<!DOCTYPE a SYSTEM 'http://localhost/a.dtd'><a/>"}) {
        const auto tree = xml_tree(text, kRequestBounds);
        ASSERT_FALSE(tree) << text;
        EXPECT_EQ(tree.error().code, FaultCode::bad_request);
    }
    EXPECT_FALSE(xml_tree(std::string_view("<a>\0</a>", 8), kRequestBounds));
    EXPECT_TRUE(xml_tree("<?xml-stylesheet href='x'?><a/><!-- b -->", kRequestBounds));
}

TEST(XmlCodec, BoundsDepthCountsAndBytes) {
    const TreeBounds few{100, 3, 4, 2};
    EXPECT_TRUE(xml_tree("<a><b><c/></b></a>", few));
    EXPECT_FALSE(xml_tree("<a><b><c><d/></c></b></a>", few));
    EXPECT_TRUE(xml_tree("<a><b/><b/><b/></a>", few));
    EXPECT_FALSE(xml_tree("<a><b/><b/><b/><b/></a>", few));
    EXPECT_TRUE(xml_tree("<a b='' c=''/>", few));
    EXPECT_FALSE(xml_tree("<a b='' c='' d=''/>", few));
    EXPECT_TRUE(xml_tree("<a/>" + std::string(96, ' '), few));
    EXPECT_EQ(xml_tree("<a/>" + std::string(97, ' '), few).error().code, FaultCode::too_large);
}

TEST(XmlCodec, KeepsTextAndAttributes) {
    const auto tree = xml_tree(
        "<a xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" s:b=\"1\" c=\"2\">"
        "x&lt;<!-- -->y</a>",
        kRequestBounds);
    ASSERT_TRUE(tree);
    EXPECT_EQ(tree->text, "x<y");
    ASSERT_NE(tree->attribute(Space::soap11, "b"), nullptr);
    EXPECT_EQ(*tree->attribute(Space::none, "c"), "2");
    EXPECT_EQ(tree->attribute(Space::none, "b"), nullptr);
    const std::string hard = "\"<&>'\t\r\n ";
    const auto again =
        xml_tree("<a b=\"" + xml_escaped_attribute(hard) + "\">" + xml_escaped(hard) + "</a>",
                 kRequestBounds);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->text, hard);
    EXPECT_EQ(*again->attribute(Space::none, "b"), hard);
}

}  // namespace
}  // namespace tillhost::sumpd::exchange
