// Claim: no text breaks the reader of scenario files. Shown by giving it any bytes.
#include <cstddef>
#include <cstdint>

#include "simulators/devsim/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    static_cast<void>(tillhost::devsim::parse_scenario(text, "fuzz.toml"));
    return 0;
}
