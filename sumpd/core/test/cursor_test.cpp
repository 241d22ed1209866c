// Claim: a cursor comes back from its text, and no other text is taken for one.
// Shown by made cursors, by each single change of a letter, by cutting, and by random texts.
#include "sumpd/core/cursor.h"

#include <gtest/gtest.h>

#include <random>

namespace tillhost::sumpd::core {
namespace {

const Cursor kSome{"e7f", 1234567, "0123456789abcdef"};

TEST(Cursor, ComesBackFromItsText) {
    for (const std::int64_t seq : {std::int64_t{0}, std::int64_t{1}, INT64_MAX}) {
        const Cursor cursor{"7d444840-9dc0-11d1-b245-5ffdce74fad2", seq, "0123456789abcdef"};
        const std::string text = to_text(cursor);
        EXPECT_LE(text.size(), exchange::kCursorMax);
        EXPECT_EQ(text.find_first_of("+/="), std::string::npos);
        EXPECT_EQ(cursor_from(text), cursor);
        Cursor begun = cursor;
        begun.begun_at = INT64_MAX;
        EXPECT_LE(to_text(begun).size(), exchange::kCursorMax);
        EXPECT_EQ(cursor_from(to_text(begun)), begun);
    }
}

TEST(Cursor, AnyOtherTextIsRefused) {
    const std::string text = to_text(kSome);
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string other = text;
        other[i] = other[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(cursor_from(other)) << other;
        EXPECT_FALSE(cursor_from(text.substr(0, i)));
    }
    EXPECT_FALSE(cursor_from(text + "A"));
    EXPECT_FALSE(cursor_from(std::string(exchange::kCursorMax + 1, 'A')));
    EXPECT_EQ(cursor_from("?").error().code, exchange::FaultCode::bad_request);
}

TEST(Cursor, RandomTextsAreRefused) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 10'000; ++round) {
        std::string text(random() % 64, ' ');
        for (char& letter : text) {
            letter = static_cast<char>(random());
        }
        EXPECT_FALSE(cursor_from(text));
    }
}

TEST(Cursor, TheScopeIsTheStoreAndTheKindsInAnyOrder) {
    const std::string both = scope_hash_of("1", {{"Goods", 1}, {"Price", 1}});
    EXPECT_EQ(both, scope_hash_of("1", {{"Price", 1}, {"Goods", 1}, {"Price", 1}}));
    EXPECT_NE(both, scope_hash_of("2", {{"Goods", 1}, {"Price", 1}}));
    EXPECT_NE(both, scope_hash_of("1", {{"Goods", 1}, {"Price", 2}}));
    EXPECT_NE(both, scope_hash_of("1", {}));
}

TEST(Cursor, HoldsForItsEpochItsScopeAndWhatWasReached) {
    EXPECT_EQ(place_of(kSome, kSome.epoch, kSome.scope_hash, kSome.seq), kSome.seq);
    const auto epoch = place_of(kSome, "other", kSome.scope_hash, kSome.seq);
    const auto scope = place_of(kSome, kSome.epoch, "other", kSome.seq);
    const auto beyond = place_of(kSome, kSome.epoch, kSome.scope_hash, kSome.seq - 1);
    for (const auto& refused : {epoch, scope, beyond}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, exchange::FaultCode::resync_required);
    }
}

TEST(Cursor, OneThatBeganBehindADeletionNeedsNoWordOfIt) {
    EXPECT_TRUE(check_floor({.seq = 7}, 7));
    EXPECT_TRUE(check_floor({.seq = 1, .begun_at = 7}, 7));
    EXPECT_FALSE(check_floor({.seq = 1, .begun_at = 6}, 7));
    const auto refused = check_floor({.seq = 6}, 7);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, exchange::FaultCode::resync_required);
}

}  // namespace
}  // namespace tillhost::sumpd::core
