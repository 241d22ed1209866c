// Claim: the fiscal storage keeps what a document says, gives it out, wears out and waits for the
// data operator as section 8 to 10 of the protocol have it; marking codes go through their checks.
// Shown by dialogues in bytes and by the documents behind them.
#include <gtest/gtest.h>

#include "simulators/fiscal/shtrih/test/host.h"
#include "simulators/fiscal/shtrih/tlv.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr std::int64_t kDay = 86'400'000;

std::string tag_message(std::uint8_t code, const std::string& tags_hex) {
    base::ByteWriter writer;
    writer.u8(0xFF).u8(code).u32_le(30).raw(*base::from_hex(tags_hex));
    return base::to_hex(writer.bytes());
}

std::string text_tag(std::uint16_t number, std::string_view text) {
    base::ByteWriter writer;
    put_tag_text(writer, number, text);
    return base::to_hex(writer.bytes());
}

std::string number_tag(std::uint16_t number, std::uint64_t value) {
    base::ByteWriter writer;
    put_tag_number(writer, number, value);
    return base::to_hex(writer.bytes());
}

/// A model that is no cash core.
ShtrihOptions desktop() {
    ShtrihOptions options;
    options.model_code = 250;
    options.model_name = "ШТРИХ-М-02Ф";
    return options;
}

class Storage : public testing::Test {
protected:
    void remake(const ShtrihOptions& options) { host_ = std::make_unique<Host>(options); }
    std::string done(std::string_view message) { return host_->done(message); }
    const FiscalDocument& last() { return host_->device().documents().back(); }
    bool tape_says(std::string_view text) {
        for (const std::string& line : host_->device().tape()) {
            if (line.find(text) != std::string::npos) {
                return true;
            }
        }
        return false;
    }

    std::unique_ptr<Host> host_ = std::make_unique<Host>();
};

TEST_F(Storage, TagsStayWithTheDocumentAndItsLines) {
    remake(desktop());
    EXPECT_EQ(done(tag_message(0x0C, text_tag(1008, "+79001234567"))), "FF 0C 02");
    done(kOpenShift);
    done(kOpenSale);
    EXPECT_EQ(done(tag_message(0x4D, number_tag(2108, 11))), "FF 4D 02");  // no operation yet
    EXPECT_EQ(done(tag_message(0x0C, text_tag(1008, "old@example.com"))), "FF 0C 00");
    EXPECT_EQ(done(tag_message(0x0C, text_tag(1008, "a@example.com"))), "FF 0C 00");
    EXPECT_EQ(done(tag_message(0x0C, "F0 03 05 00 31")), "FF 0C 09");  // shorter than it says
    done(kCheese);
    EXPECT_EQ(done(tag_message(0x4D, number_tag(2108, 11))), "FF 4D 00");
    done(kMilk);
    EXPECT_EQ(done(tag_message(0x4D, text_tag(1226, "7700000003"))), "FF 4D 00");
    EXPECT_EQ(done(close_message(25015, 0)).substr(0, 8), "FF 45 00");
    EXPECT_EQ(tag_text(last().tags, 1008), "a@example.com");
    ASSERT_EQ(last().lines.size(), 2U);
    EXPECT_EQ(last().lines[0].tags, (std::vector<FiscalTag>{{2108, {base::byte(11)}}}));
    EXPECT_EQ(tag_text(last().lines[1].tags, 1226), "7700000003");
    EXPECT_TRUE(tape_says("ЭЛ. АДР. ПОКУПАТЕЛЯ: a@example.com"));
    EXPECT_FALSE(tape_says("old@example.com"));
    EXPECT_TRUE(tape_says("МЕРА КОЛ-ВА: кг"));
}

TEST_F(Storage, ACashCoreTakesTheTagsBeforeTheirOperation) {
    EXPECT_EQ(done("FC").substr(0, 17), "FC 00 00 00 02 00");  // what follows is the model
    EXPECT_EQ(done("FC").substr(18, 2), "2D");
    done(kOpenShift);
    done(kOpenSale);
    EXPECT_EQ(done(tag_message(0x4D, number_tag(2108, 11))), "FF 4D 00");
    done(kCheese);
    done(kMilk);
    done(close_message(25015, 0));
    EXPECT_EQ(last().lines[0].tags.size(), 1U);
    EXPECT_TRUE(last().lines[1].tags.empty());
}

