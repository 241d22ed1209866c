// Claim: argon2id is that of RFC 9106's reference program, and a kept password matches itself only.
// Shown on a vector made with the argon2 program, and at the least cost.
#include "hal/os/password_hash.h"

#include <gtest/gtest.h>

#include "hal/os/digest.h"

namespace tillhost::os {
namespace {

constexpr Argon2Cost kLeast{1, 8192};

TEST(PasswordHash, IsArgon2id) {
    // argon2 saltsaltsaltsalt -id -t 2 -k 65536 -p 1 -l 32
    const auto key = argon2id("2468-till", base::bytes_of("saltsaltsaltsalt"), {2, 64U << 20U});
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(base::to_hex(*key),
              "A0 19 21 3E 05 7B A4 DA 0D 1B 0D 81 A9 C8 E2 0B 06 EC C6 1B C4 13 C3 82 BB 04 79 99 "
              "C4 FC BF 59");
    EXPECT_FALSE(argon2id("x", base::bytes_of("short"), kLeast).has_value());
    EXPECT_TRUE(argon2id({}, base::bytes_of("saltsaltsaltsalt"), kLeast).has_value());
    EXPECT_FALSE(argon2id("x", base::bytes_of("saltsaltsaltsalt"), {1, 1}).has_value());
}

TEST(PasswordHash, MatchesItsPasswordOnly) {
    const std::string kept = password_hash("пароль", kLeast).value();
    EXPECT_TRUE(kept.starts_with("$argon2id$v=19$m=8,t=1,p=1$")) << kept;
    EXPECT_NE(kept, password_hash("пароль", kLeast).value());
    EXPECT_TRUE(password_matches(kept, "пароль"));
    EXPECT_FALSE(password_matches(kept, "Пароль"));
    EXPECT_FALSE(password_matches(kept, ""));
    EXPECT_FALSE(password_matches(kept, std::string_view()));
    EXPECT_FALSE(password_matches(kept, std::string(kPasswordBytesMax + 1, 'x')));
    for (const char* none : {"", "x", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$x$y"}) {
        EXPECT_FALSE(password_matches(none, "x")) << none;
    }
    EXPECT_FALSE(password_hash("", kLeast).has_value());
    EXPECT_FALSE(password_hash("\xff", kLeast).has_value());
}

TEST(SameSecret, ComparesWhole) {
    const base::Bytes one = base::bytes_of("abc");
    EXPECT_TRUE(same_secret(one, base::bytes_of("abc")));
    EXPECT_FALSE(same_secret(one, base::bytes_of("abd")));
    EXPECT_FALSE(same_secret(one, base::bytes_of("ab")));
    EXPECT_TRUE(same_secret({}, {}));
}

}  // namespace
}  // namespace tillhost::os
