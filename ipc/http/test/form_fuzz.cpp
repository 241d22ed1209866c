// Any bytes are a path, a query, cookies and a form, or a typed error; a path never leads upwards,
// and what was decoded is encoded into something that decodes to the same.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "hal/base/invariant.h"
#include "hal/base/text.h"
#include "ipc/http/form.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto path = http::decode_path(text)) {
        INVARIANT(path->starts_with('/') && base::is_utf8(*path));
        INVARIANT((*path + '/').find("/../") == std::string::npos);
        INVARIANT(path->find("//") == std::string::npos);
    }
    if (const auto plain = http::percent_decode(text, http::Plus::is_blank)) {
        const auto again = http::percent_decode(http::percent_encode(*plain), http::Plus::is_plus);
        INVARIANT(again && *again == *plain);
    }
    if (const auto pairs = http::decode_pairs(text)) {
        INVARIANT(pairs->size() <= http::kPairsMax);
    }
    INVARIANT(http::decode_cookies(text).size() <= http::kPairsMax);
    // The first line is the type, as the header would say it.
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view body = text.substr(std::min(end + 1, text.size()));
    if (const auto form = http::decode_form(text.substr(0, end), body)) {
        std::size_t kept = 0;
        for (const auto& file : form->files) {
            kept += file.content.size();
        }
        INVARIANT(kept <= body.size() && form->fields.size() <= http::kPairsMax);
    }
    return 0;
}
