// Any text is a tree or a typed error; a tree is written in a form that reads back and is written
// the same again.
#include <cstdint>

#include "hal/base/invariant.h"
#include "ipc/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    const auto value = ipc::from_json({reinterpret_cast<const char*>(data), size});
    if (!value) {
        const auto code = value.error().code;
        INVARIANT(code == base::ErrorCode::malformed || code == base::ErrorCode::too_large);
        return 0;
    }
    const std::string written = ipc::to_json(*value, -1);
    const auto again = ipc::from_json(written);
    // A name that was not UTF-8 may, once repaired, equal its neighbour's; and repairs take room.
    INVARIANT(!again || ipc::to_json(*again, -1) == written);
    return 0;
}
