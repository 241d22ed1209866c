// Claim: receipts follow the money rules: what is refused, in which order, and what is booked.
// Shown by dialogues in bytes, and by the fiscal memory and the registers behind them.
#include <gtest/gtest.h>

#include "simulators/fiscal/shtrih/test/host.h"

namespace tillhost::simulators::shtrih {
namespace {

/// FF46h with the fields that the tests vary.
struct Position {
    std::uint8_t type = 1;
    std::uint64_t micro = 1'000'000;
    std::uint64_t price = 1000;
    std::uint64_t sum = 0xFF'FFFF'FFFF;
    std::uint8_t vat = 1;
    std::uint8_t department = 1;
    std::uint32_t password = 30;
};

std::string position(const Position& fields) {
    base::ByteWriter writer;
    writer.u8(0xFF).u8(0x46).u32_le(fields.password).u8(fields.type).uint_le(fields.micro, 6);
    writer.uint_le(fields.price, 5).uint_le(fields.sum, 5).fill(base::byte(0xFF), 5);
    writer.u8(fields.vat).u8(fields.department).u8(4).u8(1).u8('x');
    return base::to_hex(writer.bytes());
}

class Receipt : public testing::Test {
protected:
    void SetUp() override { host_.done(kOpenShift); }

    std::int64_t cash_register(unsigned number) {
        base::ByteWriter ask;
        ask.u8(0x1A).u32_le(30).u8(number);
        const base::Bytes answer = *base::from_hex(host_.ask(base::to_hex(ask.bytes())));
        base::ByteReader reader(base::ByteView(answer).subspan(3));
        return static_cast<std::int64_t>(reader.uint_le(6));
    }
    unsigned operation_register(unsigned number) {
        base::ByteWriter ask;
        ask.u8(0x1B).u32_le(30).u8(number);
        const base::Bytes answer = *base::from_hex(host_.ask(base::to_hex(ask.bytes())));
        return base::ByteReader(base::ByteView(answer).subspan(3)).u16_le();
    }
    const FiscalDocument& last() { return host_.device().documents().back(); }

