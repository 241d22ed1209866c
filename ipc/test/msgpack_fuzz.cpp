// Any bytes are a tree or a typed error; a tree is written in a form that reads back as itself.
#include <cstdint>
#include <span>

#include "hal/base/invariant.h"
#include "ipc/msgpack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    const auto value = ipc::decode_msgpack(std::as_bytes(std::span(data, size)));
    if (!value) {
        const auto code = value.error().code;
        INVARIANT(code == base::ErrorCode::malformed || code == base::ErrorCode::too_large);
        return 0;
    }
    // Compared as bytes: NaN does not equal itself.
    const base::Bytes written = ipc::encode_msgpack(*value);
    const auto again = ipc::decode_msgpack(written);
    INVARIANT(again ? ipc::encode_msgpack(*again) == written
                    : again.error().code == base::ErrorCode::too_large);
    return 0;
}
