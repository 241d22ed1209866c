// Claim: a message is read as it was written, in pieces of any size, and every cut or damaged one
// is a fault with the item's number. Shown in XML, NDJSON and gzip, split and cut at each byte.
#include "sumpd/exchange/message.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <fstream>
#include <iterator>

#include "sumpd/exchange/gunzip.h"
#include "sumpd/exchange/json_codec.h"
#include "sumpd/exchange/test/fill.h"
#include "sumpd/exchange/test/vectors.h"

namespace tillhost::sumpd::exchange {
namespace {

/// Writes down what it is told, one line each.
class Recorder final : public MessageEvents {
public:
    std::optional<Fault> header(const MessageHeader& header) override {
        return add("header " + to_json(header));
    }
    std::optional<Fault> object(std::int64_t number, Object object) override {
        return add(std::to_string(number) + " object " + to_json(std::move(object)));
    }
    std::optional<Fault> document(std::int64_t number, MessageDocument document) override {
        return add(std::to_string(number) + " document " + to_json(std::move(document)));
    }
    std::optional<Fault> verdict(std::int64_t number, DocumentVerdict verdict) override {
        return add(std::to_string(number) + " verdict " + to_json(std::move(verdict)));
    }
    std::optional<Fault> refused(RefusedItem item) override {
        return add(std::to_string(item.number) + " refused " + item.kind + " " + item.id + " " +
                   std::string(name_of(item.fault.code)) + " " + item.fault.field.value_or("-"));
    }

