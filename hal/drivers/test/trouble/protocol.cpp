#include "hal/drivers/test/trouble/protocol.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "hal/device/setting.h"

namespace tillhost::drivers::trouble {
namespace {

using device::wrong_setting;

constexpr std::array kDeeds{std::pair{std::string_view("loop"), Deed::loop},
                            std::pair{std::string_view("leak"), Deed::leak},
                            std::pair{std::string_view("crash"), Deed::crash}};
constexpr std::array kTimes{std::pair{std::string_view("query"), When::query},
                            std::pair{std::string_view("open"), When::open}};

template <class Words, class Word>
bool read_word(const Words& words, std::string_view text, Word& to) {
    for (const auto& [name, value] : words) {
        if (name == text) {
            to = value;
            return true;
        }
    }
    return false;
}

}  // namespace

base::Result<Settings> read_settings(const std::vector<contract::Setting>& settings) {
    Settings read;
    bool told = false;
    for (const contract::Setting& setting : settings) {
        if (setting.name == "do") {
            told = read_word(kDeeds, setting.value, read.deed);
        } else if (setting.name != "on") {
            return wrong_setting(setting.name, "one of: do, on");
        } else if (!read_word(kTimes, setting.value, read.when)) {
            return wrong_setting("on", "one of: query, open");
        }
    }
    if (!told) {
        return wrong_setting("do", "one of: loop, leak, crash");
    }
    return read;
}

}  // namespace tillhost::drivers::trouble