    Host host_;
};

TEST_F(Receipt, IsRegisteredWithItsLinesPaymentsAndChange) {
    host_.done(kMilk);
    host_.done(kCheese);
    EXPECT_EQ(host_.done(close_message(10000, 20000)).substr(0, 23), "FF 45 00 79 13 00 00 00");
    EXPECT_EQ(last().type, FiscalDocumentType::receipt);
    EXPECT_EQ(last().operation, FiscalOperation::sale);
    EXPECT_EQ(last().total_minor, 25015);
    EXPECT_EQ(last().change_minor, 4985);
    EXPECT_EQ(last().number, 3U);
    EXPECT_EQ(last().receipt_number, 1);
    ASSERT_EQ(last().lines.size(), 2U);
    EXPECT_EQ(last().lines[0].name, "Молоко 1л");
    EXPECT_EQ(last().lines[1].sum_minor, 15035);
    EXPECT_EQ(last().payments_minor[1], 20000);
    EXPECT_EQ(cash_register(241), 5015);
    EXPECT_EQ(cash_register(193), 5015);
    EXPECT_EQ(cash_register(197), 20000);
    EXPECT_EQ(cash_register(121), 25015);
    EXPECT_EQ(operation_register(148), 1U);
    EXPECT_EQ(host_.ask("FF 40 1E 00 00 00"), "FF 40 00 01 01 00 01 00");
}

TEST_F(Receipt, RefusesAtClosingInItsOrder) {
    EXPECT_EQ(host_.done(close_message(0, 0)), "FF 45 55");
    host_.done(kOpenSale);
    EXPECT_EQ(host_.done(close_message(100, 0)), "FF 45 8E");
    host_.done(kMilk);
    std::string foreign = close_message(9980, 0);
    foreign.replace(6, 2, "01");  // password 1: another operator
    EXPECT_EQ(host_.done(foreign), "FF 45 59");
    EXPECT_EQ(host_.done(close_message(0, 9981)), "FF 45 4D");
    EXPECT_EQ(host_.done(close_message(9979, 0)), "FF 45 45");
    host_.fault("shift_expired");
    EXPECT_EQ(host_.done(close_message(0, 9981)), "FF 45 4E");
    EXPECT_EQ(host_.device().documents().size(), 2U);
    EXPECT_EQ(host_.done(kCancel), "88 00 1E");
    EXPECT_EQ(host_.ask(kShortStatus).substr(15, 2), "03");
}

TEST_F(Receipt, TakesTheRoundingOff) {
    host_.done(kMilk);
    EXPECT_EQ(host_.done(close_message(9900, 0, 80)).substr(0, 23), "FF 45 00 00 00 00 00 00");
    EXPECT_EQ(last().total_minor, 9900);
    host_.done(kMilk);
    EXPECT_EQ(host_.done(close_message(9900, 0, 100)), "FF 45 33");
}

TEST_F(Receipt, PaysOutOnlyWhatIsInTheDrawer) {
    host_.done(position({.type = 2, .price = 5000}));
    EXPECT_EQ(host_.done(close_message(5000, 0)), "FF 45 46");
    EXPECT_EQ(host_.done(close_message(0, 5000)).substr(0, 8), "FF 45 00");
    host_.done("50 1E 00 00 00 88 13 00 00 00");
    host_.done(position({.type = 2, .price = 5000}));
    EXPECT_EQ(host_.done(close_message(5000, 0)).substr(0, 8), "FF 45 00");
    EXPECT_EQ(cash_register(241), 0);
    EXPECT_EQ(last().operation, FiscalOperation::sale_return);
}

TEST_F(Receipt, ChecksThePosition) {
    EXPECT_EQ(host_.done(position({.sum = 1001})), "FF 46 00");
    EXPECT_EQ(host_.done(position({.sum = 999})), "FF 46 00");
    EXPECT_EQ(host_.done(position({.sum = 998})), "FF 46 33");
    EXPECT_EQ(host_.done(position({.type = 5})), "FF 46 33");
    EXPECT_EQ(host_.done(position({.vat = 3})), "FF 46 33");
    EXPECT_EQ(host_.done(position({.micro = 0})), "FF 46 62");
    EXPECT_EQ(host_.done(position({.department = 17})), "FF 46 63");
    EXPECT_EQ(host_.done(position({.micro = 0xFFFF'FFFF'FFFF})), "FF 46 60");
    EXPECT_EQ(host_.done(position({.type = 2})), "FF 46 49");
    EXPECT_EQ(host_.done(position({.password = 1})), "FF 46 59");
    EXPECT_EQ(host_.done(position({.password = 77})), "FF 46 4F");
    EXPECT_EQ(host_.done(kSubtotal), "89 00 1E D0 07 00 00 00");
}

TEST_F(Receipt, RoundsAPositionHalfUp) {
    EXPECT_EQ(host_.done(position({.micro = 500'000, .price = 1})), "FF 46 00");
    EXPECT_EQ(host_.done(position({.micro = 499'999, .price = 1})), "FF 46 00");
    EXPECT_EQ(host_.done(kSubtotal), "89 00 1E 01 00 00 00 00");
}

TEST_F(Receipt, DiscountAndSurchargeChangeTheTotal) {
    host_.done(kMilk);
    const std::string zeros = " 00";
    EXPECT_EQ(host_.done("FF 4B 1E 00 00 00 7C 00 00 00 00 0A 00 00 00 00 00" + zeros),
              "FF 4B 00");  // 1.24 off, 0.10 on
    EXPECT_EQ(host_.done(kSubtotal), "89 00 1E 8A 26 00 00 00");
    EXPECT_EQ(host_.done("FF 4B 1E 00 00 00 00 00 01 00 00 00 00 00 00 00 00" + zeros), "FF 4B 5F");
}

TEST_F(Receipt, StopsAtItsLimitOfOperations) {
    ShtrihOptions options;
    options.operations_max = 2;
    Host host(options);
    host.done(kOpenShift);
    host.done(kMilk);
    host.done(kMilk);
    EXPECT_EQ(host.done(kMilk), "FF 46 94");
}

TEST_F(Receipt, TheOldWayClosesWithAPercentDiscount) {
    host_.done("80 1E 00 00 00 E8 03 00 00 00 E8 03 00 00 00 01 01 00 00 00 41");
    EXPECT_EQ(host_.done("81 1E 00 00 00 E8 03 00 00 00 E8 03 00 00 00 01 01 00 00 00 41"),
              "81 73");
    std::string close = "85 1E 00 00 00 E8 03 00 00 00";
    for (int i = 0; i < 15; ++i) {
        close += " 00";
    }
    close += " E8 03 00 00 00 00";  // 10 %
    EXPECT_EQ(host_.done(close), "85 00 1E 64 00 00 00 00");
    EXPECT_EQ(last().total_minor, 900);
}

TEST_F(Receipt, ACancelledOneLeavesNoDocumentButItsCounters) {
    host_.done(kMilk);
    host_.done(kCancel);
    EXPECT_EQ(host_.device().documents().size(), 2U);
    EXPECT_EQ(operation_register(166), 1U);
    EXPECT_EQ(operation_register(179), 1U);
    EXPECT_EQ(cash_register(249), 9980);
}

TEST_F(Receipt, AFailingStorageRegistersNothingAndMayBeAskedAgain) {
    host_.done(kMilk);
    host_.fault("memory_error", {{"code", "0x2F"}});
    EXPECT_EQ(host_.done(close_message(9980, 0)), "FF 45 2F");
    EXPECT_TRUE(host_.device().state().document_open);
    EXPECT_EQ(host_.done(close_message(9980, 0)).substr(0, 8), "FF 45 00");
}

TEST_F(Receipt, CashMovesInAndOutWithNumbers) {
    EXPECT_EQ(host_.done("50 1E 00 00 00 10 27 00 00 00"), "50 00 1E 03 00");
    EXPECT_EQ(host_.done("51 1E 00 00 00 11 27 00 00 00"), "51 46");
    EXPECT_EQ(host_.done("51 1E 00 00 00 10 27 00 00 00"), "51 00 1E 04 00");
    EXPECT_EQ(last().type, FiscalDocumentType::cash_out);
    EXPECT_EQ(last().number, 0U);
    EXPECT_EQ(operation_register(153), 1U);
    EXPECT_EQ(operation_register(154), 1U);
    EXPECT_EQ(cash_register(242), 10000);
}

TEST_F(Receipt, AnotherMastersDocumentMovesTheCountersAndCancelsOurs) {
    host_.done(kMilk);
    host_.fault("other_master", {{"total", "700"}});
    host_.listen(std::chrono::seconds(5));
    EXPECT_FALSE(host_.device().state().document_open);
    EXPECT_EQ(last().total_minor, 700);
    EXPECT_EQ(last().number, 3U);
    EXPECT_EQ(host_.done(close_message(9980, 0)), "FF 45 55");
}

TEST_F(Receipt, ASwappedDeviceSaysItsOwnNumbers) {
    host_.fault("swap_device", {{"serial", "77"}, {"memory", "1111222233334444"}});
    EXPECT_EQ(host_.ask("FF 02 1E 00 00 00"),
              "FF 02 00 31 31 31 31 32 32 32 32 33 33 33 33 34 34 34 34");
    EXPECT_EQ(host_.ask("1F 1E 00 00 00 12 01 00 01").substr(0, 17), "1F 00 37 37 00 00");
}

TEST(Shift, OpensAndClosesWithDocumentsOfItsOwn) {
    Host host;
    EXPECT_EQ(host.done(kMilk), "FF 46 73");
    EXPECT_EQ(host.done(kCloseShift), "41 73");
    EXPECT_EQ(host.done(kOpenShift), "E0 00 1E");
    EXPECT_EQ(host.done(kOpenShift), "E0 73");
    EXPECT_EQ(host.done("41 01 00 00 00"), "41 4F");
    EXPECT_EQ(host.done(kCloseShift), "41 00 1E");
    ASSERT_EQ(host.device().documents().size(), 3U);
    EXPECT_EQ(host.device().documents()[2].type, FiscalDocumentType::shift_close);
    EXPECT_EQ(host.ask("FF 40 1E 00 00 00"), "FF 40 00 00 01 00 00 00");
    EXPECT_EQ(host.done("FF 0B 1E 00 00 00").substr(0, 14), "FF 0B 00 02 00");
    EXPECT_EQ(host.done("FF 43 1E 00 00 00").substr(0, 14), "FF 43 00 02 00");
}

TEST(Shift, AReceiptOpensItImplicitly) {
    Host host;
    EXPECT_EQ(host.done(kOpenSale), "8D 00 1E");
    EXPECT_TRUE(host.device().state().shift_open);
    EXPECT_EQ(host.device().documents().back().type, FiscalDocumentType::shift_open);
}

TEST(Shift, OlderThanADayItCanOnlyBeClosed) {
    Host host;
    host.done(kOpenShift);
    host.fault("clock_shift", {{"ms", "86400000"}});
    EXPECT_EQ(host.done(kOpenSale), "8D 4E");
    EXPECT_EQ(host.done(kMilk), "FF 46 4E");
    EXPECT_EQ(host.done("40 1E 00 00 00"), "40 00 1E");
    EXPECT_EQ(host.done(kCloseShift), "41 00 1E");
    EXPECT_EQ(host.done(kOpenShift), "E0 00 1E");
}

TEST(Shift, TheClockIsSetOnlyWhileItIsClosed) {
    Host host;
    EXPECT_EQ(host.done("22 1E 00 00 00 14 06 1A"), "22 00");  // 20.06.26
    EXPECT_EQ(host.done(kOpenShift), "E0 73");
    EXPECT_EQ(host.done("23 1E 00 00 00 13 06 1A"), "23 7C");
    EXPECT_EQ(host.done("23 1E 00 00 00 14 06 1A"), "23 00");
    EXPECT_EQ(host.done("21 1E 00 00 00 17 3B 00"), "21 00");
    EXPECT_EQ(host.ask("11 1E 00 00 00").substr(75, 17), "14 06 1A 17 3B 05");
    host.done(kOpenShift);
    EXPECT_EQ(host.done("21 1E 00 00 00 01 01 01"), "21 73");
}

}  // namespace
}  // namespace tillhost::simulators::shtrih
