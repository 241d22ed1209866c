// Any text is a list of recordings or an error; what was read is written and read as the same.
#include <cstdlib>

#include "hal/transport/recording.h"

using namespace tillhost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const base::ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
    const auto all = transport::parse_recordings(base::string_of(bytes));
    if (!all) {
        return 0;
    }
    for (const auto& recording : *all) {
        std::string text = transport::heading_text("d/d", recording.started_ms);
        for (const auto& event : recording.events) {
            text += transport::to_text(event);
        }
        const auto again = transport::parse_recordings(text);
        if (!again || again->front().events.size() != recording.events.size()) {
            std::abort();
        }
    }
    return 0;
}
