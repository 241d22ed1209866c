// Any bytes are a call or a typed error, which closes in its envelope as XML; what was read of a
// call is the same when it is written and read again.
#include <cstdint>
#include <string_view>

#include "hal/base/invariant.h"
#include "sumpd/exchange/xml_tree.h"
#include "sumpd/webpos/soap.h"
#include "sumpd/webpos/value_xml.h"

namespace tillhost::sumpd::webpos {
namespace {

void write_and_read(const Asked& asked) {
    std::string text;
    append_xml(text, "x", asked.body);
    text.insert(2, " xmlns=\"urn:tillhost:devices:1\"");
    const auto tree = exchange::xml_tree(text, exchange::kAnswerBounds);
    INVARIANT(tree.has_value());
    if (asked.route == nullptr) {
        return;
    }
    const auto again = value_from_xml(*tree, contract::request_shape(asked.route->kind));
    INVARIANT(again && *again == asked.body);
}

}  // namespace
}  // namespace tillhost::sumpd::webpos

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    using namespace tillhost::sumpd::webpos;
    http::Request request;
    request.body = std::string(reinterpret_cast<const char*>(data), size);
    const SoapCall call = open_soap(request);
    if (call.asked) {
        write_and_read(*call.asked);
        const auto answer = soap_answer(call, {.reply = call.asked->body, .book = 1});
        INVARIANT(sumpd::exchange::xml_tree(answer.body, sumpd::exchange::kAnswerBounds));
        return 0;
    }
    const auto refusal = soap_refusal(call, call.asked.error(), "r");
    INVARIANT(sumpd::exchange::xml_tree(refusal.body, sumpd::exchange::kAnswerBounds));
    return 0;
}
