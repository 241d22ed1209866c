#include "ipc/client/tillctl/rows.h"

#include <algorithm>
#include <ctime>

#include "hal/base/text.h"
#include "ipc/json.h"

namespace tillhost::tillctl {
namespace {

using contract::Value;

void add(const std::string& name, const Value& value, std::string& told) {
    if (const auto* fields = value.get_if<Value::Map>()) {
        for (const auto& [inner, field] : *fields) {
            add(name.empty() ? inner : name + "." + inner, field, told);
        }
    } else if (const auto* items = value.get_if<Value::Array>()) {
        for (std::size_t i = 0; i < items->size(); ++i) {
            add(fmt::format("{}[{}]", name, i), (*items)[i], told);
        }
    } else if (const auto* plain = value.get_if<std::string>()) {
        told += row(name, *plain);
    } else {
        told += row(name, ipc::to_json(value, -1));
    }
}

}  // namespace

std::string table_text(const std::vector<std::vector<std::string>>& rows, std::size_t indent) {
    constexpr std::size_t kBetween = 2;
    std::vector<std::size_t> widths;
    for (const auto& cells : rows) {
        widths.resize(std::max(widths.size(), cells.size()));
        for (std::size_t i = 0; i < cells.size(); ++i) {
            widths[i] = std::max(widths[i], base::utf8_length(cells[i]));
        }
    }
    std::string told;
    for (const auto& cells : rows) {
        std::string line(indent, ' ');
        for (std::size_t i = 0; i < cells.size(); ++i) {
            std::string cell = cells[i];
            std::replace_if(
                cell.begin(), cell.end(), [](char c) { return c == '\n' || c == '\t'; }, '?');
            line += cell + std::string(widths[i] - base::utf8_length(cell) + kBetween, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        told += line + "\n";
    }
    return told;
}

std::string local_time(std::int64_t unix_ms) {
    constexpr std::int64_t kSecondMs = 1000;
    const auto seconds = static_cast<std::time_t>(unix_ms / kSecondMs);
    std::tm parts{};
    char told[32]{};
    std::strftime(told, sizeof told, "%Y-%m-%d %H:%M:%S", ::localtime_r(&seconds, &parts));
    return told;
}

std::string fields_text(const Value& tree) {
    std::string told;
    add("", tree, told);
    return told;
}

}  // namespace tillhost::tillctl
