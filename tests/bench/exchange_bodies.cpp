#include "tests/bench/exchange_bodies.h"

#include <fmt/format.h>

namespace tillhost::bench {
namespace {

constexpr int kLines = 12;

std::string doc_id(std::int64_t number) {
    return fmt::format("0190f5c4-6f6e-7cc1-9f0a-{:012d}", number);
}

std::string json_lines() {
    std::string text;
    for (int i = 0; i < kLines; ++i) {
        text += fmt::format(
            R"({}{{"goods":{{"goodsId":"goods-{:06d}"}},"qty":"1.000","price":"100.00",)"
            R"("discount":"0.00","sum":"100.00","vat":"vat20","barcode":"4600000{:06d}"}})",
            i == 0 ? "" : ",", i * 37, i * 37);
    }
    return text;
}

std::string xml_lines() {
    std::string text;
    for (int i = 0; i < kLines; ++i) {
        text += fmt::format(
            "<Line><Goods><GoodsId>goods-{:06d}</GoodsId></Goods><Qty>1.000</Qty>"
            "<Price>100.00</Price><Discount>0.00</Discount><Sum>100.00</Sum><Vat>vat20</Vat>"
            "<Barcode>4600000{:06d}</Barcode></Line>",
            i * 37, i * 37);
    }
    return text;
}

}  // namespace

std::string put_as_json(const ReceiptNumbers& numbers) {
    static const std::string lines = json_lines();
    return fmt::format(
        R"({{"document":[{{"docId":"{}","deviceSeq":{},"schemaVersion":1,)"
        R"("createdAt":"2026-11-27T10:00:00.000+03:00","userId":"u1","body":{{"receipt":{{)"
        R"("number":"{}","shift":"1","type":"sale","storeId":"s1","line":[{}],)"
        R"("payment":[{{"typeId":"cash","amount":"1200.00"}}],"total":"1200.00",)"
        R"("fiscal":{{"registrar":"kassa","fnNumber":"9289000100000001","fdNumber":{},)"
        R"("fpd":"1234567890","at":"2026-11-27T10:00:00.000+03:00"}},)"
        R"("discountsOffline":false}}}}}}]}})",
        doc_id(numbers.document), numbers.device_seq, numbers.device_seq, lines,
        numbers.device_seq);
}

std::string put_as_soap(const ReceiptNumbers& numbers) {
    static const std::string lines = xml_lines();
    return fmt::format(
        R"(<?xml version="1.0" encoding="UTF-8"?>)"
        R"(<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>)"
        R"(<PutDocuments xmlns="urn:sumpd:exchange:1"><Document><DocId>{}</DocId>)"
        "<DeviceSeq>{}</DeviceSeq><SchemaVersion>1</SchemaVersion>"
        "<CreatedAt>2026-11-27T10:00:00.000+03:00</CreatedAt><UserId>u1</UserId><Body><Receipt>"
        "<Number>{}</Number><Shift>1</Shift><Type>sale</Type><StoreId>s1</StoreId>{}"
        "<Payment><TypeId>cash</TypeId><Amount>1200.00</Amount></Payment><Total>1200.00</Total>"
        "<Fiscal><Registrar>kassa</Registrar><FnNumber>9289000100000001</FnNumber>"
        "<FdNumber>{}</FdNumber><Fpd>1234567890</Fpd><At>2026-11-27T10:00:00.000+03:00</At>"
        "</Fiscal><DiscountsOffline>false</DiscountsOffline></Receipt></Body></Document>"
        "</PutDocuments></e:Body></e:Envelope>",
        doc_id(numbers.document), numbers.device_seq, numbers.device_seq, lines,
        numbers.device_seq);
}

std::string goods_message(int count, int edition) {
    std::string text;
    for (int i = 0; i < count; ++i) {
        text += fmt::format(
            R"({{"object":{{"kind":"Goods","id":"goods-{:06d}","deleted":false,"body":{{"goods":{{)"
            R"("code":"{:06d}","name":"Молоко пастеризованное {} 3,2 %, 1 л, издание {}",)"
            R"("article":"A-{:06d}","unit":"796","group":"group-{}","vat":"vat10",)"
            R"("type":"piece"}}}}}}}})"
            "\n",
            i, i, i, edition, i, i % 100);
    }
    return text;
}

}  // namespace tillhost::bench
