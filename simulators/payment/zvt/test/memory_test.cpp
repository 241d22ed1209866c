// Claim: what the terminal has told the till outlives power and kill -9, and what it had not heard
// confirmed goes the way of the policy. Shown by stores that the next terminal is given.
#include <filesystem>

#include "simulators/payment/zvt/memory.h"
#include "simulators/payment/zvt/test/till.h"

namespace tillhost::simulators::zvt {
namespace {

using std::chrono::seconds;

TEST(ZvtMemory, TransactionsAndCountersOutliveTheProgram) {
    Till till;
    till.talk(kRegisterCompose);
    const std::string paid = first_with(till.talk(kPay), "04 0F");
    till.restart();
    EXPECT_EQ(till.money(), 1234);
    EXPECT_EQ(till.talk(kPay).back(), "06 1E 01 6B");  // the registration has not
    till.talk(kRegisterCompose);
    EXPECT_EQ(till.talk(kResync)[1], paid);
    EXPECT_EQ(field_of(first_with(till.talk(kPay), "04 0F"), 0x87), "00 02");
}

TEST(ZvtMemory, APendingPaymentIsTakenBackByTheNextLife) {
    Till till;
    till.talk(kRegisterCompose);
    ASSERT_TRUE(till.talk_until(kPay, "04 0F"));
    till.restart();
    till.pass(seconds(3));
    EXPECT_EQ(till.money(), 0);
    ASSERT_EQ(till.terminal().transactions().size(), 1U);
    EXPECT_EQ(till.terminal().transactions()[0].state, CardTransactionState::auto_reversed);
}

TEST(ZvtMemory, AKeptOneStandsInTheNextLife) {
    Till till({.policy = Policy::keep});
    till.talk(kRegisterCompose);
    ASSERT_TRUE(till.talk_until(kPay, "04 0F"));
    till.restart();
    EXPECT_EQ(till.money(), 1234);
}

TEST(ZvtMemory, AFileOutlivesItAndIsRefusedToAnotherFamily) {
    const std::string path = testing::TempDir() + "zvt_memory_test";
    std::filesystem::remove(path);
    {
        Till till({.store = *FileFiscalStore::open(path, "payment/zvt", Durability::disk)});
        till.talk(kRegisterCompose);
        till.talk(kPay);
        ASSERT_TRUE(till.talk_until(kPay, "04 0F"));
    }
    {
        const auto again = FileFiscalStore::open(path, "payment/zvt", Durability::disk);
        ASSERT_TRUE(again);
        const auto content = (*again)->load();
        EXPECT_EQ(content->documents.size(), 1U);
        const auto counters = decode_counters(content->state);
        ASSERT_TRUE(counters && counters->pending);
        EXPECT_EQ(counters->pending->amount_minor, 1234);
        EXPECT_EQ(counters->pending->receipt_number, 2);
    }
    EXPECT_FALSE(FileFiscalStore::open(path, "fiscal/shtrih"));
    std::filesystem::remove(path);
}

TEST(ZvtMemory, RecordsComeOutAsTheyWentInAndNothingElseIsRead) {
    const CardTransaction transaction{.kind = CardTransactionKind::reversal,
                                      .state = CardTransactionState::declined,
                                      .number = 7,
                                      .receipt_number = 9999,
                                      .trace_number = 12,
                                      .turnover_number = 13,
                                      .original_trace = 11,
                                      .amount_minor = 999'999'999'999,
                                      .date_time_ms = 1'780'000'000'000,
                                      .pan = "****1",
                                      .card_name = "V PAY",
                                      .card_type = 13,
                                      .local = true};
    const base::Bytes record = encode_transaction(transaction);
    EXPECT_EQ(decode_transaction(record), transaction);
    EXPECT_FALSE(decode_transaction(base::ByteView(record).first(record.size() - 1)));
    const Counters counters{
        .receipt = 1, .trace = 2, .turnover = 3, .lock = 4, .pending = transaction};
    EXPECT_EQ(decode_counters(encode_counters(counters)), counters);
    const auto store = std::make_shared<MemoryFiscalStore>();
    const base::Bytes gap = encode_transaction(transaction);  // number 7 without 1 to 6
    ASSERT_TRUE(store->commit({.documents = std::span(&gap, 1)}));
    EXPECT_FALSE(make_zvt_terminal({.store = store}));
}

TEST(ZvtMemory, PowerInTheMiddleOfAPaymentTakesItBack) {
    Till till;
    till.talk(kRegisterCompose);
    ASSERT_TRUE(till.talk_until(kPay, "04 FF 01 0E"));
    till.terminal().power(false, till.now());
    till.pass(seconds(1));
    till.terminal().power(true, till.now());
    till.open();
    EXPECT_TRUE(till.terminal().transactions().empty());  // the host was never asked
    EXPECT_EQ(till.talk(kPay).back(), "06 1E 01 6B");
    till.talk(kRegisterCompose);
    ASSERT_TRUE(till.talk_until(kPay, "04 0F"));
    till.terminal().power(false, till.now());
    till.terminal().power(true, till.now());
    till.open();
    EXPECT_EQ(till.talk(kStatusShort).back(), "06 0F 01 9C");
    till.pass(seconds(3));
    EXPECT_EQ(till.money(), 0);
}

}  // namespace
}  // namespace tillhost::simulators::zvt
