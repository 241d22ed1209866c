#include "licd/keys/instant.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace tillhost::licd::keys {
namespace {

constexpr std::string_view kDayForm = "dddd-dd-dd";
constexpr std::string_view kInstantForm = "dddd-dd-ddTdd:dd:ddZ";
constexpr std::int64_t kLastS = 253'402'300'799;  // 9999-12-31T23:59:59Z

bool has_form(std::string_view text, std::string_view form) {
    return text.size() == form.size() &&
           std::equal(text.begin(), text.end(), form.begin(), [](char c, char meant) {
               return meant == 'd' ? c >= '0' && c <= '9' : c == meant;
           });
}

int number(std::string_view digits) {
    int value = 0;
    for (const char c : digits) {
        value = value * 10 + (c - '0');
    }
    return value;
}

}  // namespace

std::string day_to_text(std::int64_t unix_s) {
    const std::int64_t within = std::clamp<std::int64_t>(unix_s, 0, kLastS);
    const std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(within / kDayS))};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                       static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

std::string instant_to_text(std::int64_t unix_s) {
    const std::int64_t within = std::clamp<std::int64_t>(unix_s, 0, kLastS);
    const std::int64_t second = within % kDayS;
    return fmt::format("{}T{:02}:{:02}:{:02}Z", day_to_text(within), second / 3600,
                       second / 60 % 60, second % 60);
}

base::Result<std::int64_t> day_from_text(std::string_view text) {
    const auto wrong = [] { return base::bad_field("day", "a day as 2027-12-31"); };
    if (!has_form(text, kDayForm)) {
        return wrong();
    }
    const std::chrono::year_month_day day{
        std::chrono::year(number(text.substr(0, 4))),
        std::chrono::month(static_cast<unsigned>(number(text.substr(5, 2)))),
        std::chrono::day(static_cast<unsigned>(number(text.substr(8, 2))))};
    if (!day.ok() || day.year() < std::chrono::year(1970)) {
        return wrong();
    }
    return std::chrono::sys_days(day).time_since_epoch().count() * kDayS;
}

base::Result<std::int64_t> instant_from_text(std::string_view text) {
    const auto wrong = [] { return base::bad_field("instant", "a time as 2026-11-22T10:00:00Z"); };
    if (!has_form(text, kInstantForm)) {
        return wrong();
    }
    const auto day = day_from_text(text.substr(0, kDayForm.size()));
    const int hour = number(text.substr(11, 2));
    const int minute = number(text.substr(14, 2));
    const int second = number(text.substr(17, 2));
    if (!day || hour > 23 || minute > 59 || second > 59) {
        return wrong();
    }
    return *day + hour * 3600 + minute * 60 + second;
}

}  // namespace tillhost::licd::keys
