// Any bytes are a value or none; what was read is written shorter or as long, and read the same.
#include <cstdint>

#include "hal/base/invariant.h"
#include "hal/codec/cbor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    const base::ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
    const auto value = codec::cbor::read(bytes);
    if (value) {
        const base::Bytes written = codec::cbor::write(*value);
        INVARIANT(written.size() <= size);
        const auto again = codec::cbor::read(written);
        INVARIANT(again.has_value());
        INVARIANT(codec::cbor::write(*again) == written);
    }
    return 0;
}
