#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "hal/drivers/drivers.h"
#include "simulators/fiscal/families.h"

namespace tillhost::conformance {

/// One driver with one choice of settings.
struct Subject {
    std::string name;  ///< for the test's name: letters, digits and _
    const drivers::DriverEntry* driver = nullptr;
    const simulators::fiscal::FamilyEntry* simulator = nullptr;
    std::vector<contract::Setting> settings{};
    friend void PrintTo(const Subject& subject, std::ostream* out) { *out << subject.name; }
};

/// Every driver of class fiscal, and again with the settings in subjects.cpp that change how it
/// speaks to its device. A driver without a simulator of its name ends the test program.
const std::vector<Subject>& subjects();

}  // namespace tillhost::conformance
