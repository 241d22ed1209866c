// Any packets of a host give messages or typed errors. The input is a row of packets, each headed
// by its length in two bytes.
#include <cstdint>

#include "devd/host/host_packets.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/messages.h"
#include "ipc/msgpack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    base::ByteReader input(base::ByteView(reinterpret_cast<const std::byte*>(data), size));
    devd::host::PacketJoiner joiner;
    while (input.left() > 0) {
        const auto length = input.u16_le();
        const auto message = joiner.take(input.take(std::min<std::size_t>(length, input.left())));
        if (!message) {
            return 0;
        }
        if (*message) {
            const auto value = ipc::decode_msgpack(**message);
            if (value) {
                (void)contract::from_value<contract::FromHost>(*value, "from_host");
            }
        }
    }
    return 0;
}
