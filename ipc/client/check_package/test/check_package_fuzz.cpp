// Any bytes make a receipt that devd would take, or an error that says something.
#include <cstdint>
#include <string_view>

#include "hal/base/invariant.h"
#include "ipc/client/check_package/check_package.h"
#include "ipc/contract/receipt_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto receipt = tillhost::check_package::receipt_of(text);
    if (receipt) {
        INVARIANT(tillhost::contract::check_receipt(*receipt));
    } else {
        INVARIANT(!receipt.error().detail.empty());
    }
    return 0;
}
