#include "simulators/services/exchange/holdings.h"

#include <fmt/format.h>

#include "simulators/services/exchange/text.h"

namespace tillhost::simulators::exchange {

std::uint64_t print_of(const Value& object) {
    const std::string kind = object.text_of("kind");
    const Value& body = object.at("body");
    std::string what;
    if (kind == "Goods") {
        what = body.at("goods").text_of("name");
    } else if (kind == "Barcode") {
        what = body.at("barcode").text_of("value");
    } else if (kind == "Price") {
        what = body.at("price").text_of("value");
    } else {
        return 0;
    }
    return fingerprint(fmt::format("{}|{}|{}", kind, object.text_of("id"), what));
}

Value Holdings::told() const {
    return Value().set("count", count_).set("sum", fmt::format("{:016x}", sum_));
}

}  // namespace tillhost::simulators::exchange
