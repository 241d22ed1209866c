// Claim: a setting is read as it is meant or refused by its name with what would be right.
// Shown by examples at the bounds and beyond them.
#include "hal/device/setting.h"

#include <gtest/gtest.h>

#include <array>

namespace tillhost::device {
namespace {

contract::Setting setting(const std::string& value) { return {"speed", value}; }

template <class T>
std::string refusal(const base::Result<T>& read) {
    EXPECT_FALSE(read);
    return read ? "" : base::to_text(read.error());
}

TEST(Setting, IsANumberWithinItsBounds) {
    EXPECT_EQ(number_of(setting("-5"), -5, 7), -5);
    EXPECT_EQ(number_of(setting("7"), -5, 7), 7);
    for (const char* const wrong :
         {"8", "-6", "", "7 ", " 7", "0x7", "7.0", "99999999999999999999"}) {
        EXPECT_EQ(refusal(number_of(setting(wrong), -5, 7)),
                  "config_invalid: settings.speed: a whole number from -5 to 7")
            << wrong;
    }
}

TEST(Setting, IsOneOfItsWords) {
    EXPECT_EQ(choice_of(setting("c"), {"a", "b", "c"}), 2U);
    EXPECT_EQ(refusal(choice_of(setting("B"), {"a", "b"})),
              "config_invalid: settings.speed: one of: a, b");
    EXPECT_EQ(is_first(setting("yes"), "yes", "no"), true);
    EXPECT_EQ(is_first(setting("no"), "yes", "no"), false);
    EXPECT_EQ(refusal(is_first(setting(""), "yes", "no")),
              "config_invalid: settings.speed: one of: yes, no");
}

TEST(Setting, ThatIsNotKnownIsToldWithThoseThatAre) {
    constexpr Field kOther{.name = "link", .title = {}, .help = {}};
    constexpr std::array kFirst{kPortField, kOther};
    constexpr std::array kSecond{kAdapterField};
    const std::array pages{Page{{}, kFirst}, Page{{}, kSecond}};
    EXPECT_EQ(base::to_text(unknown_setting("lnik", pages)),
              "config_invalid: settings.lnik: not known; there are: port, link, adapter");
}

}  // namespace
}  // namespace tillhost::device
