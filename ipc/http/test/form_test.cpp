// Claim: what browsers send is decoded once and within bounds, and nothing leads out of its folder.
// Shown on examples of browsers' output and on what they would never send.
#include "ipc/http/form.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tillhost::http {
namespace {

using base::ErrorCode;
using namespace std::string_view_literals;

TEST(Form, DecodesPercents) {
    EXPECT_EQ(percent_decode("a%20b+c", Plus::is_plus).value(), "a b+c");
    EXPECT_EQ(percent_decode("a%20b+c", Plus::is_blank).value(), "a b c");
    EXPECT_EQ(percent_decode("%D1%87%c4%85", Plus::is_plus).value(), "чą");
    EXPECT_EQ(percent_decode("%2541", Plus::is_plus).value(), "%41");  // once only
    for (const std::string_view bad : {"%", "%4", "a%", "%zz", "%-1", "%00", "%ff", "%C0%AF"}) {
        EXPECT_FALSE(percent_decode(bad, Plus::is_plus).has_value()) << bad;
    }
    EXPECT_EQ(percent_encode("a b/ą~"), "a%20b%2F%C4%85~");
}

TEST(Form, DecodesPairs) {
    const std::vector<Pair> expected = {{"a", "1"}, {"b", "two words"}, {"a", ""}, {"c", "x=y"}};
    EXPECT_EQ(decode_pairs("a=1&&b=two+words&a&c=x=y&").value(), expected);
    EXPECT_TRUE(decode_pairs("").value().empty());
    EXPECT_FALSE(decode_pairs("a=%").has_value());
    std::string many = "a=1";
    for (std::size_t i = 1; i < kPairsMax; ++i) {
        many += "&a=1";
    }
    EXPECT_EQ(decode_pairs(many).value().size(), kPairsMax);
    EXPECT_EQ(decode_pairs(many + "&a=1").error().code, ErrorCode::too_large);
    EXPECT_EQ(decode_pairs(std::string(kFieldNameBytesMax + 1, 'n')).error().code,
              ErrorCode::too_large);
}

TEST(Form, NormalisesPaths) {
    EXPECT_EQ(decode_path("/").value(), "/");
    EXPECT_EQ(decode_path("//").value(), "/");
    EXPECT_EQ(decode_path("/a//./b/").value(), "/a/b/");
    EXPECT_EQ(decode_path("/a/.").value(), "/a/");
    EXPECT_EQ(decode_path("/%D1%87+x/...").value(), "/ч+x/...");
    for (const std::string_view bad :
         {""sv, "a"sv, "/.."sv, "/a/../b"sv, "/%2e%2E/"sv, "/.%2e"sv, "/a%2Fb"sv, "/a%5cb"sv,
          "/a%00"sv, "/a\0b"sv, "/a%0d%0a"sv, "/%7f"sv, "/%80"sv}) {
        EXPECT_EQ(decode_path(bad).has_value(), false) << bad;
    }
}

TEST(Form, ReadsCookies) {
    const std::vector<Pair> expected = {{"__Host-licd", "01ab"}, {"b", ""}, {"c", "x=y"}};
    EXPECT_EQ(decode_cookies(" __Host-licd=01ab;b=; nothing; =z;c=x=y; d=\xff"), expected);
    std::string many;
    for (std::size_t i = 0; i < 2 * kPairsMax; ++i) {
        many += "a=1;";
    }
    EXPECT_EQ(decode_cookies(many).size(), kPairsMax);
}

constexpr std::string_view kMultipart = "multipart/form-data; boundary=xyz";

TEST(Form, ReadsUploads) {
    const auto form = decode_form(kMultipart,
                                  "--xyz\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n"
                                  "abc\r\n--xyz\r\n"
                                  "Content-Type: text/plain\r\n"
                                  "content-disposition: form-data; name=\"key\"; "
                                  "filename=\"a \\\"b\\\"; c.lic\"\r\n\r\n"
                                  "\xff line\r\n\r\n--xy\r\n\r\n--xyz\r\n"
                                  "Content-Disposition: form-data; name=empty\r\n\r\n\r\n"
                                  "--xyz--\r\n")
                          .value();
    const std::vector<Pair> fields = {{"csrf", "abc"}, {"empty", ""}};
    EXPECT_EQ(form.fields, fields);
    ASSERT_EQ(form.files.size(), 1U);
    EXPECT_EQ(form.files[0].field, "key");
    EXPECT_EQ(form.files[0].file_name, "a \"b\"; c.lic");
    EXPECT_EQ(form.files[0].content, "\xff line\r\n\r\n--xy\r\n");
}

TEST(Form, ReadsTheTypeAsItIsWritten) {
    EXPECT_EQ(decode_form("Application/X-WWW-form-urlencoded; charset=UTF-8", "a=b").value().fields,
              (std::vector<Pair>{{"a", "b"}}));
    EXPECT_TRUE(decode_form("application/json", "{}").value().fields.empty());
    EXPECT_TRUE(decode_form("", "a=b").value().fields.empty());
}

TEST(Form, RefusesBrokenUploads) {
    constexpr std::string_view kHead = "Content-Disposition: form-data; name=\"a\"\r\n\r\n";
    const auto part = [](std::string_view head) {
        return fmt::format("--xyz\r\n{}v\r\n--xyz--", head);
    };
    EXPECT_TRUE(decode_form(kMultipart, part(kHead)).has_value());
    for (const std::string& bad :
         {std::string(), std::string("--xyz"), std::string("--xyz\r\n"), std::string("--xyzv"),
          fmt::format("--xyz\r\n{}v", kHead), fmt::format("--xyz\r\n{}v\r\n--xyz", kHead),
          part("Content-Disposition: form-data\r\n\r\n"), part("X: y\r\n\r\n"), part("\r\n"),
          part("Content-Disposition: form-data; name=\"a\r\n\r\n"),
          part("Content-Disposition: attachment; name=\"a\"\r\n\r\n"),
          part("Content-Disposition: form-data; name=\"\"\r\n\r\n"),
          part("Content-Disposition: form-data; name=\"\xff\"\r\n\r\n"),
          fmt::format("--xyz\r\n\r\nv\r\n{}", part(kHead))}) {
        EXPECT_FALSE(decode_form(kMultipart, bad).has_value()) << bad;
    }
    EXPECT_FALSE(decode_form("multipart/form-data", "--\r\n").has_value());
    std::string many = "--xyz";
    for (std::size_t i = 0; i <= kPartsMax; ++i) {
        many += fmt::format("\r\n{}v\r\n--xyz", kHead);
    }
    EXPECT_EQ(decode_form(kMultipart, many + "--").error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace tillhost::http
