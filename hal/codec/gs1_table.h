#pragma once

#include <array>
#include <cstdint>

namespace tillhost::codec {

/// Application identifiers `from` to `to`, all of so many digits, and what their data look like
/// (GS1 General Specifications, figure 3.2-1).
struct ApplicationIdentifiers {
    std::uint16_t from;
    std::uint16_t to;
    std::uint8_t digits;
    std::uint8_t length_min;
    std::uint8_t length_max;
    bool numeric;
    /// Of predefined length (figure 7.8.5-2): nothing ends the data but their length.
    bool predefined = false;
};

inline constexpr std::array kApplicationIdentifiers{
    ApplicationIdentifiers{0, 0, 2, 18, 18, true, true},
    ApplicationIdentifiers{1, 3, 2, 14, 14, true, true},
    ApplicationIdentifiers{10, 10, 2, 1, 20, false},
    ApplicationIdentifiers{11, 13, 2, 6, 6, true, true},
    ApplicationIdentifiers{15, 17, 2, 6, 6, true, true},
    ApplicationIdentifiers{20, 20, 2, 2, 2, true, true},
    ApplicationIdentifiers{21, 22, 2, 1, 20, false},
    ApplicationIdentifiers{30, 30, 2, 1, 8, true},
    ApplicationIdentifiers{37, 37, 2, 1, 8, true},
    ApplicationIdentifiers{90, 90, 2, 1, 30, false},
    ApplicationIdentifiers{91, 99, 2, 1, 90, false},

    ApplicationIdentifiers{235, 235, 3, 1, 28, false},
    ApplicationIdentifiers{240, 241, 3, 1, 30, false},
    ApplicationIdentifiers{242, 242, 3, 1, 6, true},
    ApplicationIdentifiers{243, 243, 3, 1, 20, false},
    ApplicationIdentifiers{250, 251, 3, 1, 30, false},
    ApplicationIdentifiers{253, 253, 3, 13, 30, false},
    ApplicationIdentifiers{254, 254, 3, 1, 20, false},
    ApplicationIdentifiers{255, 255, 3, 13, 25, true},
    ApplicationIdentifiers{400, 401, 3, 1, 30, false},
    ApplicationIdentifiers{402, 402, 3, 17, 17, true},
    ApplicationIdentifiers{403, 403, 3, 1, 30, false},
    ApplicationIdentifiers{410, 417, 3, 13, 13, true, true},
    ApplicationIdentifiers{420, 420, 3, 1, 20, false},
    ApplicationIdentifiers{421, 421, 3, 4, 12, false},
    ApplicationIdentifiers{422, 422, 3, 3, 3, true},
    ApplicationIdentifiers{423, 423, 3, 3, 15, true},
    ApplicationIdentifiers{424, 424, 3, 3, 3, true},
    ApplicationIdentifiers{425, 425, 3, 3, 15, true},
    ApplicationIdentifiers{426, 426, 3, 3, 3, true},
    ApplicationIdentifiers{427, 427, 3, 1, 3, false},
    ApplicationIdentifiers{710, 717, 3, 1, 20, false},

    ApplicationIdentifiers{3100, 3169, 4, 6, 6, true, true},
    ApplicationIdentifiers{3200, 3379, 4, 6, 6, true, true},
    ApplicationIdentifiers{3400, 3579, 4, 6, 6, true, true},
    ApplicationIdentifiers{3600, 3699, 4, 6, 6, true, true},
    ApplicationIdentifiers{3900, 3909, 4, 1, 15, true},
    ApplicationIdentifiers{3910, 3919, 4, 4, 18, true},
    ApplicationIdentifiers{3920, 3929, 4, 1, 15, true},
    ApplicationIdentifiers{3930, 3939, 4, 4, 18, true},
    ApplicationIdentifiers{3940, 3943, 4, 4, 4, true},
    ApplicationIdentifiers{3950, 3955, 4, 6, 6, true},
    ApplicationIdentifiers{4300, 4301, 4, 1, 35, false},
    ApplicationIdentifiers{4302, 4306, 4, 1, 70, false},
    ApplicationIdentifiers{4307, 4307, 4, 2, 2, false},
    ApplicationIdentifiers{4308, 4308, 4, 1, 30, false},
    ApplicationIdentifiers{4309, 4309, 4, 20, 20, true},
    ApplicationIdentifiers{4310, 4311, 4, 1, 35, false},
    ApplicationIdentifiers{4312, 4316, 4, 1, 70, false},
    ApplicationIdentifiers{4317, 4317, 4, 2, 2, false},
    ApplicationIdentifiers{4318, 4318, 4, 1, 20, false},
    ApplicationIdentifiers{4319, 4319, 4, 1, 30, false},
    ApplicationIdentifiers{4320, 4320, 4, 1, 35, false},
    ApplicationIdentifiers{4321, 4323, 4, 1, 1, true},
    ApplicationIdentifiers{4324, 4325, 4, 10, 10, true},
    ApplicationIdentifiers{4326, 4326, 4, 6, 6, true},
    ApplicationIdentifiers{4330, 4333, 4, 6, 7, false},
    ApplicationIdentifiers{7001, 7001, 4, 13, 13, true},
    ApplicationIdentifiers{7002, 7002, 4, 1, 30, false},
    ApplicationIdentifiers{7003, 7003, 4, 10, 10, true},
    ApplicationIdentifiers{7004, 7004, 4, 1, 4, true},
    ApplicationIdentifiers{7005, 7005, 4, 1, 12, false},
    ApplicationIdentifiers{7006, 7006, 4, 6, 6, true},
    ApplicationIdentifiers{7007, 7007, 4, 6, 12, true},
    ApplicationIdentifiers{7008, 7008, 4, 1, 3, false},
    ApplicationIdentifiers{7009, 7009, 4, 1, 10, false},
    ApplicationIdentifiers{7010, 7010, 4, 1, 2, false},
    ApplicationIdentifiers{7011, 7011, 4, 6, 10, true},
    ApplicationIdentifiers{7020, 7022, 4, 1, 20, false},
    ApplicationIdentifiers{7023, 7023, 4, 1, 30, false},
    ApplicationIdentifiers{7030, 7039, 4, 4, 30, false},
    ApplicationIdentifiers{7040, 7040, 4, 4, 4, false},
    ApplicationIdentifiers{7230, 7239, 4, 3, 30, false},
    ApplicationIdentifiers{7240, 7240, 4, 1, 20, false},
    ApplicationIdentifiers{8001, 8001, 4, 14, 14, true},
    ApplicationIdentifiers{8002, 8002, 4, 1, 20, false},
    ApplicationIdentifiers{8003, 8003, 4, 14, 30, false},
    ApplicationIdentifiers{8004, 8004, 4, 1, 30, false},
    ApplicationIdentifiers{8005, 8005, 4, 6, 6, true},
    ApplicationIdentifiers{8006, 8006, 4, 18, 18, true},
    ApplicationIdentifiers{8007, 8007, 4, 1, 34, false},
    ApplicationIdentifiers{8008, 8008, 4, 8, 12, true},
    ApplicationIdentifiers{8009, 8009, 4, 1, 50, false},
    ApplicationIdentifiers{8010, 8010, 4, 1, 30, false},
    ApplicationIdentifiers{8011, 8011, 4, 1, 12, true},
    ApplicationIdentifiers{8012, 8012, 4, 1, 20, false},
    ApplicationIdentifiers{8013, 8013, 4, 1, 25, false},
    ApplicationIdentifiers{8017, 8018, 4, 18, 18, true},
    ApplicationIdentifiers{8019, 8019, 4, 1, 10, true},
    ApplicationIdentifiers{8020, 8020, 4, 1, 25, false},
    ApplicationIdentifiers{8026, 8026, 4, 18, 18, true},
    ApplicationIdentifiers{8030, 8030, 4, 1, 90, false},
    ApplicationIdentifiers{8110, 8110, 4, 1, 70, false},
    ApplicationIdentifiers{8111, 8111, 4, 4, 4, true},
    ApplicationIdentifiers{8112, 8112, 4, 1, 70, false},
    ApplicationIdentifiers{8200, 8200, 4, 1, 70, false},
};

}  // namespace tillhost::codec
