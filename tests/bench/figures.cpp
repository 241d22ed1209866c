#include "tests/bench/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace tillhost::bench {

double percentile(std::vector<double> values, double share) {
    INVARIANT(!values.empty());
    const double last = static_cast<double>(values.size() - 1);
    const auto at = static_cast<std::ptrdiff_t>(std::ceil(share * last));
    std::nth_element(values.begin(), values.begin() + at, values.end());
    return values[static_cast<std::size_t>(at)];
}

double median(std::vector<double> values) { return percentile(std::move(values), 0.5); }

bool Figure::within() const {
    if (!bound || !ratio) {
        return true;
    }
    return sense == Sense::at_most ? *ratio <= *bound : *ratio >= *bound;
}

Figure compare(std::string name, const std::vector<double>& measured,
               const std::vector<double>& reference, const std::string& unit,
               std::optional<double> bound) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < measured.size(); ++i) {
        ratios.push_back(measured[i] / reference[i]);
    }
    return {.name = std::move(name),
            .measured = fmt::format("{:.1f} {}", median(measured), unit),
            .reference = fmt::format("{:.1f} {}", median(reference), unit),
            .ratio = median(ratios),
            .bound = bound};
}

Figure absolute(std::string name, double value, double bound, const char* unit) {
    return {.name = std::move(name),
            .measured = fmt::format("{:.2f} {}", value, unit),
            .reference = fmt::format("{:.2f} {}", bound, unit),
            .ratio = value / bound,
            .bound = 1};
}

namespace {

constexpr const char* kLine = "{:<46} {:>16} {:>16} {:>7} {:>8}  {}\n";

void put(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);  // a run takes minutes
}

}  // namespace

void print_head() {
    put(fmt::format(kLine, "what", "measured", "reference", "ratio", "bound", ""));
}

void print(const Figure& figure) {
    const auto number = [](const std::optional<double>& value) {
        return value ? fmt::format("{:.2f}", *value) : std::string();
    };
    const bool at_least = figure.sense == Figure::Sense::at_least;
    const std::string bound = figure.bound ? (at_least ? ">= " : "<= ") + number(figure.bound) : "";
    const char* verdict = !figure.bound     ? ""
                          : figure.within() ? "within"
                          : at_least        ? "BELOW"
                                            : "ABOVE";
    put(fmt::format(kLine, figure.name, figure.measured, figure.reference, number(figure.ratio),
                    bound, verdict));
}

}  // namespace tillhost::bench
