#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "hal/base/bytes.h"

namespace tillhost::drivers::zvt {

/// One block of tests/vectors/payment/zvt/*.txt (its head says what the keys mean).
struct Vector {
    std::string name;
    bool from_till = false;
    base::Bytes bytes;
    base::Bytes crc;
};

/// The tests run in the tree's root.
inline std::vector<Vector> vectors_of(const std::string& file) {
    std::ifstream in("tests/vectors/payment/zvt/" + file);
    std::vector<Vector> found;
    for (std::string line; std::getline(in, line);) {
        const std::size_t blank = line.find(' ');
        if (line.starts_with('#') || blank == std::string::npos) {
            continue;
        }
        const std::string key = line.substr(0, blank);
        const std::string value = line.substr(blank + 1);
        if (key == "name") {
            found.push_back({value, false, {}, {}});
        } else if (key == "req" || key == "ans") {
            found.back().from_till = key == "req";
            found.back().bytes = *base::from_hex(value);
        } else if (key == "crc") {
            found.back().crc = *base::from_hex(value);
        }
    }
    return found;
}

inline base::Bytes vector_of(const std::string& file, const std::string& name) {
    for (const Vector& vector : vectors_of(file)) {
        if (vector.name == name) {
            return vector.bytes;
        }
    }
    return {};
}

}  // namespace tillhost::drivers::zvt
