#pragma once

#include <string>

#include "hal/drivers/payment/zvt/protocol.h"
#include "hal/drivers/payment/zvt/test/vectors.h"

namespace tillhost::drivers::zvt {

/// 5.00 EUR of the same day, receipt 42: what the terminal keeps before each test.
inline StatusInfo earlier() {
    StatusInfo info;
    info.result = 0;
    info.amount = 500;
    info.currency = 978;
    info.receipt = 42;
    info.trace = 186;
    info.turnover = 42;
    info.date = 611;
    info.time = 143000;
    return info;
}
/// The payment that the tests ask for: 12.34 EUR, receipt 43, without an id.
inline StatusInfo paid() {
    StatusInfo info = earlier();
    info.amount = 1234;
    info.receipt = 43;
    info.trace = 187;
    info.turnover = 43;
    info.time = 143005;
    return info;
}
inline std::string hex_of(const StatusInfo& info) { return base::to_hex(write_fingerprint(info)); }

inline const std::string kPay = "06 01 0C 04 00 00 00 00 12 34 49 09 78 19 40";
inline const std::string kLast = "06 20 05 00 00 00 03 03";
inline const std::string kAccepted = "80 00 00";
inline const std::string kDone = "06 0F 00";
/// 04 0F 27=00 with card, terminal 28004869 and id 0043.
inline std::string approval() { return base::to_hex(vector_of("derived.txt", "D12")); }
inline std::string block() { return base::to_hex(vector_of("derived.txt", "D16")); }
inline std::string declined() { return base::to_hex(vector_of("derived.txt", "D13")); }

}  // namespace tillhost::drivers::zvt
