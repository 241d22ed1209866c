// Claim: over the network a program finds its server and, once it was lent something, no other.
// Shown with fake servers on ports of the loopback interface.
#include <fstream>
#include <sstream>

#include "licd/client/test/fixture.h"

namespace tillhost::licd::client::test {
namespace {

class NetworkTest : public ClientTest {
protected:
    ClientOptions at(const std::string& servers) const {
        ClientOptions made = options();
        made.servers = servers;
        made.pins = folder_ + "/servers.toml";
        return made;
    }
    ClientOptions anywhere(const FakeLicd& licd) const {
        ClientOptions made = at("*AUTO");
        made.search_port = licd.port();
        made.search_at = {"127.0.0.1"};
        return made;
    }
    std::string pins() const {
        std::ostringstream text;
        text << std::ifstream(folder_ + "/servers.toml").rdbuf();
        return text.str();
    }
};

TEST_F(NetworkTest, AnAddressIsAskedForItsKeyAndPinned) {
    FakeLicd licd(FakeLicd::Network{});
    EXPECT_EQ(outcome(acquire(*open(at(licd.address())))), "ok");
    EXPECT_NE(pins().find(licd.curve().public_key), std::string::npos) << pins();
    // Then it is not asked any more.
    EXPECT_EQ(outcome(acquire(*open(at(licd.address())))), "ok");
}

TEST_F(NetworkTest, AGivenKeyIsEnough) {
    FakeLicd licd(FakeLicd::Network{});
    EXPECT_EQ(outcome(acquire(*open(at(licd.address() + "#" + licd.curve().public_key)))), "ok");
    const std::string other = ipc::KeyPair::make()->public_key;
    // It is believed before the pin, which is older.
    const auto refused = acquire(*open(at(licd.address() + "#" + other)));
    ASSERT_EQ(outcome(refused), "wrong_host_key");
    EXPECT_NE(refused.error().detail.find("named in its address"), std::string::npos);
}

TEST_F(NetworkTest, APinnedServerWithAnotherKeyIsNotTalkedTo) {
    std::string address;
    {
        FakeLicd licd(FakeLicd::Network{});
        address = licd.address();
        ASSERT_EQ(outcome(acquire(*open(at(address)))), "ok");
    }
    FakeLicd other(FakeLicd::Network{
        .port = static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1)))});
    const auto refused = acquire(*open(at(address)));
    ASSERT_EQ(outcome(refused), "wrong_host_key");
    EXPECT_NE(refused.error().detail.find("servers.toml"), std::string::npos);
    EXPECT_EQ(other.seen().hellos, 0);
}

TEST_F(NetworkTest, AFalseServerIsNeverPinned) {
    FakeLicd licd(FakeLicd::Network{});
    licd.with([](auto& ways) { ways.lease_key = keys::test::test_key(60); });
    EXPECT_EQ(outcome(acquire(*open(at(licd.address())))), "key_foreign");
    EXPECT_EQ(pins(), "");
}

TEST_F(NetworkTest, WhoStandsBetweenIsNotPinned) {
    // It hands on what the true server lends, but cannot sign its own answer to the search.
    FakeLicd between(FakeLicd::Network{.answer_key = keys::test::test_key(60)});
    EXPECT_EQ(outcome(acquire(*open(at(between.address())))), "wrong_host_key");
    EXPECT_EQ(pins(), "");
    EXPECT_EQ(between.lent(), 0U);
}

TEST_F(NetworkTest, TheNextAddressIsTriedWhenOneIsSilent) {
    std::string silent;
    {
        FakeLicd gone(FakeLicd::Network{});
        silent = gone.address();
    }
    FakeLicd licd(FakeLicd::Network{});
    EXPECT_EQ(outcome(acquire(*open(at(silent + ", " + licd.address())))), "ok");
}

TEST_F(NetworkTest, AServerIsFoundWithoutAnAddress) {
    FakeLicd licd(FakeLicd::Network{});
    EXPECT_EQ(outcome(acquire(*open(anywhere(licd)))), "ok");
    EXPECT_NE(pins().find("127.0.0.1:" + std::to_string(licd.port())), std::string::npos);
}

TEST_F(NetworkTest, WithAPinNoOtherServerIsTaken) {
    {
        FakeLicd licd(FakeLicd::Network{});
        ASSERT_EQ(outcome(acquire(*open(anywhere(licd)))), "ok");
    }
    FakeLicd other(FakeLicd::Network{});
    ClientOptions wanted = anywhere(other);
    const auto refused =
        open(wanted)->acquire({.licence = "till.base"}, clock_.now() + std::chrono::seconds(1));
    ASSERT_EQ(outcome(refused), "no_daemon");
    EXPECT_NE(refused.error().detail.find("none of those pinned"), std::string::npos);
    EXPECT_EQ(other.seen().hellos, 0);
}

TEST(InOrder, PrefersTheGroupAndThenTheLowestLoad) {
    const auto server = [](std::string name, std::string group, std::uint16_t load) {
        return FoundServer{.group = std::move(group), .name = std::move(name), .load = load};
    };
    const auto found = in_order(
        {server("a", "", 0), server("b", "shop", 500), server("c", "shop", 100)}, Pins(""), "shop");
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].name, "c");
    EXPECT_EQ(found[1].name, "b");
    EXPECT_EQ(found[2].name, "a");
}

TEST(Servers, AreReadAsTheyAreWritten) {
    EXPECT_EQ(parse_servers("*LOCAL")->way, Servers::Way::local);
    EXPECT_EQ(parse_servers(" *AUTO ")->way, Servers::Way::automatic);
    const std::string key = ipc::KeyPair::make()->public_key;
    const auto listed = parse_servers("one, two:15300, 10.0.0.7#" + key).value().listed;
    ASSERT_EQ(listed.size(), 3U);
    EXPECT_EQ(listed[0].address.text(), "one:15200");
    EXPECT_EQ(listed[1].address.text(), "two:15300");
    EXPECT_EQ(listed[2].curve_key, key);
    for (const char* wrong : {"", "one,", "*auto", "one:0", "one#key", "one two", "one:99999"}) {
        EXPECT_FALSE(parse_servers(wrong).has_value()) << wrong;
    }
}

class PinsTest : public ClientTest {};

TEST_F(PinsTest, AFileThatIsNoneIsNotOverwritten) {
    const std::string path = folder_ + "/servers.toml";
    std::ofstream(path) << "servers = \"one\"\n";
    Pins pins(path);
    ASSERT_FALSE(pins.load().has_value());
    EXPECT_EQ(pins.load().error().code, base::ErrorCode::config_invalid);
    EXPECT_FALSE(pins.keep({.address = "one:1"}).has_value());
}

TEST_F(PinsTest, TheSameAddressIsPinnedOnce) {
    Pins pins(folder_ + "/servers.toml");
    const std::string key = ipc::KeyPair::make()->public_key;
    const std::string other = ipc::KeyPair::make()->public_key;
    ASSERT_TRUE(pins.keep({.address = "one:1", .curve_key = key, .server_key = key}));
    ASSERT_TRUE(pins.keep({.address = "one:1", .curve_key = other, .server_key = key}));
    Pins again(pins.path());
    ASSERT_TRUE(again.load().has_value());
    EXPECT_EQ(again.of("one:1")->curve_key, other);
    EXPECT_TRUE(again.know({.curve_key = other, .server_key = key}));
    EXPECT_FALSE(again.know({.curve_key = key, .server_key = key}));
}

}  // namespace
}  // namespace tillhost::licd::client::test
