// Claim: a key is read only if it is whole, of this vendor, and each line is where it was signed;
// the refusal says which line and what to do. Shown by one change at a time to a good key.
#include "licd/keys/key_file.h"

#include "licd/keys/key_lines.h"
#include "licd/keys/test/vendor.h"

namespace tillhost::licd::keys::test {
namespace {

using base::ErrorCode;

const Vendor& vendor() {
    static const Vendor one;
    return one;
}

base::Result<KeyFile> read(std::string_view text) { return read_key(text, vendor().root); }

/// The key with other lines, and END made anew by the vendor.
std::string resealed(const std::vector<std::string>& lines) {
    return taken(seal_text(FileKind::key, "head", lines, vendor().issuer_key));
}

std::size_t line_starting(const std::vector<std::string>& lines, std::string_view start) {
    for (std::size_t at = 0; at < lines.size(); ++at) {
        if (lines[at].starts_with(start)) {
            return at;
        }
    }
    ADD_FAILURE() << start;
    return 0;
}

TEST(KeyFile, IsReadAsItWasWritten) {
    const KeyFile file = taken(read(vendor().write(blank_key())));
    EXPECT_EQ(file.content.serial, "4410-0093-7721");
    EXPECT_EQ(file.content.head, blank_key().head);
    EXPECT_EQ(file.content.issued_s, kNow);
    ASSERT_EQ(file.content.lines.size(), 3U);
    EXPECT_EQ(file.content.lines[0].count, 20);
    EXPECT_EQ(file.content.lines[0].mode, SeatMode::station);
    EXPECT_EQ(file.content.lines[1].until_s,
              taken(licence_line_from_words("name=a until=2027-12-31")).until_s);
    EXPECT_TRUE(file.content.lines[1].has("label"));
    EXPECT_EQ(file.content.lines[1].offline_ok_s, 900);
    EXPECT_TRUE(file.content.lines[0].versions.contains(taken(Version::read("3.9.1"))));
    EXPECT_FALSE(file.content.lines[0].versions.contains(taken(Version::read("4"))));
    EXPECT_EQ(file.content.slots.size(), 2U);
    EXPECT_FALSE(file.content.activation);
    EXPECT_EQ(vendor().write(file.content), file.text);
}

TEST(KeyFile, ABoundOneIsReadAsItWasWritten) {
    const KeyFile file = taken(read(vendor().write(bound_key())));
    ASSERT_TRUE(file.content.activation);
    EXPECT_EQ(file.content.activation->server, test_key(50).public_key());
    EXPECT_EQ(file.content.activation->traits, bound_key().activation->traits);
    EXPECT_EQ(vendor().write(file.content), file.text);
}

TEST(KeyFile, OfATokenNamesIt) {
    KeyContent content = dongle_key();
    const KeyFile file = taken(read(vendor().write(content)));
    EXPECT_EQ(file.content.token, content.token);
    EXPECT_EQ(vendor().write(file.content), file.text);
    content.token.reset();
    EXPECT_TRUE(refused(read(vendor().write(content)), ErrorCode::key_damaged, "names its token"));
    content = blank_key();
    content.token = dongle_key().token;
    EXPECT_TRUE(refused(read(vendor().write(content)), ErrorCode::key_damaged, "no other does"));
}

TEST(KeyFile, OfATokenHasNoPinsAndNoMachine) {
    KeyContent content = dongle_key();
    content.slots = blank_key().slots;
    EXPECT_TRUE(refused(read(vendor().write(content)), ErrorCode::key_damaged, "no PINs"));
    content = bound_key();
    content.slots.clear();
    content.kind = KeyKind::token;
    content.token = dongle_key().token;
    EXPECT_TRUE(refused(read(vendor().write(content)), ErrorCode::key_damaged, "not activated"));
}

TEST(KeyFile, ADonglesLineIsOfItsKeyAlone) {
    std::vector<std::string> lines = lines_of(vendor().write(dongle_key()));
    const std::size_t dongle = line_starting(lines, "T ");
    const std::string good = lines[dongle];
    KeyContent other = dongle_key();
    other.serial = "9999-0000-0000";
    const std::vector<std::string> foreign = lines_of(vendor().write(other));
    lines[dongle] = foreign[dongle];
    EXPECT_TRUE(refused(read(resealed(lines)), ErrorCode::key_foreign, "another key"));
    lines[dongle] = good.substr(0, good.find(" ~ "));
    EXPECT_EQ(code_of(read(resealed(lines))), ErrorCode::key_damaged);
    const KeyContent content = dongle_key();
    const auto with_line = [&](const DongleLine& line) {
        lines[dongle] = sign_line({domain::kToken, content.id, content.serial},
                                  write_dongle_line(line), vendor().issuer_key);
        return read(resealed(lines));
    };
    EXPECT_TRUE(with_line({*content.token, "till", content.issued_s}));
    EXPECT_TRUE(refused(with_line({*content.token, "scale", content.issued_s}),
                        ErrorCode::key_damaged, "not the one of this key"));
    EXPECT_TRUE(refused(with_line({*content.token, "till", content.issued_s + 1}),
                        ErrorCode::key_damaged, "not the one of this key"));
}

TEST(KeyFile, CutAnywhereItIsRefused) {
    const std::string text = vendor().write(blank_key());
    for (std::size_t length = 0; length < text.size(); ++length) {
        EXPECT_NE(code_of(read(std::string_view(text).substr(0, length))), ErrorCode::unspecified);
    }
    const std::size_t half = text.rfind("\nX ") + 1;
    EXPECT_TRUE(refused(read(text.substr(0, half)), ErrorCode::key_damaged, "cut"));
    EXPECT_TRUE(refused(read(text + "more\n"), ErrorCode::key_damaged, "behind its end"));
}

TEST(KeyFile, WithAByteChangedAnywhereItIsRefused) {
    const std::string text = vendor().write(blank_key());
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::string changed = text;
        changed[at] = changed[at] == 'x' ? 'y' : 'x';
        EXPECT_FALSE(read(changed)) << at << ": " << text.substr(at, 20);
    }
}

TEST(KeyFile, AnAlteredHeadIsTold) {
    EXPECT_TRUE(refused(read(with(vendor().write(blank_key()), "example shop", "other shop")),
                        ErrorCode::key_damaged, "its head or one of its lines was changed"));
}

TEST(KeyFile, AnAlteredLicenceIsToldWithItsLine) {
    EXPECT_TRUE(refused(read(with(vendor().write(blank_key()), "count=20", "count=99")),
                        ErrorCode::key_damaged, "line 6 (licence 1) was changed"));
}

TEST(KeyFile, SwappedLinesAreTold) {
    std::vector<std::string> lines = lines_of(vendor().write(blank_key()));
    const std::string whole = vendor().write(blank_key());
    const std::size_t first = line_starting(lines, "L 1");
    std::string swapped =
        with(whole, lines[first] + "\n" + lines[first + 1], lines[first + 1] + "\n" + lines[first]);
    EXPECT_TRUE(refused(read(swapped), ErrorCode::key_damaged, "lines were swapped"));
    std::swap(lines[first], lines[first + 1]);  // and END made anew
    EXPECT_TRUE(refused(read(resealed(lines)), ErrorCode::key_foreign, "another place"));
}

TEST(KeyFile, AMissingLineIsTold) {
    const std::string whole = vendor().write(blank_key());
    const std::vector<std::string> lines = lines_of(whole);
    const std::size_t last = line_starting(lines, "L 3");
    EXPECT_TRUE(refused(read(with(whole, lines[last] + "\n", "")), ErrorCode::key_damaged,
                        "was made with 9 lines and has 8"));
    const std::size_t first = line_starting(lines, "L 1");
    EXPECT_TRUE(refused(read(with(whole, lines[first] + "\n", "")), ErrorCode::key_damaged,
                        "one is missing"));
}

TEST(KeyFile, ALineOfAnotherKeyIsRefusedEvenUnderAGoodEnd) {
    KeyContent other = blank_key();
    other.serial = "9999-0000-0000";
    const std::vector<std::string> foreign = lines_of(vendor().write(other));
    std::vector<std::string> lines = lines_of(vendor().write(blank_key()));
    const std::string whole = vendor().write(blank_key());
    const std::size_t first = line_starting(lines, "L 1");
    EXPECT_TRUE(refused(read(with(whole, lines[first], foreign[first])), ErrorCode::key_damaged,
                        "comes from another key"));
    lines[first] = foreign[first];
    EXPECT_TRUE(refused(read(resealed(lines)), ErrorCode::key_foreign, "another key"));
}

TEST(KeyFile, ALineIsNotASealAndASealIsNoLine) {
    std::vector<std::string> lines = lines_of(vendor().write(bound_key()));
    const std::size_t seal = line_starting(lines, "S ");
    const KeyContent content = bound_key();
    lines[seal] = sign_line({domain::kLine, content.id, content.serial},
                            write_seal({test_key(51).public_key(), "till", content.issued_s}),
                            vendor().issuer_key);
    EXPECT_TRUE(refused(read(resealed(lines)), ErrorCode::key_foreign, "another place"));
}

TEST(KeyFile, AnotherVendorsIsForeign) {
    const Vendor other(100);
    EXPECT_TRUE(refused(read(other.write(blank_key())), ErrorCode::key_foreign,
                        "do not lead to this vendor's root"));
}

TEST(KeyFile, ADateOutsideTheIssuersIsForeign) {
    KeyContent content = blank_key();
    content.issued_s = kNow + 1001 * kDay;
    EXPECT_TRUE(refused(read(vendor().write(content)), ErrorCode::key_foreign, "was not valid"));
    content.issued_s = kNow - 2 * kDay;
    EXPECT_TRUE(refused(read(vendor().write(content)), ErrorCode::key_foreign, "was not valid"));
}

TEST(KeyFile, AProductThatTheIssuerDoesNotHaveIsForeign) {
    KeyContent content = blank_key();
    content.product = "scale";
    EXPECT_TRUE(refused(read(vendor().write(content)), ErrorCode::key_foreign, "product scale"));
}

TEST(KeyFile, AnUnknownCriticalFieldIsRefusedAndAnotherIsNot) {
    std::vector<std::string> lines = lines_of(vendor().write(blank_key()));
    const std::size_t terms = line_starting(lines, "P ");
    const std::string before = lines[terms];
    lines[terms] = before + " colour=red";
    EXPECT_TRUE(read(resealed(lines)));
    lines[terms] = before + " !colour=red";
    EXPECT_TRUE(refused(read(resealed(lines)), ErrorCode::wrong_version, "!colour"));
    const std::size_t first = line_starting(lines, "L 1");
    lines[terms] = before;
    lines[first] =
        sign_line({domain::kLine, blank_key().id, blank_key().serial},
                  "L 1 name=a type=uncounted until=never !trial=yes", vendor().issuer_key);
    EXPECT_TRUE(refused(read(resealed(lines)), ErrorCode::wrong_version, "!trial"));
}

TEST(KeyFile, AnotherVersionOrFileIsTold) {
    const std::string text = vendor().write(blank_key());
    EXPECT_TRUE(refused(read(with(text, "LICD KEY 1", "LICD KEY 2")), ErrorCode::wrong_version,
                        "another version"));
    EXPECT_TRUE(refused(read(with(text, "LICD KEY 1", "LICD REQUEST 1")), ErrorCode::key_foreign,
                        "another file"));
    EXPECT_TRUE(refused(read("nothing\n"), ErrorCode::key_damaged, "no such file"));
}

TEST(KeyFile, LineEndsOfAnotherSystemAreTold) {
    EXPECT_TRUE(refused(read(with(vendor().write(blank_key()), "\n", "\r\n")),
                        ErrorCode::key_damaged, "line ends"));
}

TEST(KeyFile, IsBounded) {
    EXPECT_EQ(code_of(read(std::string(kFileBytesMax + 1, 'a'))), ErrorCode::too_large);
    const std::string text = vendor().write(blank_key());
    EXPECT_EQ(code_of(read(with(text, "F id=", std::string(kLineBytesMax, 'F') + " id="))),
              ErrorCode::too_large);
    KeyContent content = blank_key();
    content.head = "-----LICD KEY 1-----";
    EXPECT_EQ(code_of(write_key(content, vendor().chain, vendor().issuer_key)),
              ErrorCode::bad_field);
}

TEST(KeyFile, TwoLicencesOfOneNameAreRefused) {
    KeyContent content = blank_key();
    content.lines[1].name = content.lines[0].name;
    EXPECT_TRUE(refused(read(vendor().write(content)), ErrorCode::key_damaged, "stands twice"));
}

TEST(KeyFile, HalfABindingIsRefused) {
    std::vector<std::string> lines = lines_of(vendor().write(bound_key()));
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(line_starting(lines, "S ")));
    EXPECT_TRUE(refused(read(resealed(lines)), ErrorCode::key_damaged, "a bound key has"));
}

}  // namespace
}  // namespace tillhost::licd::keys::test
