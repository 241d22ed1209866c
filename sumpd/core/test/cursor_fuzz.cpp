// Any text: a cursor that is written the same, or a refusal.
#include <cstdint>
#include <string_view>

#include "hal/base/invariant.h"
#include "sumpd/core/cursor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto cursor = tillhost::sumpd::core::cursor_from(text);
    INVARIANT(!cursor || tillhost::sumpd::core::to_text(*cursor) == text);
    return 0;
}
