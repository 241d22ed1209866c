// Claim: a dongle's line and its word are read as they were written, and in no other form; a word
// of more or fewer bytes than a dongle says is none. Shown by changes to good ones.
#include "licd/keys/dongle.h"

#include "licd/keys/base64.h"
#include "licd/keys/test/vendor.h"

namespace tillhost::licd::keys::test {
namespace {

using base::ErrorCode;

DongleLine line() { return {*dongle_key().token, "till", kNow}; }
base::Result<DongleLine> read(const std::string& text) { return read_dongle_line(text, 7); }

TEST(DongleLine, IsReadAsItWasWritten) {
    const std::string text = write_dongle_line(line());
    const DongleLine again = taken(read(text));
    EXPECT_EQ(again.dongle, line().dongle);
    EXPECT_EQ(again.product, "till");
    EXPECT_EQ(again.issued_s, kNow);
    EXPECT_EQ(write_dongle_line(again), text);
}

TEST(DongleLine, OfAnotherFormIsRefusedWithItsNumber) {
    const std::string text = write_dongle_line(line());
    EXPECT_TRUE(refused(read(with(text, "alg=es256", "alg=rs256")), ErrorCode::wrong_version,
                        "line 7: dongles that sign with \"rs256\""));
    for (const auto& [part, other] : std::vector<std::pair<std::string, std::string>>{
             {"rp=licence.example", "rp=Licence"},
             {"rp=licence.example", "rp="},
             {"rp=licence.example", "rp=" + std::string(254, 'a')},
             {"cred=", "cred=*"},
             {" x=", " x=AAAA"},
             {"aaguid=f8", "aaguid=F8"},
             {"aaguid=f8", "aaguid="},
             {"T ", "S "},
             {"T ", "T 1 "}}) {
        EXPECT_TRUE(refused(read(with(text, part, other)), ErrorCode::key_damaged, "line 7"))
            << part << " as " << other;
    }
    EXPECT_EQ(code_of(read(text + " !touch=yes")), ErrorCode::wrong_version);
    EXPECT_TRUE(read(text + " colour=red"));
}

TEST(DongleLine, ACredentialHasABound) {
    DongleLine long_one = line();
    long_one.dongle.credential = base::Bytes(kCredentialBytesMax, base::byte(1));
    EXPECT_TRUE(read(write_dongle_line(long_one)));
    long_one.dongle.credential.push_back(base::byte(1));
    EXPECT_EQ(code_of(read(write_dongle_line(long_one))), ErrorCode::key_damaged);
}

TEST(DongleWord, IsReadAsItWasWritten) {
    const DongleWord word = spoken(test_dongle(), question_at(kNow));
    const std::string text = write_dongle_word(word);
    const DongleWord again = taken(read_dongle_word(text));
    EXPECT_EQ(write_dongle_word(again), text);
    EXPECT_EQ(again.server, word.server);
    EXPECT_TRUE(check_dongle_word(*dongle_key().token, dongle_key().serial, again));
    EXPECT_EQ(counter_of(again.data), 5U);
}

TEST(DongleWord, OfAnotherFormIsRefused) {
    DongleWord word = spoken(test_dongle(), question_at(kNow));
    const std::string text = write_dongle_word(word);
    EXPECT_FALSE(read_dongle_word("D"));
    EXPECT_FALSE(read_dongle_word(with(text, "D ", "T ")));
    EXPECT_FALSE(read_dongle_word(with(text, "at=2", "at=x")));
    EXPECT_EQ(code_of(read_dongle_word(text + " !more=1")), ErrorCode::wrong_version);
    word.data.resize(kAssertionBytesMin - 1);
    EXPECT_FALSE(read_dongle_word(write_dongle_word(word)));
    EXPECT_EQ(code_of(check_dongle_word(*dongle_key().token, dongle_key().serial, word)),
              ErrorCode::key_foreign);
    word.data.resize(kAssertionBytesMax + 1);
    EXPECT_FALSE(read_dongle_word(write_dongle_word(word)));
    EXPECT_EQ(code_of(check_dongle_word(*dongle_key().token, dongle_key().serial, word)),
              ErrorCode::key_foreign);
}

TEST(DongleQuestion, NamesWhatItIsFor) {
    EXPECT_EQ(question_at(kNow).text(),
              "licd-server-1\n4410-0093-7721\n" + to_base64(test_key(50).public_key().bytes) +
                  "\n2026-05-28T20:26:40Z\nAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\n");
    EXPECT_EQ(question_at(kNow).hash().size(), 32U);
}

}  // namespace
}  // namespace tillhost::licd::keys::test
