// Claim: the decoders of the second link layer and of tags take any bytes, and what they take they
// write again as it was; the tracker of the fault layer follows any stream. Shown by any bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "simulators/core/document_codec.h"
#include "simulators/fiscal/shtrih/link.h"
#include "simulators/fiscal/shtrih/tlv.h"

namespace shtrih = tillhost::simulators::shtrih;
namespace base = tillhost::base;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const base::ByteView input = std::as_bytes(std::span(data, size));
    if (const auto frame = shtrih::decode_frame2(input)) {
        const base::Bytes again = shtrih::encode_frame2(*frame);
        if (!std::equal(again.begin(), again.end(), input.begin(), input.end())) {
            std::abort();
        }
    }
    if (const auto tags = shtrih::decode_tags(input)) {
        base::ByteWriter again;
        for (const auto& tag : *tags) {
            shtrih::put_tag(again, tag.number, tag.value);
            static_cast<void>(shtrih::tag_for_paper(tag));
        }
        if (!std::equal(again.bytes().begin(), again.bytes().end(), input.begin(), input.end())) {
            std::abort();
        }
    }
    static_cast<void>(shtrih::decode_vln(input));
    static_cast<void>(tillhost::simulators::decode_document(input));
    shtrih::LineTracker tracker;
    bool open = false;
    for (const std::byte byte : input) {
        const auto step = tracker.feed(byte);
        if (!open && !step.begins) {
            std::abort();  // a unit ended and no other began
        }
        open = !step.ends;
    }
    return 0;
}
