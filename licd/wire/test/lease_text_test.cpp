// Claim: a lease has one text and a text one lease; whatever else is read is refused and named.
// Shown on a written example and on texts that differ from it in one place.
#include "licd/wire/lease_text.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace tillhost::licd::wire {
namespace {

constexpr const char* kRequest = "0190b8f2-3c4d-7e5f-8a6b-7c8d9e0f1a2b";
constexpr const char* kText =
    "licd-lease-1\n"
    "number=17\n"
    "licence=till.base\n"
    "key=4410-0093-7721\n"
    "seat=3\n"
    "generation=41\n"
    "instance=till-3-b5e1\n"
    "request=0190b8f2-3c4d-7e5f-8a6b-7c8d9e0f1a2b\n"
    "renewal=0\n"
    "time_s=600\n"
    "grace_s=900\n";

LeaseText example() {
    return {.number = 17,
            .licence = "till.base",
            .key = "4410-0093-7721",
            .seat = 3,
            .generation = 41,
            .instance = "till-3-b5e1",
            .request = base::OperationId::from_text(kRequest).value(),
            .renewal = 0,
            .time_s = 600,
            .grace_s = 900};
}

std::string with(const std::string& part, const std::string& instead) {
    std::string text = kText;
    return text.replace(text.find(part), part.size(), instead);
}

TEST(LeaseText, IsWrittenAndReadAsThePageShowsIt) {
    EXPECT_EQ(example().text().value(), kText);
    EXPECT_EQ(LeaseText::read(kText).value(), example());
}

TEST(LeaseText, RefusesToWriteWhatWouldBeReadOtherwise) {
    const auto is_refused = [](const std::function<void(LeaseText&)>& change) {
        LeaseText lease = example();
        change(lease);
        return !lease.text().has_value();
    };
    EXPECT_TRUE(is_refused([](auto& lease) { lease.licence = "a\nkey=b"; }));
    EXPECT_TRUE(is_refused([](auto& lease) { lease.licence = ""; }));
    EXPECT_TRUE(is_refused([](auto& lease) { lease.key = std::string(65, 'k'); }));
    EXPECT_TRUE(is_refused([](auto& lease) { lease.instance = "short"; }));
    EXPECT_TRUE(
        is_refused([](auto& lease) { lease.instance = "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"; }));
    EXPECT_TRUE(is_refused([](auto& lease) { lease.number = 0; }));
    EXPECT_TRUE(is_refused([](auto& lease) { lease.generation = 0; }));
    EXPECT_TRUE(is_refused([](auto& lease) { lease.renewal = -1; }));
    EXPECT_TRUE(is_refused([](auto& lease) { lease.time_s = 0; }));
    EXPECT_TRUE(is_refused([](auto& lease) { lease.time_s = kLeaseSecondsMax + 1; }));
    EXPECT_TRUE(is_refused([](auto& lease) { lease.grace_s = kLeaseSecondsMax + 1; }));
    EXPECT_TRUE(is_refused([](auto& lease) { lease.request = {}; }));
}

TEST(LeaseText, ReadsNothingElse) {
    const auto code_of = [](const std::string& text) {
        const auto read = LeaseText::read(text);
        return read ? base::ErrorCode::unspecified : read.error().code;
    };
    using enum base::ErrorCode;
    EXPECT_EQ(code_of(""), malformed);
    EXPECT_EQ(code_of(with("licd-lease-1", "licd-lease-2")), malformed);
    EXPECT_EQ(code_of(with("seat=3\n", "")), malformed);
    EXPECT_EQ(code_of(with("seat=3\n", "seat=3\nseat=3\n")), malformed);
    EXPECT_EQ(code_of(with("key=4410-0093-7721\nseat=3\n", "seat=3\nkey=4410-0093-7721\n")),
              malformed);
    EXPECT_EQ(code_of(kText + std::string("more=1\n")), malformed);
    EXPECT_EQ(code_of(std::string(kText, std::char_traits<char>::length(kText) - 1)), malformed);
    EXPECT_EQ(code_of(with("seat=3", "seat=03")), bad_field);
    EXPECT_EQ(code_of(with("seat=3", "seat=-3")), bad_field);
    EXPECT_EQ(code_of(with("seat=3", "seat=+3")), bad_field);
    EXPECT_EQ(code_of(with("seat=3", "seat=")), bad_field);
    EXPECT_EQ(code_of(with("seat=3", "seat=3 ")), bad_field);
    EXPECT_EQ(code_of(with("number=17", "number=99999999999999999999")), bad_field);
    EXPECT_EQ(code_of(with("7e5f", "7E5F")), bad_field);
    EXPECT_EQ(code_of(with("7e5f", "4e5f")), bad_field);
    EXPECT_EQ(code_of(std::string(kLeaseTextBytesMax + 1, 'x')), too_large);
}

}  // namespace
}  // namespace tillhost::licd::wire