    std::string told{};
    std::optional<Fault> stop_with{};  ///< from the second call on

private:
    std::optional<Fault> add(const std::string& line) {
        told += line + "\n";
        return ++calls_ >= 2 ? stop_with : std::nullopt;
    }
    int calls_ = 0;
};

struct Reading {
    std::string told;
    std::optional<Fault> fault;
};
Reading read(std::string_view text, std::size_t piece = std::string_view::npos) {
    Recorder recorder;
    MessageReader reader(recorder);
    std::optional<Fault> fault;
    while (!text.empty() && !fault) {
        const std::string_view now = text.substr(0, piece);
        text.remove_prefix(now.size());
        fault = reader.feed(now);
    }
    const auto last = reader.finish();
    EXPECT_TRUE(!fault || last == fault);
    return {recorder.told, last};
}

std::string gzip(std::string_view text) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    std::string packed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

MessageHeader header() {
    return {.from = "ERP \"<1>\"",
            .to = "Till",
            .message_no = 7,
            .ack_no = 3,
            .created_at = {1'795'762'800'000, 180}};
}
Object goods() {
    return {.kind = "Goods",
            .id = "g1",
            .body = Goods{.code = "1",
                          .name = "Молоко ]]>",
                          .unit = "796",
                          .vat = Vat::vat_10,
                          .type = GoodsType::piece}};
}

std::string message(MessageFormat format) {
    const MessageWriter writer(format);
    std::string text = writer.head(header());
    text += writer.item(goods());
    text += writer.item(Object{.kind = "Goods", .id = "g2", .deleted = true});
    text += writer.item(MessageDocument{.document = golden_document(),
                                        .device_name = "Касса 1",
                                        .received_at = Moment{1'795'762'801'000, 0}});
    text += writer.item(DocumentVerdict{
        .doc_id = golden_document().doc_id, .status = Verdict::accepted, .erp_number = "A-1"});
    return text + writer.tail();
}

std::string told_of_message() {
    return "header " + to_json(header()) + "\n1 object " + to_json(goods()) +
           "\n2 object {\"kind\":\"Goods\",\"id\":\"g2\",\"deleted\":true}\n3 document " +
           to_json(MessageDocument{.document = golden_document(),
                                   .device_name = "Касса 1",
                                   .received_at = Moment{1'795'762'801'000, 0}}) +
           "\n4 verdict {\"docId\":\"" + golden_document().doc_id.text +
           "\",\"status\":\"accepted\",\"erpNumber\":\"A-1\"}\n";
}

constexpr std::array kFormats = {MessageFormat::xml, MessageFormat::ndjson};

TEST(Message, IsReadAsItWasWritten) {
    for (const MessageFormat format : kFormats) {
        const Reading outcome = read(message(format));
        EXPECT_FALSE(outcome.fault) << outcome.fault->message;
        EXPECT_EQ(outcome.told, told_of_message());
    }
    EXPECT_FALSE(read("\xEF\xBB\xBF" + message(MessageFormat::xml)).fault);
    EXPECT_FALSE(read("\xEF\xBB\xBF\r\n" + message(MessageFormat::ndjson)).fault);
}

TEST(Message, IsReadInPiecesOfAnySize) {
    for (const MessageFormat format : kFormats) {
        const std::string plain = message(format);
        for (const std::string& text : {plain, gzip(plain), "\xEF\xBB\xBF" + plain}) {
            for (std::size_t at = 1; at < text.size(); ++at) {
                Recorder recorder;
                MessageReader reader(recorder);
                EXPECT_FALSE(reader.feed(std::string_view(text).substr(0, at)));
                EXPECT_FALSE(reader.feed(std::string_view(text).substr(at)));
                EXPECT_FALSE(reader.finish());
                ASSERT_EQ(recorder.told, told_of_message()) << at;
            }
            EXPECT_EQ(read(text, 1).told, told_of_message());
        }
    }
}

TEST(Message, ACutIsAFault) {
    const std::string xml = message(MessageFormat::xml);
    for (const std::string& text : {xml, gzip(xml), gzip(message(MessageFormat::ndjson))}) {
        const std::size_t whole = text.ends_with("\n") ? text.size() - 1 : text.size();
        for (std::size_t length = 0; length < whole; ++length) {
            const Reading outcome = read(std::string_view(text).substr(0, length));
            ASSERT_TRUE(outcome.fault) << length;
            EXPECT_EQ(outcome.fault->code, FaultCode::bad_request);
        }
    }
    const std::string lines = message(MessageFormat::ndjson);
    for (std::size_t length = 0; length < lines.size(); ++length) {
        const bool between = length > 0 && (lines[length] == '\n' || lines[length - 1] == '\n');
        EXPECT_EQ(!read(std::string_view(lines).substr(0, length)).fault, between) << length;
    }
}

TEST(Message, DamageNamesTheItem) {
    std::string xml = message(MessageFormat::xml);
    xml[xml.find("<Kind>Goods</Kind><Id>g2") + 3] = '<';
    EXPECT_EQ(read(xml).fault->message.find("item 2: "), 0U) << read(xml).fault->message;
    std::string lines = message(MessageFormat::ndjson);
    lines[lines.find("\"g2\"") + 3] = ' ';
    EXPECT_EQ(read(lines).fault->message.find("item 2: "), 0U);
    EXPECT_EQ(read(lines).told.find("2 "), std::string::npos);
}

std::string in_xml(std::string_view items) {
    const MessageWriter writer(MessageFormat::xml);
    return writer.head(header()) + std::string(items) + writer.tail();
}
std::string in_lines(std::string_view items) {
    return MessageWriter(MessageFormat::ndjson).head(header()) + std::string(items);
}
std::string behind_header(const Reading& outcome) {
    EXPECT_FALSE(outcome.fault) << outcome.fault->message;
    return outcome.told.substr(outcome.told.find('\n') + 1);
}

TEST(Message, OneBadItemDoesNotStopTheRest) {
    EXPECT_EQ(
        behind_header(read(in_xml(
            "<Object><Kind>Coupon</Kind><Id>c</Id><Deleted>false</Deleted><Body><Coupon/></Body>"
            "</Object><Object><Kind>Coupon</Kind><Id>d</Id><Deleted>true</Deleted></Object>"
            "<Object><Kind>Store</Kind><Id>s</Id><Deleted>false</Deleted></Object>"
            "<Object><Kind>Store</Kind><Id>s</Id><Deleted>false</Deleted><Body><Setting><Value/>"
            "</Setting></Body></Object><Object><Kind>Store</Kind><Id>s</Id><Deleted>no</Deleted>"
            "</Object><Wish><Object/></Wish><x:Object xmlns:x='urn:x'><Object/></x:Object>"
            "<Result><DocId>1</DocId></Result><Object><Kind>Store</Kind><Id>t</Id>"
            "<Deleted>true</Deleted></Object>"))),
        "1 refused Coupon c unsupported_kind Body\n2 refused Coupon d unsupported_kind Kind\n"
        "3 refused Store s schema_invalid Body\n4 refused Store s schema_invalid Body\n"
        "5 refused Store s schema_invalid Deleted\n6 refused Wish  unsupported_kind -\n"
        "7 refused Result 1 schema_invalid DocId\n"
        "8 object {\"kind\":\"Store\",\"id\":\"t\",\"deleted\":true}\n");
    EXPECT_EQ(
        behind_header(read(in_lines(
            "{\"object\":{\"kind\":\"Coupon\",\"id\":\"c\",\"deleted\":false,\"body\":{\"coupon\":"
            "{}}}}\n\n{\"wish\":{}}\r\n{\"object\":5}\n"
            "{\"object\":{\"kind\":\"Store\",\"id\":\"t\",\"deleted\":true}}"))),
        "1 refused Coupon c unsupported_kind body\n2 refused Wish  unsupported_kind -\n"
        "3 refused   schema_invalid -\n"
        "4 object {\"kind\":\"Store\",\"id\":\"t\",\"deleted\":true}\n");
}

TEST(Message, RefusesWhatIsNoMessage) {
    for (const std::string_view text :
         {"", "x", "  ", "[]", "{}", "{\"object\":{}}\n", "<a/>", "<SumpMessage/>",
          "<SumpMessage xmlns='urn:sumpd:exchange:1'/>", "<SumpMessage xmlns='urn:sumpd:data:1'/>",
          "{\"sumpMessage\":{}}", "\xEF\xBB\xBF", "\x1F\x8B", "\x1F\x8B\x08garbage",
          "<!DOCTYPE a><a/>"}) {
        const Reading outcome = read(text);
        ASSERT_TRUE(outcome.fault) << text;
        EXPECT_EQ(outcome.told, "") << text;
    }
    EXPECT_TRUE(read(std::string(5000, ' ')).fault);
    std::string later = message(MessageFormat::xml);
    later.replace(later.find("Format=\"1.0\""), 12, "Format=\"2.0\"");
    EXPECT_EQ(read(later).fault->code, FaultCode::unsupported_version);
    EXPECT_EQ(read(later).fault->message.find("header: "), 0U);
    const std::string lines = message(MessageFormat::ndjson);
    EXPECT_TRUE(
        read(lines.substr(0, lines.find('\n') + 1) + "{\"object\":{},\"result\":{}}").fault);
}

TEST(Message, AnItemIsBounded) {
    const auto setting = [](MessageFormat format, std::size_t blanks) {
        const bool xml = format == MessageFormat::xml;
        const std::string item = MessageWriter(format).item(
            Object{.kind = "Setting", .id = "s", .body = Setting{.value = "v"}});
        const std::size_t at = item.find(xml ? "<Id>" : "\"id\"");
        const std::string text = item.substr(0, at) + std::string(blanks, ' ') + item.substr(at);
        return xml ? in_xml(text) : in_lines(text);
    };
    for (const MessageFormat format : kFormats) {
        for (const std::size_t piece : {std::size_t{4096}, std::string_view::npos}) {
            EXPECT_FALSE(read(setting(format, kItemBytesMax - 200), piece).fault);
            const Reading outcome = read(setting(format, kItemBytesMax), piece);
            ASSERT_TRUE(outcome.fault);
            EXPECT_EQ(outcome.fault->code, FaultCode::too_large);
            EXPECT_EQ(outcome.fault->message.find("item 1: "), 0U) << outcome.fault->message;
        }
    }
    const std::string endless = in_xml("<!--" + std::string(2 * kItemBytesMax, 'x') + "-->");
    EXPECT_EQ(read(endless, 4096).fault->code, FaultCode::too_large);
    const auto deep = [](const std::string& inside) {
        return in_xml("<Object>" + inside + "</Object>");
    };
    std::string nested = "x";
    for (int i = 0; i < 30; ++i) {
        nested = "<A>" + nested + "</A>";
    }
    EXPECT_EQ(read(deep(nested)).fault->code, FaultCode::bad_request);
}

TEST(Message, GzipIsBoundedAndChecked) {
    const std::string packed = gzip(message(MessageFormat::xml));
    for (std::size_t at = packed.size() - 8; at < packed.size(); ++at) {
        std::string damaged = packed;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);  // its checksum and its size
        EXPECT_TRUE(read(damaged).fault);
    }
    const std::string blanks = gzip(in_lines(std::string(16 << 20, ' ')));
    EXPECT_EQ(read(blanks).fault->code, FaultCode::too_large);  // 1000 bytes for each packed one

