#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tillhost::licd::issuer {

/// What an act tells: names and values in an order, as text for people or as JSON for programs.
class Report final {
public:
    Report& put(std::string name, std::string value);
    Report& put(std::string name, std::int64_t value);
    Report& put_flag(std::string name, bool value);
    Report& put_list(std::string name, std::vector<Report> rows);
    Report& put_words(std::string name, std::vector<std::string> words);

    /// "name: value", a line each; lists are indented; empty values are left out.
    std::string text(std::size_t indent = 0) const;
    /// One line.
    std::string json() const;

private:
    using Value = std::variant<std::string, std::int64_t, bool, std::vector<Report>,
                               std::vector<std::string>>;
    std::vector<std::pair<std::string, Value>> values_;
};

}  // namespace tillhost::licd::issuer
