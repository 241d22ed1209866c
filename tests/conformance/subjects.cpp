#include "tests/conformance/subjects.h"

#include <algorithm>

namespace tillhost::conformance {
namespace {

/// Settings under which a driver has to conform as well.
struct Variant {
    std::string_view driver;
    std::string_view name;
    std::vector<contract::Setting> settings;
};

const std::vector<Variant>& variants() {
    static const std::vector<Variant> list{
        {"fiscal/shtrih", "numbered", {{"link", "numbered"}}},
        {"fiscal/shtrih", "standard", {{"link", "standard"}}},
    };
    return list;
}

std::string name_of(std::string_view driver, std::string_view variant) {
    std::string name(driver.substr(driver.find('/') + 1));
    name += variant.empty() ? "" : "_";
    return name += variant;
}

std::vector<Subject> make_subjects() {
    std::vector<Subject> made;
    for (const drivers::DriverEntry& driver : drivers::all()) {
        if (!driver.name.starts_with("fiscal/")) {
            continue;
        }
        const auto* simulator = simulators::fiscal::find_family(driver.name);
        INVARIANT(simulator != nullptr);
        made.push_back({name_of(driver.name, ""), &driver, simulator, {}});
        for (const Variant& variant : variants()) {
            if (variant.driver == driver.name) {
                made.push_back(
                    {name_of(driver.name, variant.name), &driver, simulator, variant.settings});
            }
        }
    }
    return made;
}

}  // namespace

const std::vector<Subject>& subjects() {
    static const std::vector<Subject> list = make_subjects();
    return list;
}

}  // namespace tillhost::conformance