    const std::string xml = message(MessageFormat::xml);
    const std::string members = gzip(xml.substr(0, 100)) + gzip(xml.substr(100));
    EXPECT_EQ(read(members).told, told_of_message());
    EXPECT_TRUE(read(packed + "tail").fault);

    std::size_t unpacked = 0;
    const auto count = [&](std::string_view piece) -> std::optional<Fault> {
        unpacked += piece.size();
        return std::nullopt;
    };
    Gunzip small({.unpacked_max = 100, .ratio_max = 1000});
    EXPECT_EQ(small.feed(gzip(std::string(101, 'a')), count)->code, FaultCode::too_large);
    EXPECT_EQ(unpacked, 0U);
}

TEST(Message, EventsMayStopIt) {
    for (const MessageFormat format : kFormats) {
        Recorder recorder;
        recorder.stop_with = Fault{.code = FaultCode::disk_full, .message = "full"};
        MessageReader reader(recorder);
        const auto fault = reader.feed(message(format));
        ASSERT_TRUE(fault);
        EXPECT_EQ(fault->code, FaultCode::disk_full);
        EXPECT_EQ(fault->message, "item 1: full");
        EXPECT_EQ(reader.finish(), fault);
        EXPECT_EQ(reader.items(), 1);
        EXPECT_EQ(recorder.told.find("2 "), std::string::npos);
    }
}

/// The text behind "```language" in the page.
std::string example_of(const std::string& page, const std::string& language) {
    const std::string fence = "```" + language + "\n";
    const std::size_t begin = page.find(fence) + fence.size();
    return page.substr(begin, page.find("```", begin) - begin);
}

TEST(Message, TheExamplesOfThePageAreMessages) {
    std::ifstream file("docs/formats/exchange-message.md");
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    const Reading xml = read(example_of(page, "xml"));
    const Reading lines = read(example_of(page, "json"));
    EXPECT_FALSE(xml.fault) << xml.fault->message;
    EXPECT_FALSE(lines.fault) << lines.fault->message;
    EXPECT_EQ(xml.told, lines.told);
    EXPECT_NE(xml.told.find("3 verdict"), std::string::npos) << xml.told;
}

TEST(Message, EveryKindTravels) {
    for (const MessageFormat format : kFormats) {
        const MessageWriter writer(format);
        for (std::size_t kind = 0; kind < object_kinds().size(); ++kind) {
            Object object = filled<Object>({true, true, kind});
            object.kind = object_kinds()[kind];
            object.deleted = false;
            MessageDocument document = filled<MessageDocument>({true, true, kind});
            const std::string text =
                writer.head(header()) + writer.item(object) + writer.item(document) + writer.tail();
            EXPECT_EQ(behind_header(read(text)),
                      "1 object " + to_json(object) + "\n2 document " + to_json(document) + "\n");
        }
    }
}

}  // namespace
}  // namespace tillhost::sumpd::exchange
