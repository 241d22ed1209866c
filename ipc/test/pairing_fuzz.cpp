// Any bytes are a pairing code, a greeting, tables or an address, or a typed error; what was read
// is written in a form that reads back the same.
#include <cstdint>

#include "hal/base/invariant.h"
#include "ipc/curve_keys.h"
#include "ipc/pairing.h"
#include "ipc/tcp_talk.h"
#include "ipc/text_tables.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto code = ipc::PairingCode::read(text)) {
        INVARIANT(ipc::PairingCode::read(code->text())->secret == code->secret);
    }
    if (const auto greeting = ipc::PairingGreeting::read(text)) {
        INVARIANT(ipc::PairingGreeting::read(greeting->line())->port == greeting->port);
    }
    if (const auto tables = ipc::read_text_tables(text)) {
        const auto again = ipc::read_text_tables(ipc::write_text_tables("fuzz", *tables));
        INVARIANT(again && again->size() == tables->size());
        for (std::size_t i = 0; i < tables->size(); ++i) {
            INVARIANT((*again)[i].entries == (*tables)[i].entries);
        }
    }
    if (const auto address = ipc::parse_tcp_address(text, 1)) {
        INVARIANT(ipc::parse_tcp_address(address->text(), 2)->port == address->port);
    }
    if (const auto key = ipc::key_bytes(text)) {
        INVARIANT(ipc::key_text(*key) == text);
    }
    return 0;
}
