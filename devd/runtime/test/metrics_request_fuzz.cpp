// Any bytes of a watcher have an answer that is HTTP, and a longer request is never less decided.
#include "devd/runtime/metrics_request.h"
#include "hal/base/invariant.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace tillhost::devd::runtime;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const MetricsRequest asked = read_metrics_request(bytes);
    INVARIANT(asked != MetricsRequest::incomplete || size < kMetricsRequestBytesMax);
    INVARIANT(metrics_answer(asked, "x 1\n").starts_with("HTTP/1.0 "));
    return 0;
}
