// Claim: what a real device keeps without power is kept, what it keeps in RAM is not, and the paper
// tells the same story. Shown by power cuts and restarts at every step, and by a golden tape.
#include <gtest/gtest.h>

#include "simulators/core/random.h"
#include "simulators/fiscal/shtrih/commands.h"
#include "simulators/fiscal/shtrih/test/host.h"

namespace tillhost::simulators::shtrih {
namespace {

TEST(Memory, AnOpenReceiptOutlivesPowerAndTheProcess) {
    Host host;
    host.done(kOpenShift);
    host.done(kMilk);
    host.device().power(false, host.now());
    host.device().power(true, host.now());
    host.done(kCheese);
    host.remake();
    EXPECT_EQ(host.done(kSubtotal), "89 00 1E B7 61 00 00 00");
    EXPECT_EQ(host.done(close_message(25015, 0)).substr(0, 8), "FF 45 00");
    host.remake();
    EXPECT_EQ(host.device().documents().back().total_minor, 25015);
    EXPECT_EQ(host.device().state().cash_minor, 25015);
}

TEST(Memory, ItsBytesAreReadBackExactlyAndAnyOthersSafely) {
    ShtrihOptions options;
    auto store = std::make_shared<MemoryFiscalStore>();
    options.store = store;
    Host host(options);
    host.done(kOpenShift);
    host.done("1E 1E 00 00 00 11 01 00 24 01");
    host.done(kMilk);
    const base::Bytes good = store->load()->state;
    ASSERT_TRUE(decode_memory(good));
    EXPECT_EQ(encode_memory(*decode_memory(good)), good);
    Random random(11);
    for (int i = 0; i < 5000; ++i) {
        base::Bytes bytes = good;
        bytes.resize(random.below(good.size() + 1));
        for (std::byte& byte : bytes) {
            byte = random.below(16) == 0 ? static_cast<std::byte>(random.below(256)) : byte;
        }
        decode_memory(bytes);
    }
}

TEST(Memory, ARefusedStoreStopsTheDevice) {
    class FullStore final : public FiscalStore {
    public:
        base::Result<Content> load() const override { return content_; }
        base::Done commit(const Change&) override {
            if (--left_ < 0) {
                return base::make_error(base::ErrorCode::storage_failed, "full");
            }
            return {};
        }

    private:
        Content content_;
        int left_ = 1;
    };
    ShtrihOptions options;
    options.store = std::make_shared<FullStore>();
    Host host(options);
    EXPECT_EQ(host.say("02 05 E0 1E 00 00 00 FB"), "06");
    EXPECT_FALSE(host.device().powered());
    EXPECT_NE(host.device().state().failure, "");
}

TEST(Printing, ResumesAfterAPowerCut) {
    Host host;
    host.done(kOpenShift);
    host.done(kMilk);
    host.ask(close_message(9980, 0));
    host.device().power(false, host.now());
    const std::size_t before = host.device().tape().size();
    host.listen(std::chrono::seconds(2));
    EXPECT_EQ(host.device().tape().size(), before);
    host.device().power(true, host.now());
    host.listen(std::chrono::seconds(2));
    EXPECT_FALSE(host.device().state().printing);
    EXPECT_NE(host.device().tape().back(), "");
}

TEST(Printing, PaperOutStopsItUntilContinued) {
    Host host;
    host.done(kOpenShift);
    host.done(kMilk);
    const std::size_t before = host.device().tape().size();
    host.fault("paper_out", {{"after", "5"}});
    EXPECT_EQ(host.done(close_message(9980, 0)).substr(0, 8), "FF 45 00");
    EXPECT_EQ(host.device().tape().size(), before + 5);
    EXPECT_EQ(host.ask(kShortStatus).substr(15, 5), "02 02");
    EXPECT_EQ(host.ask(kMilk), "FF 46 6B");
    EXPECT_EQ(host.ask("B0 1E 00 00 00"), "B0 72");
    host.fault("paper_in");
    EXPECT_EQ(host.ask(kShortStatus).substr(15, 5), "02 03");
    EXPECT_EQ(host.ask(kMilk), "FF 46 58");
    EXPECT_EQ(host.done("B0 1E 00 00 00"), "B0 00 1E");
    EXPECT_EQ(host.ask(kShortStatus).substr(15, 5), "02 00");
    EXPECT_GT(host.device().tape().size(), before + 5 + 20);  // the whole document again
    EXPECT_EQ(host.device().documents().size(), 3U);
}

TEST(Printing, WithoutPaperOnlyCommandsThatDoNotPrintAreTaken) {
    Host host;
    host.done(kOpenShift);
    host.fault("paper_out");
    EXPECT_EQ(host.ask(kOpenSale), "8D 6B");
    EXPECT_EQ(host.ask(kShortStatus).substr(9, 11), "10 02 02 01");
    EXPECT_EQ(host.ask("28 1E 00 00 00 00"), "28 00 1E");
    host.fault("paper_in");
    host.fault("cover_open");
    EXPECT_EQ(host.ask(kOpenSale), "8D 6B");
    host.fault("cover_closed");
    EXPECT_EQ(host.ask(kOpenSale), "8D 00 1E");
}

TEST(Printing, ADocumentThatIsNotToBePrintedIsRegisteredAllTheSame) {
    Host host;
    host.done(kOpenShift);
    host.done("1E 1E 00 00 00 11 01 00 07 01");
    host.done(kMilk);
    const std::size_t before = host.device().tape().size();
    EXPECT_EQ(host.done(close_message(9980, 0)).substr(0, 8), "FF 45 00");
    EXPECT_EQ(host.device().tape().size(), before);
    EXPECT_EQ(host.done("1F 1E 00 00 00 11 01 00 07"), "1F 00 00");  // for one document
}

TEST(Printing, TheCopyIsTheReceiptAgain) {
    Host host;
    host.done(kOpenShift);
    host.done(kMilk);
    host.done(close_message(9980, 0));
    const std::vector<std::string> before = host.device().tape();
    EXPECT_EQ(host.done("8C 1E 00 00 00"), "8C 00 1E");
    const std::vector<std::string>& tape = host.device().tape();
    EXPECT_EQ(tape[before.size()], "                КОПИЯ ЧЕКА");
    EXPECT_EQ(tape.back(), before.back());
    EXPECT_EQ(host.device().documents().size(), 3U);
}

TEST(Tape, LooksAsACashierSeesIt) {
    Host host;
    host.done("FF 41 1E 00 00 00");
    host.done(kOpenShift);
    host.done(kOpenSale);
    host.done("FF 0C 1E 00 00 00 FD 03 0B 00 88 A2 A0 AD AE A2 20 88 2E 88 2E");
    host.done(kMilk);
    host.done("17 1E 00 00 00 02 D1 EA E8 E4 EA E0 20 E7 E0 E2 F2 F0 E0 00");
    host.done(kCheese);
    const std::size_t before = host.device().tape().size();
    host.done(close_message(10000, 20000));
    const std::vector<std::string> printed(
        host.device().tape().begin() + static_cast<std::ptrdiff_t>(before),
        host.device().tape().end());
    const std::vector<std::string> expected{
        "               ООО \"ПРИМЕР\"",
        "      г. Москва, ул. Примерная, д. 1",
        "               КАССОВЫЙ ЧЕК",
        "ПРИХОД",
        "Молоко 1л",
        "2 x 49.90                         =99.80_А",
        "Скидка завтра",
        "Сыр",
        "0.485 x 310.00                   =150.35_Б",
        "------------------------------------------",
        "ИТОГ                               =250.15",
        "НАЛИЧНЫМИ                          =100.00",
        "БЕЗНАЛИЧНЫМИ                       =200.00",
        "СДАЧА                               =49.85",
        "А: НДС 20%                          =16.63",
        "Б: НДС 10%                          =13.67",
        "СНО: ОСН",
        "КАССИР: Иванов И.И.",
        "28.05.26 20:27                     СМЕНА 1",
        "ЧЕК                                   0001",
        "ЗН ККТ                    0000000000001234",
        "ИНН                             7700000001",
        "РН ККТ                    0000000001012345",
        "ФН                        9999078900012955",
        "ФД № 3                       ФП 3432674207",
        "           СПАСИБО ЗА ПОКУПКУ!",
        "",
        "          - - - - - 8< - - - - -",
    };
    EXPECT_EQ(printed, expected);
}

TEST(Tables, StructureIsToldAndFieldsAreGuarded) {
    Host host;
    for (const char* table : {"01", "02", "04", "05", "06", "11", "12", "15"}) {
        EXPECT_EQ(host.ask(std::string("2D 1E 00 00 00 ") + table).substr(0, 5), "2D 00") << table;
        EXPECT_EQ(host.ask(std::string("2E 1E 00 00 00 ") + table + " 01").substr(0, 5), "2E 00");
    }
    EXPECT_EQ(host.ask("2D 1E 00 00 00 63"), "2D 5D");
    EXPECT_EQ(host.ask("1F 1E 00 00 00 02 1F 00 01"), "1F 5D");  // row 31
    EXPECT_EQ(host.ask("1F 1E 00 00 00 02 02 00 01"), "1F 00 02 00 00 00");
    EXPECT_EQ(host.ask("1E 1E 00 00 00 12 01 00 01 31"), "1E 7A");  // serial number
    EXPECT_EQ(host.ask("1E 1E 00 00 00 02 02 00 01 00 00 00 00 00"), "1E 7E");
    EXPECT_EQ(host.ask("1E 1E 00 00 00 11 01 00 24 02"), "1E 33");
    EXPECT_EQ(host.ask("1E 02 00 00 00 11 01 00 24 01"), "1E 4F");
    EXPECT_EQ(host.ask("1E 1E 00 00 00 02 02 00 01 39 30 00 00"), "1E 00");
    EXPECT_EQ(host.ask("13 39 30 00 00"), "13 00 02");  // the new password
    host.done(kOpenShift);
    EXPECT_EQ(host.ask("1E 1E 00 00 00 06 01 00 01 98 08"), "1E 73");
}

TEST(Commands, AnyMessageIsAnsweredAndNeverBreaksTheDevice) {
    ShtrihOptions options;
    const auto machine = *Machine::create(options);
    Random random(5);
    std::vector<std::uint16_t> codes;
    for (const CommandRow* row : all_commands()) {
        codes.push_back(row->code);
    }
    for (int i = 0; i < 50'000; ++i) {
        base::ByteWriter message;
        const std::uint16_t code = codes[random.below(codes.size())];
        if (code > 0xFF) {
            message.u8(code >> 8);
        }
        message.u8(code & 0xFFU).u32_le(30);
        const std::uint64_t length = random.below(130);
        for (std::uint64_t k = 0; k < length; ++k) {
            message.u8(random.below(4) == 0 ? random.next() & 0xFFU : random.below(3));
        }
        machine->at(os::Instant(std::chrono::milliseconds(i)));
        machine->advance();
        EXPECT_GE(carry_out(*machine, message.bytes()).size(), 2U);
        EXPECT_GE(machine->memory().cash[241], 0);
    }
}

}  // namespace
}  // namespace tillhost::simulators::shtrih