TEST_F(Storage, ATagThatNoMessageHoldsComesFromTheLoadedBlocks) {
    const std::string long_text(300, 'x');
    base::ByteWriter tag;
    put_tag_text(tag, 1086, long_text);
    const auto load = [this](base::ByteView bytes) {
        constexpr std::size_t kBlock = 64;
        for (std::size_t at = 0; at < bytes.size(); at += kBlock) {
            base::ByteWriter block;
            block.u8(0xDD).u32_le(30).u8(0).u8(static_cast<unsigned>(at / kBlock));
            const base::ByteView part = bytes.subspan(at, std::min(kBlock, bytes.size() - at));
            block.raw(part).fill(base::byte(0), kBlock - part.size());
            EXPECT_EQ(done(base::to_hex(block.bytes())), "DD 00 1E");
        }
    };
    static constexpr std::string_view kPut = "FF 64 1E 00 00 00";
    EXPECT_EQ(done(kPut), "FF 64 34");  // nothing is loaded
    load(base::ByteView(tag.bytes()).first(64));
    EXPECT_EQ(done(kPut), "FF 64 34");  // less than the tag says
    load(tag.bytes());
    EXPECT_EQ(done(kPut), "FF 64 02");  // no document is begun
    done(kOpenShift);
    done(kMilk);
    EXPECT_EQ(done(kPut), "FF 64 00");
    done(close_message(9980, 0));
    EXPECT_EQ(tag_text(last().tags, 1086), long_text);
}

TEST_F(Storage, CorrectionsOfBothFormatsAreRegistered) {
    EXPECT_EQ(done("FF 36 1E 00 00 00 10 27 00 00 00 01"), "FF 36 02");
    done("FF 35 1E 00 00 00");
    EXPECT_EQ(done(tag_message(0x0C, text_tag(1177, "Акт 7"))), "FF 0C 00");
    EXPECT_EQ(done("FF 36 1E 00 00 00 10 27 00 00 00 01").substr(0, 14), "FF 36 00 01 00");
    EXPECT_EQ(last().type, FiscalDocumentType::correction);
    EXPECT_EQ(last().total_minor, 10000);
    EXPECT_EQ(tag_text(last().tags, 1177), "Акт 7");
    EXPECT_EQ(host_->device().state().cash_minor, 10000);

    done("1E 1E 00 00 00 11 01 00 11 04");
    done("1E 1E 00 00 00 11 01 00 23 01");  // the strict checks
    EXPECT_EQ(done("FF 35 1E 00 00 00"), "FF 35 37");
    EXPECT_EQ(done("8D 1E 00 00 00 82"), "8D 00 1E");
    EXPECT_EQ(done(kStorageStatus).substr(0, 14), "FF 01 00 03 14");
    EXPECT_EQ(host_->ask(kShortStatus).substr(15, 2), "28");  // mode 8, kind 2
    std::string returned(kMilk);
    returned.replace(18, 2, "02");
    EXPECT_EQ(done(returned), "FF 46 00");
    EXPECT_EQ(done(close_message(9980, 0)), "FF 45 09");  // 1173 and 1174 are missing
    done(tag_message(0x0C, number_tag(1173, 1)));
    done(tag_message(0x0C, "96 04 08 00 9A 04 04 00 80 C0 3A 66"));
    EXPECT_EQ(done(close_message(9980, 0)).substr(0, 8), "FF 45 00");
    EXPECT_EQ(last().type, FiscalDocumentType::correction);
    EXPECT_EQ(last().operation, FiscalOperation::sale_return);
    EXPECT_EQ(last().correction_basis, 1);
    EXPECT_EQ(host_->device().state().cash_minor, 20);
}

