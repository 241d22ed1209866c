// Claim: sumpd.toml is read as its page says, and a mistake is named with what would be right.
// Shown: texts and password files, good and bad.
#include "sumpd/runtime/config.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "hal/os/files.h"

namespace tillhost::sumpd::runtime {
namespace {

/// A file with that text and mode; its path.
std::string file_with(const std::string& text, unsigned mode) {
    const std::string path = testing::TempDir() + "/erp.password";
    MUST(os::write_atomically(path, base::bytes_of(text), mode));
    ::chmod(path.c_str(), mode);
    return path;
}

std::string exchange_of(const std::string& path) {
    return fmt::format(
        "[[exchange]]\nnode = \"central\"\nlogin = \"erp\"\npassword_file = \"{}\"\n", path);
}

// Claimed: without a file this machine only is served, and no accounting system.
TEST(ConfigTest, Defaults) {
    const auto config = load_config(testing::TempDir() + "/nowhere");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->api_address, "127.0.0.1");
    EXPECT_EQ(config->api_port, 8443);
    EXPECT_TRUE(config->node.empty());
}

// Claimed: everything that can be set is read; the password is the file's line without its end.
TEST(ConfigTest, Whole) {
    const std::string path = file_with("twelve letters\r\n", 0600);
    const auto config = read_config(
        "name = \"Shop\"\nlog = \"debug\"\n[[api]]\naddress = \"0.0.0.0\"\nport = \"9443\"\n"
        "hosts = \"shop.example  till\"\ncertificate = \"a.pem\"\nkey = \"b.pem\"\n" +
            exchange_of(path),
        "sumpd.toml");
    ASSERT_TRUE(config) << config.error().detail;
    EXPECT_EQ(config->name, "Shop");
    EXPECT_EQ(config->api_port, 9443);
    EXPECT_EQ(config->api_hosts, (std::vector<std::string>{"shop.example", "till"}));
    EXPECT_EQ(config->node_password, "twelve letters");
}

// Claimed: licences are what the file says, with the texts of the files that it names; half of it
// is refused, since somebody believes to have set it.
TEST(ConfigTest, Licences) {
    const std::string code = file_with("open sesame\n", 0600);
    const std::string whole = fmt::format(
        "[[licences]]\naddress = \"till1:15200\"\nproduct = \"till\"\nlicence = \"phones\"\n"
        "terminal_licence = \"terminals\"\nvendor_root = \"{}\"\naccess_code_file = \"{}\"\n"
        "contact = \"Firma Kasa\"\n",
        code, code);
    const auto config = read_config(whole, "sumpd.toml");
    ASSERT_TRUE(config) << config.error().detail;
    EXPECT_EQ(config->licences.address, "till1:15200");
    EXPECT_EQ(config->licences.terminal_licence, "terminals");
    EXPECT_EQ(config->licences.vendor_root, "open sesame\n");
    EXPECT_EQ(config->licences.access_code, "open sesame");
    EXPECT_TRUE(read_config("", "sumpd.toml")->licences.address.empty());
    for (const std::string half :
         {"product = \"till\"", "contact = \"x\"", "address = \"*LOCAL\""}) {
        const auto refused = read_config("[[licences]]\n" + half + "\n", "sumpd.toml");
        ASSERT_FALSE(refused) << half;
        EXPECT_NE(refused.error().detail.find("address, product, licence and vendor_root"),
                  std::string::npos);
    }
    const std::string open = file_with("open sesame\n", 0644);
    EXPECT_FALSE(read_config("[[licences]]\naccess_code_file = \"" + open + "\"\n", "sumpd.toml"));
}

// Claimed: a mistake is refused with the name of the file and the setting, and what would be right.
TEST(ConfigTest, Mistakes) {
    const std::string open = file_with("twelve letters\n", 0644);
    const auto detail = [](const std::string& text) {
        const auto config = read_config(text, "sumpd.toml");
        return config ? std::string("taken") : config.error().detail;
    };
    EXPECT_NE(detail("nmae = \"x\"\n").find("sumpd.toml: nmae"), std::string::npos);
    EXPECT_NE(detail("[[api]]\nport = \"0\"\n").find("\"1\" to \"65535\""), std::string::npos);
    EXPECT_NE(detail("[[api]]\nport = \"x\"\n").find("api.port"), std::string::npos);
    EXPECT_NE(detail("log = \"loud\"\n").find("error, warning"), std::string::npos);
    EXPECT_NE(detail("[[api]]\nkey = \"a\"\n").find("together with"), std::string::npos);
    EXPECT_NE(detail("[[exchange]]\nnode = \"n\"\n").find("password_file"), std::string::npos);
    EXPECT_NE(detail(exchange_of(open)).find("chmod 600"), std::string::npos);
    EXPECT_NE(detail(exchange_of("/nowhere")).find("/nowhere"), std::string::npos);
    EXPECT_NE(detail(exchange_of(file_with("short", 0600))).find("at least 12"), std::string::npos);
}

}  // namespace
}  // namespace tillhost::sumpd::runtime
