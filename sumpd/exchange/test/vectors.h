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

inline constexpr std::string_view kGoldenSha256 =
    "53542d155d53234e56d63d4cfbba9273c91a2089311a2bfa5820f6cbed22dc68";

}  // namespace tillhost::sumpd::exchange
