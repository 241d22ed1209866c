// Claim: what a phone does next is what it had written down, wherever it was killed.
// Shown: by memories that are opened again behind each step, and with a line that was cut.
#include "simulators/services/apps/memory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "simulators/services/apps/feed.h"
#include "simulators/services/apps/invitation.h"

namespace tillhost::simulators::apps {
namespace {

constexpr std::int64_t kNow = 1'795'812'837'000;

struct PhoneMemory : testing::Test {
    std::string folder = testing::TempDir() + "phone-memory";
    std::unique_ptr<Memory> memory;
    void SetUp() override {
        std::filesystem::remove_all(folder);
        open();
    }
    void open() {
        auto opened = Memory::open(folder, kNow);
        ASSERT_TRUE(opened.has_value()) << base::to_text(opened.error());
        memory = std::move(*opened);
    }
    void begin_sale(bool card) {
        Sale sale{.number = memory->last_sale() + 1, .total_minor = 500, .card = card};
        sale.registrar = "kassa";
        sale.lines.push_back(Value().set("goodsId", "g1").set("priceMinor", 500));
        ASSERT_TRUE(memory->begin_sale(sale).has_value());
    }
    static Value document(std::int64_t seq, const std::string& id) {
        return Value().set("docId", id).set("deviceSeq", seq);
    }
};

TEST_F(PhoneMemory, ACommandIsThereBeforeAnybodyHearsOfIt) {
    begin_sale(true);
    ASSERT_TRUE(memory->begin_command({"id-1", "pay", "pos", "authorise", "{}"}).has_value());
    open();
    ASSERT_TRUE(memory->sale().has_value() && memory->sale()->pay.has_value());
    EXPECT_EQ(memory->sale()->pay->id, "id-1");
    EXPECT_EQ(memory->sale()->pay->state, "");
    ASSERT_TRUE(memory->end_command("id-1", "done", Value().set("a", 1), "").has_value());
    open();
    EXPECT_EQ(memory->sale()->pay->state, "done");
    EXPECT_EQ(memory->sale()->pay->result.number_of("a"), 1);
}

TEST_F(PhoneMemory, ADocumentEndsTheSaleAndWaitsUntilItIsAnswered) {
    begin_sale(false);
    ASSERT_TRUE(memory->add_document(document(1, "d1"), 1, "", false).has_value());
    ASSERT_TRUE(memory->add_document(document(2, "d2"), 0, "t1", false).has_value());
    open();
    EXPECT_FALSE(memory->sale().has_value());
    EXPECT_EQ(memory->next_seq(), 3);
    EXPECT_EQ(memory->queue().size(), 2U);
    EXPECT_TRUE(memory->did_task("t1"));
    ASSERT_TRUE(memory->answered("d1", "duplicate").has_value());
    ASSERT_TRUE(memory->answered("d2", "conflict").has_value());
    open();
    EXPECT_TRUE(memory->queue().empty());
    EXPECT_EQ(memory->set_aside(), 1);
}

TEST_F(PhoneMemory, NumbersGoOnBehindWhatTheServerKnowsAndBehindItsOwn) {
    ASSERT_TRUE(memory->enrolled({.device_id = "d", .device_key = "k"}).has_value());
    EXPECT_EQ(memory->next_seq(), 1);
    ASSERT_TRUE(memory->add_document(document(1, "d1"), 0, "", false).has_value());
    ASSERT_TRUE(memory->reinstall(kNow).has_value());
    EXPECT_EQ(memory->next_seq(), 1);
    ASSERT_TRUE(memory->enrolled({.device_id = "d", .device_key = "l", .last_seq = 7}).has_value());
    EXPECT_EQ(memory->next_seq(), 8);
    open();
    EXPECT_EQ(memory->next_seq(), 8);
    ASSERT_TRUE(memory->add_document(document(8, "d8"), 0, "", false).has_value());
    ASSERT_TRUE(memory->enrolled({.device_id = "d", .device_key = "m", .last_seq = 7}).has_value());
    EXPECT_EQ(memory->next_seq(), 9) << "it was not wiped: what waits has its number";
}

TEST_F(PhoneMemory, ALineThatWasCutIsNotThere) {
    begin_sale(false);
    memory.reset();
    std::ofstream(folder + "/phone.diary", std::ios::app) << R"({"document":{"docId":"d1)";
    open();
    EXPECT_TRUE(memory->queue().empty());
    ASSERT_TRUE(memory->add_document(document(1, "d2"), 1, "", false).has_value());
    open();
    EXPECT_EQ(memory->queue().size(), 1U);
}

TEST_F(PhoneMemory, AReinstalledAppKeepsTheTelephoneOnly) {
    const std::string install_id = memory->install_id();
    ASSERT_TRUE(memory->enrolled({"https://a", "p", "d", "k"}).has_value());
    ASSERT_TRUE(memory->add_document(document(1, "d1"), 0, "", false).has_value());
    ASSERT_TRUE(memory->reinstall(kNow).has_value());
    EXPECT_EQ(memory->install_id(), install_id);
    EXPECT_FALSE(memory->enrolment().has_value());
    EXPECT_EQ(memory->next_seq(), 1);
    open();
    EXPECT_EQ(memory->install_id(), install_id);
    EXPECT_TRUE(memory->queue().empty());
}

TEST_F(PhoneMemory, AFeedIsItsPacketsAndTheirCursor) {
    const auto object = [](const char* kind, const char* id, const char* part, Value body) {
        Value one;
        one.set("kind", kind).set("id", id).set("deleted", false);
        return one.set("body", Value().set(part, std::move(body)));
    };
    Value packet;
    packet.set("cursor", "c1").set("more", true);
    packet.add("object", object("Goods", "g1", "goods", Value().set("name", "Tea")));
    const auto feed = Feed::open(folder);
    ASSERT_TRUE(feed.has_value() && (*feed)->take(packet).has_value());
    Value price = Value().set("value", "2.50").set("goods", Value().set("goodsId", "g1"));
    Value second;
    second.set("cursor", "c2").set("more", false);
    ASSERT_TRUE((*feed)
                    ->take(second.add("object", object("Price", "retail:g1", "price", price)))
                    .has_value());
    const auto again = Feed::open(folder);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ((*again)->cursor(), "c2");
    EXPECT_TRUE((*again)->whole());
    ASSERT_NE((*again)->choose(5), nullptr);
    EXPECT_EQ((*again)->choose(5)->price_minor, 250);
    EXPECT_EQ(json_of((*again)->holdings().told()), json_of((*feed)->holdings().told()));
    Value gone;
    gone.set("kind", "Price").set("id", "retail:g1").set("deleted", true);
    ASSERT_TRUE((*again)
                    ->take(Value().set("cursor", "c3").set("more", false).add("object", gone))
                    .has_value());
    EXPECT_EQ((*again)->choose(5), nullptr);
}

TEST(Invitation, IsReadOrRefused) {
    const auto read =
        read_invitation("sump://enroll?v=1&u=https%3A%2F%2Fa%3A1&t=tok&p=00ff&n=Shop%2012&e=1");
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->url, "https://a:1");
    EXPECT_EQ(read->server_name, "Shop 12");
    EXPECT_EQ(read_invitation("sump://enroll?v=2&u=a&t=b&p=c").error().code,
              base::ErrorCode::wrong_version);
    for (const char* wrong :
         {"", "https://a", "sump://enroll?v=1&u=a&t=b", "sump://enroll?v=1&u=%"}) {
        EXPECT_FALSE(read_invitation(wrong).has_value()) << wrong;
    }
}

}  // namespace
}  // namespace tillhost::simulators::apps
