// Any bytes are a query or a typed error, and an answer only with a signature that holds; what was
// read of a query is written in a form that reads back the same.
#include <cstdint>

#include "hal/base/invariant.h"
#include "licd/wire/discovery.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    const base::ByteView packet(reinterpret_cast<const std::byte*>(data), size);
    if (const auto query = licd::wire::DiscoveryQuery::read(packet)) {
        const auto again = licd::wire::DiscoveryQuery::read(query->bytes().value());
        INVARIANT(again && again->nonce == query->nonce && again->group == query->group);
    }
    // The nonce of the packet itself, so that more than the comparison is reached.
    licd::wire::DiscoveryNonce nonce{};
    constexpr std::size_t kNonceAt = 8;
    for (std::size_t i = 0; i < nonce.size() && kNonceAt + i < packet.size(); ++i) {
        nonce[i] = packet[kNonceAt + i];
    }
    if (const auto answer = licd::wire::DiscoveryAnswer::read(packet, nonce)) {
        INVARIANT(answer->tcp_port != 0 && !answer->name.empty());
    }
    return 0;
}
