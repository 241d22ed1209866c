// What the file is may stand above.
#pragma once

#include <string>

/// Words such as volatile, std::thread and sleep_for may stand in prose.
struct Text {
    explicit Text(int size) : size_{size}, rest_{0} { grow(); }
    int size_;
    int rest_;
};
