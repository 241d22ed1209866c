#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "hal/base/bytes.h"

namespace tillhost::drivers::escpos {

/// One block of tests/vectors/printer/escpos/*.txt (its head says what the keys mean).
struct Vector {
    std::string name;
    std::string request{};
    std::string answer{};
};

/// The tests run in the tree's root.
inline std::vector<Vector> vectors_of(const std::string& file) {
    std::ifstream in("tests/vectors/printer/escpos/" + file);
    std::vector<Vector> found;
    for (std::string line; std::getline(in, line);) {
        const std::size_t blank = line.find(' ');
        if (line.starts_with('#') || blank == std::string::npos) {
            continue;
        }
        const std::string key = line.substr(0, blank);
        const std::string value = line.substr(blank + 1);
        if (key == "name") {
            found.push_back({value});
        } else if (key == "req") {
            found.back().request = value;
        } else if (key == "ans") {
            found.back().answer = value;
        }
    }
    return found;
}

inline Vector vector_of(const std::string& file, const std::string& name) {
    for (const Vector& vector : vectors_of(file)) {
        if (vector.name == name) {
            return vector;
        }
    }
    return {};
}

}  // namespace tillhost::drivers::escpos
