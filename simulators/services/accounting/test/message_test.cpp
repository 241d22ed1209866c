// Claim: the accounting system knows through kill -9 what it sent and took, and writes messages as
// the contract's page does. Shown: by files that are read again, and ledgers that are opened again.
#include "simulators/services/accounting/message.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "hal/base/bytes.h"
#include "simulators/services/accounting/ledger.h"

namespace tillhost::simulators::accounting {
namespace {

struct AccountingFiles : testing::Test {
    std::string folder = testing::TempDir() + "accounting-files";
    void SetUp() override {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
    }
    std::string written(const MessageForm& form) {
        const MessageHeader header{"ERP", "TILL", 7, 3, "2026-11-27T10:00:00.000+00:00", true};
        auto file = MessageFile::create(folder + "/m", form, header);
        Value object;
        object.set("kind", "Store").set("id", "s1").set("deleted", false);
        object.set("body", Value().set("store", Value().set("name", "A & B")));
        EXPECT_TRUE((*file)->item("object", object).has_value());
        EXPECT_TRUE((*file)->finish().has_value());
        const base::Bytes bytes = *os::read_file(folder + "/m", 1'000'000);
        EXPECT_EQ((*file)->sha256(), os::sha256_hex(bytes));
        EXPECT_EQ((*file)->bytes(), static_cast<std::int64_t>(bytes.size()));
        return base::string_of(bytes);
    }
};

TEST_F(AccountingFiles, MessagesAreThoseOfThePage) {
    EXPECT_EQ(written({}),
              R"({"sumpMessage":{"from":"ERP","to":"TILL","messageNo":7,"ackNo":3,)"
              R"("createdAt":"2026-11-27T10:00:00.000+00:00","format":"1.0","full":true}})"
              "\n"
              R"({"object":{"kind":"Store","id":"s1","deleted":false,)"
              R"("body":{"store":{"name":"A & B"}}}})"
              "\n");
    const std::string xml = written({.xml = true, .bom = true});
    EXPECT_TRUE(xml.starts_with("\xEF\xBB\xBF<?xml"));
    EXPECT_NE(xml.find("<Object><Kind>Store</Kind><Id>s1</Id><Deleted>false</Deleted><Body><Store>"
                       "<Name>A &amp; B</Name></Store></Body></Object>\n</SumpMessage>\n"),
              std::string::npos);
    EXPECT_TRUE(written({.gzip = true}).starts_with("\x1F\x8B"));
}

TEST_F(AccountingFiles, BothFormsOfADocumentAreRead) {
    const auto lines = read_message(
        "{\"sumpMessage\":{\"messageNo\":4,\"ackNo\":2}}\n\n{\"document\":{\"docId\":\"d\"}}\n");
    const auto xml = read_message(
        "<SumpMessage MessageNo=\"4\" AckNo=\"2\"><Document><DocId>d</DocId></Document>"
        "</SumpMessage>");
    for (const auto* message : {&lines, &xml}) {
        ASSERT_TRUE(message->has_value());
        EXPECT_EQ((*message)->message_no, 4);
        ASSERT_EQ((*message)->documents.size(), 1U);
        EXPECT_EQ((*message)->documents[0].text_of("docId"), "d");
    }
    for (const char* wrong : {"", "{}", "<a/>", "{\"document\":{}}\n", "<SumpMessage"}) {
        EXPECT_FALSE(read_message(wrong).has_value()) << wrong;
    }
}

TEST_F(AccountingFiles, TheLedgerOutlivesItsProgramAndAnOldBackupDoesNot) {
    auto ledger = *Ledger::open(folder, 5);
    const Value one = Value().set("docId", "d1").set("a", 1);
    const Value other = Value().set("docId", "d1").set("a", 2);
    ASSERT_TRUE(ledger->receive(1, {one}).has_value());
    ASSERT_TRUE(ledger->receive(2, {one, Value().set("docId", "d2")}).has_value());
    const Plan plan{.full = true, .goods = 3, .users = 1, .first = 2, .changed = 1};
    ASSERT_TRUE(ledger->make({.number = 9, .id = "m"}, plan).has_value());
    ledger = *Ledger::open(folder, 5);
    EXPECT_EQ(ledger->received_no(), 2);
    EXPECT_EQ(ledger->sent_no(), 9);
    EXPECT_TRUE(ledger->unfinished());
    EXPECT_EQ(ledger->documents().at("d1").times, 2);
    EXPECT_FALSE(ledger->documents().at("d1").differs);
    EXPECT_EQ(ledger->assortment().revision, (std::vector<std::uint32_t>{0, 1, 0}));
    ASSERT_TRUE(ledger->receive(3, {other}).has_value());
    EXPECT_TRUE(ledger->documents().at("d1").differs);
    ASSERT_TRUE(ledger->forget(2).has_value());
    EXPECT_EQ(ledger->received_no(), 1);
    EXPECT_EQ(ledger->documents().size(), 1U);
}

TEST(Assortment, TheSameNumbersGiveTheSameObjects) {
    Assortment assortment{.goods = 4, .users = 2, .tasks = 3, .seed = 8, .revision = {}};
    std::vector<std::string> kinds;
    const auto sink = [&](const Value& object) {
        kinds.push_back(object.text_of("kind"));
        return base::Done{};
    };
    ASSERT_TRUE(each_object(assortment, sink).has_value());
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "Price"), 4);
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "User"), 2);
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "Task"), 3);
    EXPECT_EQ(holdings_of(assortment).number_of("count"), 12);
    const std::string before = holdings_of(assortment).text_of("sum");
    assortment.revision = {0, 0, 1, 0};
    EXPECT_NE(holdings_of(assortment).text_of("sum"), before);
}

}  // namespace
}  // namespace tillhost::simulators::accounting
