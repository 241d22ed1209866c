#pragma once

#include <string_view>

#include "sumpd/exchange/documents.h"

// One document in every encoding: each must be read as golden_document() and hash the same.
namespace tillhost::sumpd::exchange {

inline Document golden_document() {
    Receipt receipt{.number = "12",
                    .shift = "3",
                    .type = ReceiptType::sale,
                    .store_id = "s1",
                    .lines = {{.goods = {.goods_id = "g1", .pack_id = "p"},
                               .qty = {1500},
                               .price = {8500},
                               .discount = {0},
                               .sum = {12750},
                               .vat = Vat::vat_10,
                               .mark = "0104600000000000215<&\"'>]]>",
                               .barcode = "4600000000000"}},
                    .payments = {{.type_id = "cash", .amount = {12750}}},
                    .total = {12750},
                    .fiscal = FiscalSign{.registrar = "kkt",
                                         .fn_number = "9999078900001234",
                                         .fd_number = 41,
                                         .fpd = "1234567890",
                                         .at = {1'795'762'801'250, 180}},
                    .discounts_offline = true};
    return Document{.doc_id = {"0190f5c4-6f6e-7cc1-9f0a-5b8c4d1e2f30"},
                    .device_seq = 7,
                    .schema_version = 1,
                    .created_at = {1'795'762'800'000, 180},
                    .user_id = "u1",
                    .body = std::move(receipt)};
}

inline constexpr std::string_view kGoldenJson =
    R"({"docId":"0190f5c4-6f6e-7cc1-9f0a-5b8c4d1e2f30","deviceSeq":7,"schemaVersion":1,)"
    R"("createdAt":"2026-11-27T10:00:00.000+03:00","userId":"u1","body":{"receipt":{)"
    R"("number":"12","shift":"3","type":"sale","storeId":"s1","line":[{"goods":{"goodsId":"g1",)"
    R"("packId":"p"},"qty":"1.500","price":"85.00","discount":"0.00","sum":"127.50",)"
    R"("vat":"vat10","mark":"0104600000000000215<&\"'>]]>","barcode":"4600000000000"}],)"
    R"("payment":[{"typeId":"cash","amount":"127.50"}],"total":"127.50","fiscal":{)"
    R"("registrar":"kkt","fnNumber":"9999078900001234","fdNumber":41,"fpd":"1234567890",)"
    R"("at":"2026-11-27T10:00:01.250+03:00"},"discountsOffline":true}}})";

/// Other order, blanks, shorter decimals, escapes, upper-case UUID, nulls and unknown fields.
inline constexpr std::string_view kGoldenJsonOtherwise = R"( {
  "body": {"receipt": {"discountsOffline": true, "total": "127.5", "utm": null,
    "payment": [{"amount": "127.5", "typeId": "\u0063ash", "color": "blue"}],
    "line": [{"barcode": "4600000000000", "mark": "0104600000000000215\u003c&\"'>]]>",
      "vat": "vat10", "sum": "127.5", "discount": "0", "price": "85", "qty": "1.5",
      "goods": {"packId": "p", "goodsId": "g1"}}],
    "fiscal": {"at": "2026-11-27T10:00:01.25+03:00", "fpd": "1234567890", "fdNumber": 41,
      "fnNumber": "9999078900001234", "registrar": "kkt"},
    "storeId": "s1", "type": "sale", "shift": "3", "number": "12"}},
  "userId": "u1", "createdAt": "2026-11-27T10:00:00+03:00", "schemaVersion": 1, "deviceSeq": 7,
  "future": {"a": [1, 2.5e3, false, null]},
  "docId": "0190F5C4-6F6E-7CC1-9F0A-5B8C4D1E2F30"} )";

inline constexpr std::string_view kGoldenXml =
    "<Document xmlns=\"urn:sumpd:exchange:1\"><DocId>0190f5c4-6f6e-7cc1-9f0a-5b8c4d1e2f30</DocId>"
    "<DeviceSeq>7</DeviceSeq><SchemaVersion>1</SchemaVersion>"
    "<CreatedAt>2026-11-27T10:00:00.000+03:00</CreatedAt><UserId>u1</UserId><Body><Receipt>"
    "<Number>12</Number><Shift>3</Shift><Type>sale</Type><StoreId>s1</StoreId><Line><Goods>"
    "<GoodsId>g1</GoodsId><PackId>p</PackId></Goods><Qty>1.500</Qty><Price>85.00</Price>"
    "<Discount>0.00</Discount><Sum>127.50</Sum><Vat>vat10</Vat>"
    "<Mark>0104600000000000215&lt;&amp;\"'&gt;]]&gt;</Mark><Barcode>4600000000000</Barcode></Line>"
    "<Payment><TypeId>cash</TypeId><Amount>127.50</Amount></Payment><Total>127.50</Total><Fiscal>"
    "<Registrar>kkt</Registrar><FnNumber>9999078900001234</FnNumber><FdNumber>41</FdNumber>"
    "<Fpd>1234567890</Fpd><At>2026-11-27T10:00:01.250+03:00</At></Fiscal>"
    "<DiscountsOffline>true</DiscountsOffline></Receipt></Body></Document>";

/// The children of the element Document, of prefix n; CDATA, blanks, nil, foreign elements.
inline constexpr std::string_view kGoldenXmlOtherwise = R"(
  <n:Body><!-- a comment --><n:Receipt>
    <n:DiscountsOffline> 1 </n:DiscountsOffline><n:Total>127.5</n:Total>
    <n:Utm xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>
    <n:Line><n:Barcode>4600000000000</n:Barcode>
      <n:Mark><![CDATA[0104600000000000215<&"'>]]]><![CDATA[]>]]></n:Mark><n:Vat>vat10</n:Vat>
      <n:Sum>127.5</n:Sum><n:Discount>0</n:Discount><n:Price>85</n:Price><n:Qty> 1.5 </n:Qty>
      <n:Goods><n:PackId>p</n:PackId><n:GoodsId>g1</n:GoodsId></n:Goods></n:Line>
    <n:Payment><n:Amount>127.5</n:Amount><n:TypeId>&#99;ash</n:TypeId></n:Payment>
    <n:Fiscal><n:At>2026-11-27T10:00:01.25+03:00</n:At><n:Fpd>1234567890</n:Fpd>
      <n:FdNumber>+041</n:FdNumber><n:FnNumber>9999078900001234</n:FnNumber>
      <n:Registrar>kkt</n:Registrar></n:Fiscal>
    <n:StoreId>s1</n:StoreId><n:Type> sale </n:Type><n:Shift>3</n:Shift>
    <n:Number>12</n:Number><n:Future>2</n:Future><Number xmlns="urn:foreign">13</Number>
  </n:Receipt></n:Body>
  <n:UserId>u1</n:UserId><n:CreatedAt>2026-11-27T10:00:00+03:00</n:CreatedAt>
  <n:SchemaVersion>1</n:SchemaVersion><n:DeviceSeq>7</n:DeviceSeq>
  <n:DocId>
    0190F5C4-6F6E-7CC1-9F0A-5B8C4D1E2F30
  </n:DocId>)";

inline constexpr std::string_view kGoldenSha256 =
    "53542d155d53234e56d63d4cfbba9273c91a2089311a2bfa5820f6cbed22dc68";

}  // namespace tillhost::sumpd::exchange