TEST_F(Storage, ADocumentIsReadBackInTags) {
    done(kOpenShift);
    done(kMilk);
    done(close_message(10000, 0));
    EXPECT_EQ(done("FF 3B 1E 00 00 00"), "FF 3B 08");
    const std::string begun = done("FF 3A 1E 00 00 00 03 00 00 00");
    EXPECT_EQ(begun.substr(0, 14), "FF 3A 00 03 00");
    base::Bytes all;
    for (std::string block = done("FF 3B 1E 00 00 00"); block.substr(6, 2) == "00";
         block = done("FF 3B 1E 00 00 00")) {
        const base::Bytes bytes = *base::from_hex(block.substr(9));
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    const auto tags = decode_tags(all);
    ASSERT_TRUE(tags);
    EXPECT_EQ(decode_vln(*find_tag(*tags, 1020)), 9980U);
    EXPECT_EQ(decode_vln(*find_tag(*tags, 1031)), 9980U);
    EXPECT_EQ(tag_text(*decode_tags(*find_tag(*tags, 1059)), 1030), "Молоко 1л");
    EXPECT_EQ(done("FF 3A 1E 00 00 00 00 00 00 00"), "FF 3A 08");
    done("1E 1E 00 00 00 11 01 00 1F 01");  // replica of the last document
    EXPECT_EQ(done("FF 3A 1E 00 00 00 00 00 00 00").substr(0, 14), "FF 3A 00 03 00");
}

TEST_F(Storage, TellsItsRegistration) {
    EXPECT_EQ(done("FF 09 1E 00 00 00").size(), 3 * (3 + 5 + 12 + 20 + 2 + 8) - 1U);
    EXPECT_EQ(done("FF 4C 1E 00 00 00 01"), "FF 4C" + done("FF 09 1E 00 00 00").substr(5));
    EXPECT_EQ(done("FF 4C 1E 00 00 00 02"), "FF 4C 08");
    EXPECT_EQ(done("FF 0E 1E 00 00 00 01 FA 03"),
              "FF 0E 00 FA 03 0A 00 37 37 30 30 30 30 30 30 30 31");
    EXPECT_EQ(done("FF 0E 1E 00 00 00 01 01 00"), "FF 0E 08");
    EXPECT_EQ(done("FF 03 1E 00 00 00"), "FF 03 00 1B 08 1B");  // 456 days after 28.05.26
}

TEST_F(Storage, TheHostMayCarryItsMessagesToTheOperator) {
    done(kOpenShift);
    EXPECT_EQ(done("FF 3F 1E 00 00 00"), "FF 3F 00 02 00");
    EXPECT_EQ(done("FF 39 1E 00 00 00").substr(0, 26), "FF 39 00 02 00 02 00 01 00");
    const base::Bytes state = *base::from_hex(done("FF 30 1E 00 00 00"));
    const unsigned size = base::to_unsigned(state[3]) | base::to_unsigned(state[4]) << 8;
    EXPECT_EQ(base::to_unsigned(state[5]), 240U);
    base::ByteWriter ask;
    ask.u8(0xFF).u8(0x31).u32_le(30).u16_le(0).u8(size);
    EXPECT_EQ(base::from_hex(done(base::to_hex(ask.bytes())))->size(), 3 + size);
    EXPECT_EQ(done("FF 31 1E 00 00 00 FF 00 FF"), "FF 31 09");
    EXPECT_EQ(done("FF 32 1E 00 00 00 04 00"), "FF 32 00 F0");
    EXPECT_EQ(done("FF 33 1E 00 00 00 00 00 03 41 42 43"), "FF 33 00");
    EXPECT_EQ(done("FF 33 1E 00 00 00 00 00 01 44"), "FF 33 09");  // not where it goes on
    EXPECT_EQ(done("FF 33 1E 00 00 00 03 00 01 44"), "FF 33 00");
    EXPECT_EQ(host_->device().state().unsent_documents, 1U);
    done(kCloseShift);
    EXPECT_EQ(done("FF 3C 1E 00 00 00 01 00 00 00"), "FF 3C 00 41 42 43 44");
    EXPECT_EQ(done("FF 3C 1E 00 00 00 02 00 00 00"), "FF 3C 08");
    done("FF 37 1E 00 00 00");
    EXPECT_EQ(done("FF 38 1E 00 00 00").substr(0, 14), "FF 38 00 04 00");
}

TEST_F(Storage, TheDeviceSendsByItselfWhileTheWayIsUp) {
    done(kOpenShift);
    host_->fault("ofd_link", {{"up", "1"}, {"ms", "60000"}});
    done("10 1E 00 00 00");
    EXPECT_EQ(host_->device().state().unsent_documents, 2U);
    host_->listen(std::chrono::minutes(2));
    host_->ask(kShortStatus);
    EXPECT_EQ(host_->device().state().unsent_documents, 0U);
    EXPECT_EQ(host_->ask("FF 39 1E 00 00 00"), "FF 39 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
}

TEST_F(Storage, RefusesWhatWaitedTooLongOrIsWornOut) {
    done(kOpenShift);
    host_->fault("ofd_backlog", {{"count", "1"}, {"ms", std::to_string(29 * kDay)}});
    EXPECT_EQ(done(kStorageStatus).substr(21, 2), "08");  // the operator is silent
    done(kMilk);
    EXPECT_EQ(done(close_message(9980, 0)).substr(0, 8), "FF 45 00");
    host_->fault("ofd_backlog", {{"count", "1"}, {"ms", std::to_string(31 * kDay)}});
    done(kMilk);
    EXPECT_EQ(done(close_message(9980, 0)), "FF 45 15");
    host_->fault("ofd_backlog", {{"count", "0"}});
    host_->fault("storage_full", {{"percent", "95"}});
    EXPECT_EQ(done(kStorageStatus).substr(21, 2), "04");
    host_->fault("storage_full");
    EXPECT_EQ(done(close_message(9980, 0)), "FF 45 06");
    host_->fault("storage_full", {{"percent", "5"}});
    host_->fault("storage_life", {{"days", "2"}});
    EXPECT_EQ(done(kStorageStatus).substr(21, 2), "03");
    host_->fault("storage_life");
    EXPECT_EQ(done(close_message(9980, 0)), "FF 45 05");
    host_->fault("storage_life", {{"days", "100"}});
    host_->fault("storage_clock", {{"ms", "360000"}});
    EXPECT_EQ(done(close_message(9980, 0)), "FF 45 17");
    host_->fault("storage_clock", {{"ms", "0"}});
    host_->fault("clock_shift", {{"ms", "-3600000"}});
    EXPECT_EQ(done(close_message(9980, 0)), "FF 45 17");
    host_->fault("clock_shift", {{"ms", "3600000"}});
    EXPECT_EQ(done(close_message(9980, 0)).substr(0, 8), "FF 45 00");
}

class Marking : public Storage {
protected:
    Marking() {
        ShtrihOptions options = desktop();
        options.ffd = 4;
        remake(options);
        done(kOpenShift);
        done(kMilk);
    }
    static constexpr std::string_view kCheck = "FF 61 1E 00 00 00 01 00 03 00 41 42 43";
    static constexpr std::string_view kAccept = "FF 69 1E 00 00 00 01";
    static constexpr std::string_view kReject = "FF 69 1E 00 00 00 00";
    static constexpr std::string_view kBind = "FF 67 1E 00 00 00 03 41 42 43";
};

TEST_F(Marking, ACheckedCodeIsBoundToItsPosition) {
    EXPECT_EQ(done(kBind), "FF 67 A5");
    EXPECT_EQ(done(kAccept), "FF 69 A1");
    EXPECT_EQ(done(kCheck), "FF 61 00 03 00 01 07 00 0F 3A 08 01 00 0F");
    EXPECT_EQ(done(kBind), "FF 67 A5");  // checked, not yet accepted
    EXPECT_EQ(done(kAccept), "FF 69 00 0F");
    EXPECT_EQ(done(kBind), "FF 67 00 4D 44 01 0F");
    done(close_message(9980, 0));
    EXPECT_EQ(*find_tag(last().lines[0].tags, 2000), base::bytes_of("ABC"));
    EXPECT_EQ(done(kBind), "FF 67 5E");  // no document
}

TEST_F(Marking, ACashCoreBindsTheCodeToThePositionThatFollows) {
    ShtrihOptions options;
    options.ffd = 4;
    remake(options);
    done(kOpenShift);
    done(kOpenSale);
    done(kCheck);
    EXPECT_EQ(done(kAccept), "FF 69 00 0F");
    EXPECT_EQ(done(kBind), "FF 67 00 4D 44 01 0F");
    done(kMilk);
    done(kCheese);
    done(close_message(25015, 0));
    EXPECT_EQ(*find_tag(last().lines[0].tags, 2000), base::bytes_of("ABC"));
    EXPECT_EQ(find_tag(last().lines[1].tags, 2000), nullptr);
}

TEST_F(Marking, TheAnswerOfTheCheckIsChosenByTheTest) {
    host_->fault("marking", {{"answer", "refused"}});
    EXPECT_EQ(done(kCheck), "FF 61 00 01 00 01 07 00 05 3A 08 01 00 05");
    EXPECT_EQ(done(kReject), "FF 69 00 05");
    host_->fault("marking", {{"answer", "not_checked"}});
    EXPECT_EQ(done(kCheck), "FF 61 00 00 01 01 00");
    EXPECT_EQ(done(kAccept), "FF 69 00 00");
    host_->fault("marking", {{"answer", "silence"}});
    const std::string frame = base::to_hex(encode_frame(*base::from_hex(kCheck)));
    EXPECT_EQ(host_->say(frame, std::chrono::seconds(60)), "06");
    EXPECT_EQ(host_->say("05"), "15");
    EXPECT_EQ(done(kCheck).substr(0, 8), "FF 61 00");
    EXPECT_EQ(done("FF 61 1E 00 00 00 01 00 09 00 41"), "FF 61 33");
}

TEST(Tags, AnyBytesAreTagsOrNothing) {
    EXPECT_TRUE(decode_tags({})->empty());
    const base::Bytes nested = *base::from_hex(
        "C8 04 15 00 93 04 0C 00 2B 37 39 31 32 33 34 35 36 37 38 39 C9 04 01 00 80");
    const auto outer = decode_tags(nested);
    ASSERT_TRUE(outer);
    EXPECT_EQ(tag_text(*decode_tags((*outer)[0].value), 1171), "+79123456789");
    base::Bytes cut = nested;
    cut[6] = base::byte(0xFF);  // an inner length that does not fit
    EXPECT_FALSE(decode_tags(cut));
    EXPECT_EQ(base::to_hex(encode_fvln(995, 2)), "02 E3 03");
    EXPECT_EQ(base::to_hex(encode_vln(0)), "00");
}

}  // namespace
}  // namespace tillhost::simulators::shtrih
