// Claim: a pairing code survives people, tells a slip of the finger, and leads to one host only;
// the greeting and the small files take any bytes. Shown on made codes and on broken ones.
#include "ipc/pairing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "ipc/curve_keys.h"
#include "ipc/tcp_talk.h"
#include "ipc/text_tables.h"

namespace tillhost::ipc {
namespace {

constexpr std::string_view kKey = "HelloWorldHelloWorldHelloWorldHelloWorld";

TEST(PairingCode, IsReadAsAPersonTypesIt) {
    const PairingCode code = MUST(PairingCode::make(kKey, 0x2ABCDEF1));
    const std::string text = code.text();
    ASSERT_EQ(text.size(), 23U);
    EXPECT_EQ(text[5], '-');
    std::string typed;
    for (const char c : text) {
        typed += c == '0' ? 'o' : (c == '1' ? 'l' : static_cast<char>(std::tolower(c)));
    }
    std::replace(typed.begin(), typed.end(), '-', ' ');
    const PairingCode read = MUST(PairingCode::read(typed));
    EXPECT_EQ(read.secret, code.secret);
    EXPECT_EQ(read.key_part, code.key_part);
    EXPECT_TRUE(read.is_of(kKey));
    EXPECT_FALSE(read.is_of(MUST(KeyPair::make()).public_key));
    EXPECT_FALSE(read.is_of("nonsense"));
}

TEST(PairingCode, EveryBitOfTheSecretCounts) {
    const std::string none = MUST(PairingCode::make(kKey, 0)).secret;
    EXPECT_EQ(none, "000000");
    EXPECT_EQ(MUST(PairingCode::make(kKey, (1U << 30U) - 1)).secret, "ZZZZZZ");
    EXPECT_EQ(MUST(PairingCode::make(kKey, 1U << 30U)).secret, none);  // of the next bit nothing
    for (unsigned bit = 0; bit < 30; ++bit) {
        EXPECT_NE(MUST(PairingCode::make(kKey, 1U << bit)).secret, none) << bit;
    }
}

TEST(PairingCode, TellsMostSlipsAndAllThatAreNoCode) {
    const std::string text = MUST(PairingCode::make(kKey, 0x12345678)).text();
    int told = 0;
    int slips = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        for (const char c : std::string("0123456789ABCDEFGHJKMNPQRSTVWXYZ")) {
            if (text[i] == '-' || text[i] == c) {
                continue;
            }
            std::string slip = text;
            slip[i] = c;
            ++slips;
            told += PairingCode::read(slip) ? 0 : 1;
        }
    }
    EXPECT_GT(told * 10, slips * 9);
    for (const std::string& wrong : {std::string(), text + "0", text.substr(1),
                                     std::string("UUUUU-UUUUU-UUUUU-UUUUU"), text + "\xFF"}) {
        const auto read = PairingCode::read(wrong);
        ASSERT_FALSE(read.has_value()) << wrong;
        EXPECT_EQ(read.error().code, base::ErrorCode::bad_field);
    }
}

TEST(PairingGreeting, IsOneLineAndNothingElse) {
    const PairingGreeting greeting{std::string(kKey), 15210};
    const std::string line = greeting.line();
    EXPECT_LE(line.size(), kPairingGreetingBytesMax);
    const PairingGreeting read = MUST(PairingGreeting::read(line));
    EXPECT_EQ(read.host_key, kKey);
    EXPECT_EQ(read.port, 15210);
    for (std::size_t size = 0; size < line.size(); ++size) {
        EXPECT_FALSE(PairingGreeting::read(line.substr(0, size))) << size;
    }
    EXPECT_FALSE(PairingGreeting::read(line + "x\n"));
    EXPECT_FALSE(PairingGreeting::read(line.substr(0, line.size() - 1) + "5\n"));  // 152105
    EXPECT_EQ(PairingGreeting::read("tillhost-pairing 2 x\n").error().code,
              base::ErrorCode::wrong_version);
}

TEST(TextTables, KeepWhatTheyAreGiven) {
    std::vector<TextTable> tables(2);
    tables[0].set("key", std::string(kKey) + "\"\\#\x01");
    tables[1].name = "workstation";
    tables[1].set("name", "касса");
    tables[1].set("name", "till");
    const std::string text = write_text_tables("for people", tables);
    const auto read = MUST(read_text_tables(text));
    ASSERT_EQ(read.size(), 2U);
    EXPECT_EQ(read[0].entries, tables[0].entries);
    EXPECT_EQ(read[1].name, "workstation");
    EXPECT_EQ(read[1].get("name"), "till");
    EXPECT_EQ(read[1].get("role"), "");
}

TEST(TextTables, SayInWhichLineTheFaultIs) {
    for (const char* wrong :
         {"[[x]", "[[]]", "key", "key = text", "key = \"a\"b\"", "Key = \"a\"", "k = \"\\x\"",
          "k = \"\\uD800\"", "k = \"\xFF\"", "k=\"1\"\nk=\"2\""}) {
        const auto read = read_text_tables(std::string("# fine\n") + wrong);
        ASSERT_FALSE(read.has_value()) << wrong;
        EXPECT_EQ(read.error().detail.substr(0, 5), "line ") << wrong;
    }
}

TEST(TcpAddress, IsTakenApart) {
    const TcpAddress plain = MUST(parse_tcp_address("kassa.local", 15211));
    EXPECT_EQ(plain.text(), "kassa.local:15211");
    EXPECT_EQ(MUST(parse_tcp_address("10.0.0.7:99", 1)).port, 99);
    for (const char* wrong :
         {"", ":1", "a:", "a:0", "a:65536", "a:1x", "a b", "a:1:2", "tcp://a"}) {
        EXPECT_FALSE(parse_tcp_address(wrong, 1).has_value()) << wrong;
    }
}

}  // namespace
}  // namespace tillhost::ipc
