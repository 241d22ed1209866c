// Any bytes are a call or a fault, which closes in its envelope and opens again; what was read of
// an operation is written and read as the same.
#include <cstdint>

#include "hal/base/invariant.h"
#include "sumpd/exchange/envelope.h"
#include "sumpd/exchange/operations.h"

namespace tillhost::sumpd::exchange {
namespace {

template <class T>
void read_and_repeat(const Node& element) {
    const auto record = from_xml<T>(element);
    if (record) {
        const std::string written = to_xml(*record, "Again");
        const auto again = from_xml<T>(written, kAnswerBounds);
        INVARIANT(again.has_value());
        INVARIANT(to_xml(*again, "Again") == written);
    }
}

}  // namespace
}  // namespace tillhost::sumpd::exchange

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost::sumpd::exchange;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Opened opened = open_request(text, Encoding::raw_xml);
    static_cast<void>(open_answer(text));
    if (!opened.call) {
        const std::string fault =
            close_fault(opened.encoding, opened.call.error(), opened.soap_code);
        INVARIANT(!open_answer(fault) && open_answer(fault).error() == opened.call.error());
        return 0;
    }
    read_and_repeat<PutDocuments>(opened.call->element);
    read_and_repeat<GetChangesResponse>(opened.call->element);
    read_and_repeat<PutPart>(opened.call->element);
    read_and_repeat<Heartbeat>(opened.call->element);
    return 0;
}
