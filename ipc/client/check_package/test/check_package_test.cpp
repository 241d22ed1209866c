// Claim: a CheckPackage of 1C is the receipt that it describes or an error that names the place;
// nothing with a value is dropped. Shown on every package of tests/vectors/check_package, which the
// Python client is tried on as well, and on values at their bounds.
#include "ipc/client/check_package/check_package.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "hal/base/invariant.h"
#include "hal/os/files.h"
#include "ipc/client/check_package/values.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"

namespace tillhost::check_package {
namespace {

using contract::Value;

constexpr const char* kFolder = "tests/vectors/check_package/";

std::string file(const std::string& name) {
    return base::string_of(MUST(os::read_file(kFolder + name, kBytesMax)));
}

std::string text_in(const Value& tree, std::string_view name) {
    const Value* const found = tree.find(name);
    const auto* const text = found == nullptr ? nullptr : found->get_if<std::string>();
    return text == nullptr ? "" : *text;
}

TEST(CheckPackage, IsWhatTheVectorsSay) {
    const Value expected = MUST(ipc::from_json(file("expected.json")));
    const auto& all = *expected.get_if<Value::Map>();
    EXPECT_GT(all.size(), 40U);
    for (const auto& [name, outcome] : all) {
        SCOPED_TRACE(name);
        const auto receipt = receipt_of(file(name + ".xml"));
        if (const Value* const wanted = outcome.find("receipt")) {
            ASSERT_TRUE(receipt) << base::to_text(receipt.error());
            EXPECT_EQ(*receipt, MUST(contract::from_value<contract::Receipt>(*wanted)));
        } else {
            const Value& error = *outcome.find("error");
            ASSERT_FALSE(receipt);
            EXPECT_EQ(base::name_of(receipt.error().code), text_in(error, "code"))
                << base::to_text(receipt.error());
            const std::string at = text_in(error, "at");
            EXPECT_EQ(receipt.error().detail.substr(0, at.size() + 1),
                      at.empty() ? receipt.error().detail.substr(0, 1) : at + ":");
        }
    }
}

TEST(CheckPackage, HasAVectorForEachFileAndAFileForEachVector) {
    const Value expected = MUST(ipc::from_json(file("expected.json")));
    for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
        if (entry.path().extension() == ".xml") {
            EXPECT_NE(expected.find(entry.path().stem().string()), nullptr) << entry.path();
        }
    }
}

TEST(CheckPackage, RefusesWhatNoCallerMeans) {
    EXPECT_EQ(receipt_of(std::string(kBytesMax + 1, ' ')).error().code, base::ErrorCode::too_large);
    EXPECT_EQ(receipt_of("\xFF\xFE<").error().code, base::ErrorCode::malformed);
    EXPECT_EQ(receipt_of("").error().code, base::ErrorCode::malformed);
    std::string twice = file("plain.xml");
    twice.replace(twice.find("Quantity=\"1\""), 12, "Quantity=\"1\" Quantity=\"2\"");
    EXPECT_FALSE(receipt_of(twice));
}

TEST(Values, ReadDecimalsAndNothingElse) {
    EXPECT_EQ(decimal_units("172.51", 2), 17251);
    EXPECT_EQ(decimal_units("-5", 2), -500);
    EXPECT_EQ(decimal_units("9999999999.999999", 6), 9'999'999'999'999'999);
    EXPECT_EQ(decimal_units("1.2300", 2), 123);
    for (const char* wrong : {"", "-", ".5", "5.", "1e3", "1 000", "1,5", "+1", "0x1", "1.234",
                              "10000000000", "--1", "1.2.3"}) {
        EXPECT_FALSE(decimal_units(wrong, 2)) << wrong;
    }
}

TEST(Values, ReadBase64WithItsPadding) {
    EXPECT_EQ(base::string_of(*bytes_of_base64("MDEwNDYwMQ==")), "0104601");
    EXPECT_EQ(base::string_of(*bytes_of_base64("YWI=")), "ab");
    EXPECT_EQ(base::string_of(*bytes_of_base64("YWJj")), "abc");
    for (const char* wrong : {"YWI", "YW=I", "=AAA", "YW I", "A===", "YWI=YWI="}) {
        EXPECT_FALSE(bytes_of_base64(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace tillhost::check_package
