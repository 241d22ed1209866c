#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "hal/base/bytes.h"

namespace tillhost::drivers::shtrih {

/// One block of tests/vectors/fiscal/shtrih/*.txt (its head says what the keys mean).
struct Vector {
    std::string name;
    std::string about;
    base::Bytes request;
    base::Bytes answer;
};

/// The tests run in the tree's root.
inline std::vector<Vector> vectors_of(const std::string& file) {
    std::ifstream in("tests/vectors/fiscal/shtrih/" + file);
    std::vector<Vector> found;
    for (std::string line; std::getline(in, line);) {
        const std::size_t blank = line.find(' ');
        if (line.starts_with('#') || blank == std::string::npos) {
            continue;
        }
        const std::string key = line.substr(0, blank);
        const std::string value = line.substr(blank + 1);
        if (key == "name") {
            found.push_back({value, "", {}, {}});
        } else if (key == "about") {
            found.back().about = value;
        } else if (key == "req") {
            found.back().request = *base::from_hex(value);
        } else if (key == "ans") {
            found.back().answer = *base::from_hex(value);
        }
    }
    return found;
}

}  // namespace tillhost::drivers::shtrih
