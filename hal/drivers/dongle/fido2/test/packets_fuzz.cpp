// Any packets give messages within the bound; a message cut into packets comes back as it was.
#include <algorithm>
#include <cstdint>

#include "hal/base/invariant.h"
#include "hal/drivers/dongle/fido2/frames.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    using namespace tillhost::drivers::fido2;
    constexpr std::uint32_t kChannel = 0x0022'0002;
    const base::ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
    Assembler assembler(kChannel);
    for (base::ByteView rest = bytes; !rest.empty();) {
        Packet packet{};
        const base::ByteView part = rest.first(std::min(rest.size(), packet.size()));
        std::copy(part.begin(), part.end(), packet.begin());
        rest = rest.subspan(part.size());
        const auto message = assembler.take(packet);
        if (message && *message) {
            INVARIANT((*message)->payload.size() <= kMessageBytesMax);
            static_cast<void>(read_introduction((*message)->payload));
        }
    }
    const base::ByteView payload = bytes.first(std::min(bytes.size(), kMessageBytesMax));
    Assembler again(kChannel);
    std::optional<Message> whole;
    for (const Packet& packet : packets_of(kChannel, Command::cbor, payload)) {
        INVARIANT(!whole);
        whole = *again.take(packet);
    }
    INVARIANT(whole && std::equal(whole->payload.begin(), whole->payload.end(), payload.begin(),
                                  payload.end()));
    return 0;
}
