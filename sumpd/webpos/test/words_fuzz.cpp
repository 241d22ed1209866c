// Any text is a cursor, topics and a request of a route, or a typed error; a cursor that was read
// is written as it was, and a body holds no field twice.
#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>

#include "hal/base/invariant.h"
#include "sumpd/webpos/events.h"
#include "sumpd/webpos/routes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    using namespace tillhost::sumpd::webpos;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto topics = topics_from(text)) {
        INVARIANT(!topics->empty() && topics->size() <= kTopicsMax);
    }
    const auto parts = static_cast<std::size_t>(std::count(text.begin(), text.end(), '_')) + 1;
    if (const auto places = cursor_from(text, std::min(parts, kTopicsMax))) {
        const auto again = cursor_from(cursor_text(*places), places->size());
        INVARIANT(again && cursor_text(*again) == cursor_text(*places));
    }
    // The first line is the path.
    const std::size_t end = std::min(text.find('\n'), text.size());
    for (const http::Method method : {http::Method::get, http::Method::put, http::Method::post}) {
        http::Request request;
        request.method = method;
        request.path = std::string(text.substr(0, end));
        request.body = std::string(text.substr(std::min(end + 1, text.size())));
        request.query = {{"device", request.body.substr(0, 8)}};
        const FoundRoute found = find_route(method, request.path);
        const auto body = found.route == nullptr ? base::Result<contract::Value>(contract::Value())
                                                 : body_of(found, request);
        const auto* fields = body ? body->get_if<contract::Value::Map>() : nullptr;
        std::set<std::string> names;
        if (fields != nullptr) {
            for (const auto& [name, value] : *fields) {
                INVARIANT(names.insert(name).second);
            }
        }
    }
    return 0;
}
