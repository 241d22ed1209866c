// Any bytes are a record or a fault; what was read is written and read as the same.
#include <cstdint>

#include "hal/base/invariant.h"
#include "sumpd/exchange/json_codec.h"
#include "sumpd/exchange/operations.h"

namespace tillhost::sumpd::exchange {
namespace {

template <class T>
void read_and_repeat(std::string_view text) {
    const auto record = from_json<T>(text);
    if (record) {
        const std::string written = to_json(*record);
        const auto again = from_json<T>(written, kAnswerBounds);
        INVARIANT(again.has_value());
        INVARIANT(to_json(*again) == written);
    }
}

}  // namespace
}  // namespace tillhost::sumpd::exchange

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost::sumpd::exchange;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    read_and_repeat<PutDocuments>(text);
    read_and_repeat<GetChangesResponse>(text);
    read_and_repeat<PutPart>(text);
    read_and_repeat<Heartbeat>(text);
    return 0;
}
