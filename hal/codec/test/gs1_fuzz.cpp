// Any bytes split into an identifier and data that are theirs; elements put together are the data.
#include <algorithm>
#include <cstdint>

#include "hal/base/invariant.h"
#include "hal/codec/aim.h"
#include "hal/codec/gs1.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    const base::ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
    const codec::AimParts parts = codec::split_aim(bytes);
    INVARIANT(parts.aim.size() + parts.data.size() == size);
    static_cast<void>(codec::symbology_of(parts.aim));
    const base::Bytes joined = codec::join_add_on(parts.aim, parts.data);
    INVARIANT(joined.size() == parts.data.size() || joined.size() + 3 == parts.data.size());
    std::string whole;
    for (const codec::ElementString& element : codec::read_gs1(parts.data)) {
        INVARIANT(element.ai.size() >= 2 && element.ai.size() <= 4);
        INVARIANT(!element.value.empty() && element.value.size() <= 90);
        whole += element.ai + element.value;
    }
    std::string letters;
    for (const std::byte byte : parts.data) {
        if (byte != codec::kGroupSeparator) {
            letters += static_cast<char>(byte);
        }
    }
    const std::size_t stand_in = letters.size() - std::min(letters.size(), whole.size());
    INVARIANT(whole.empty() || (stand_in <= 1 && letters.substr(stand_in) == whole));
    return 0;
}
