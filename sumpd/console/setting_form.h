#pragma once

#include <map>
#include <string>
#include <vector>

#include "sumpd/console/pages.h"

// Forms of settings: each says where its value comes from, what it may be and when it holds.
namespace tillhost::sumpd::console {

/// What was typed and refused, beside what stands.
struct SettingForm {
    std::vector<SettingFact> facts{};
    std::map<std::string, std::string, std::less<>> typed{};
    std::string wrong{};  ///< the setting that was refused; empty = none
    std::string why{};
};

/// The settings of these names as one form that posts to "/settings/change" and comes back to
/// `path`; those that only the file sets are shown.
Markup setting_form(const View& view, const SettingForm& form, std::string_view path,
                    const std::vector<std::string_view>& names);
/// What a setting is called.
std::string_view label_of(const View& view, std::string_view name);
/// A value as it is read.
std::string shown(const View& view, const SettingFact& fact, const std::string& value);
std::string_view source_text(const View& view, SettingSource source);

/// What differs from what the form was sent out with: of a form that is left open for an hour only
/// what was touched is changed.
struct SettingWish {
    std::vector<SettingChange> changes{};
    std::vector<std::string> forget{};
};
SettingWish wish_in(const http::Visit& visit, const std::vector<SettingFact>& facts);

}  // namespace tillhost::sumpd::console
