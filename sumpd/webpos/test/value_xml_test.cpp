// Claim: the contract's values are the same in XML as in JSON, whatever they are made of; what is
// no such value is refused with the field that is wrong.
// Shown: elements are read by the schema's shapes, compared with the JSON that says the same, and
// written again.
#include "sumpd/webpos/value_xml.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ipc/contract/decoder.h"
#include "ipc/contract/messages.h"
#include "ipc/json.h"
#include "sumpd/exchange/xml_tree.h"
#include "sumpd/webpos/plain_bytes.h"

namespace tillhost::sumpd::webpos {
namespace {

using contract::RequestKind;
using contract::Value;

base::Result<Value> read(std::string_view inside, RequestKind kind = RequestKind::submit) {
    const std::string text = fmt::format(
        "<x xmlns=\"urn:tillhost:devices:1\" "
        "xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">{}</x>",
        inside);
    return value_from_xml(exchange::xml_tree(text, exchange::kRequestBounds).value(),
                          contract::request_shape(kind));
}

std::string refused(std::string_view inside, RequestKind kind = RequestKind::submit) {
    const auto value = read(inside, kind);
    EXPECT_FALSE(value.has_value()) << inside;
    return value ? "" : base::to_text(value.error());
}

std::string written(const Value& value) {
    std::string text;
    append_xml(text, "x", value);
    return text;
}

constexpr std::string_view kReceipt = R"(
    <device>kassa</device>
    <command><receipt>
      <lines><name> two  blanks </name><quantity_units>1000</quantity_units>
        <price_minor> 12000 </price_minor></lines>
      <lines><name>&lt;b&gt;</name><quantity_units>2000</quantity_units>
        <price_minor>-5</price_minor></lines>
    </receipt></command>
    <force>1</force><operation_id> 0190b8f2-0000-7000-8000-000000000001 </operation_id>)";

TEST(ValueXml, SaysTheSameAsJson) {
    // In the order of the schema, whatever the order of the elements.
    EXPECT_EQ(ipc::to_json(read(kReceipt).value(), -1),
              R"({"operation_id":"0190b8f2-0000-7000-8000-000000000001","device":"kassa",)"
              R"("command":{"receipt":{"lines":[{"name":" two  blanks ","price_minor":12000,)"
              R"("quantity_units":1000},{"name":"<b>","price_minor":-5,"quantity_units":2000}],)"
              R"("payments":[]}},)"
              R"("force":true})");
}

TEST(ValueXml, EveryKindOfFieldIsReadByItsShape) {
    EXPECT_EQ(ipc::to_json(read("<device>e</device><query><echo><payload> 00fF </payload></echo>"
                                "</query>",
                                RequestKind::query)
                               .value(),
                           -1),
              R"({"device":"e","query":{"echo":{"payload":"00fF"}}})");
    EXPECT_EQ(ipc::to_json(read("<command><x_report/></command>").value(), -1),
              R"({"command":{"x_report":{}}})");
    EXPECT_EQ(
        ipc::to_json(
            read("<verdict> executed </verdict><version>0</version>", RequestKind::decide).value(),
            -1),
        R"({"version":0,"verdict":"executed"})");
    EXPECT_EQ(
        ipc::to_json(read("<unset>a</unset><unset/>", RequestKind::configure_device).value(), -1)
                .find(R"("unset":["a",""])") != std::string::npos,
        true);
    EXPECT_EQ(*read("", RequestKind::devices).value().get_if<Value::Map>(), Value::Map());
}

TEST(ValueXml, WhatIsNotSaidIsAbsent) {
    EXPECT_EQ(read(R"(<device i:nil="true"/><lease i:nil="1"/><colour>red</colour>)").value(),
              Value(Value::Map()));
}

TEST(ValueXml, WhatIsWrongIsNamed) {
    const auto begins = [](const std::string& text, std::string_view with) {
        EXPECT_EQ(text.substr(0, with.size()), with);
    };
    const auto line = [](std::string_view inside) {
        return refused(
            fmt::format("<command><receipt><lines/><lines>{}</lines></receipt></command>", inside));
    };
    begins(line("<price_minor>1.5</price_minor>"),
           "bad_field: command.receipt.lines[1].price_minor: an integer");
    begins(line("<price_minor/>"), "bad_field: command.receipt.lines[1].price_minor: an integer");
    begins(line("<price_minor>9223372036854775808</price_minor>"),
           "bad_field: command.receipt.lines[1].price_minor: an integer");
    begins(line("<price_minor><x/></price_minor>"),
           "bad_field: command.receipt.lines[1].price_minor: text, not elements");
    begins(line("<price_minor>1</price_minor><price_minor>1</price_minor>"),
           "bad_field: command.receipt.lines[1].price_minor: once");
    begins(line(R"(<price_minor xmlns="">1</price_minor>)"),
           "bad_field: command.receipt.lines[1].price_minor: an element of the namespace urn:");
    begins(line("1"), "bad_field: command.receipt.lines[1]: elements, not text");
    begins(refused("<force>yes</force>"), "bad_field: force: true or false");
    begins(refused("<command><x_report/><cut_paper/></command>"),
           "bad_field: command: exactly one of receipt, ");
    begins(refused("<command/>"), "bad_field: command: exactly one of receipt, ");
    begins(refused("<command><dance/></command>"), "bad_field: command: one of receipt, ");
    begins(refused("text"), "bad_field: x: elements, not text");
}

TEST(ValueXml, WhatIsWrittenIsReadAgain) {
    const Value value = read(kReceipt).value();
    const std::string text = written(value);
    EXPECT_EQ(read(text.substr(3, text.size() - 7)).value(), value) << text;
    Value::Map map;
    map.emplace_back("text", Value(std::string("<&>\r\n\x01\xff")));
    map.emplace_back("none", Value());
    map.emplace_back("bytes", Value(base::Bytes{base::byte(0), base::byte(255)}));
    map.emplace_back("list", Value(Value::Array{Value(std::int64_t{1}), Value(true)}));
    map.emplace_back("empty", Value(Value::Array{}));
    EXPECT_EQ(written(Value(map)),
              "<x><text>&lt;&amp;&gt;&#13;\n\xEF\xBF\xBD\xEF\xBF\xBD</text><bytes>00FF</bytes>"
              "<list>1</list><list>true</list></x>");
}

TEST(ValueXml, BytesOfAReplyHaveNoBlanks) {
    const contract::TypeShape& shape = contract::reply_shape(RequestKind::query);
    const auto plain = [&](const char* json) {
        return ipc::to_json(with_plain_bytes(ipc::from_json(json).value(), shape), -1);
    };
    EXPECT_EQ(plain(R"({"echo":{"payload":"00 FF 7A"}})"), R"({"echo":{"payload":"00FF7A"}})");
    EXPECT_EQ(plain(R"({"fiscal":{"reason":"a text"},"echo":7,"new":"a b"})"),
              R"({"fiscal":{"reason":"a text"},"echo":7,"new":"a b"})");
}

// Every request of the contract has its shape: what a decoder reads of it is what it is made of.
TEST(ValueXml, TheShapesAreThoseOfTheDecoders) {
    const contract::TypeShape& submit = contract::request_shape(RequestKind::submit);
    EXPECT_EQ(submit.name, "SubmitRequest");
    const auto decoded =
        contract::from_value<contract::SubmitRequest>(read(kReceipt).value()).error();
    EXPECT_EQ(base::to_text(decoded).substr(0, 18), "bad_field: session");
    EXPECT_TRUE(contract::request_shape(RequestKind::unspecified).fields.empty());
}

}  // namespace
}  // namespace tillhost::sumpd::webpos
