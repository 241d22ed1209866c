// Any bytes behind a status are an answer within the contract's bounds or none.
#include <cstdint>

#include "hal/base/invariant.h"
#include "hal/drivers/dongle/fido2/descriptor.h"
#include "hal/drivers/dongle/fido2/protocol.h"
#include "ipc/contract/decoder.h"

namespace {

/// What was read is what the contract lets through.
template <class T>
void check(const T& value) {
    using namespace tillhost;
    const auto again = contract::from_value<T>(contract::to_value(value));
    INVARIANT(again.has_value() && *again == value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    using namespace tillhost::drivers::fido2;
    const base::ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
    static_cast<void>(is_token(bytes));
    if (const auto info = read_info(bytes)) {
        contract::DongleStatus status;
        status.identity.serial = "1";
        status.versions = info->versions;
        status.aaguid = info->aaguid;
        check(status);
    }
    if (const auto proof = read_assertion(bytes, {})) {
        check(*proof);
    }
    if (const auto enrolment = read_credential(bytes)) {
        check(*enrolment);
    }
    return 0;
}
