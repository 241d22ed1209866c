// Any bytes give fields within the bounds, and a layout whose parts stand inside its report.
#include <cstdint>

#include "hal/base/invariant.h"
#include "hal/drivers/scanner/hid_pos/descriptor.h"
#include "hal/drivers/scanner/hid_pos/protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    using namespace tillhost::drivers::hid_pos;
    const base::ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
    const auto fields = input_fields(bytes);
    INVARIANT(fields.size() <= kFieldsMax);
    for (const InputField& field : fields) {
        INVARIANT(std::uint64_t{field.bit} + std::uint64_t{field.size} * field.count <=
                  kReportBitsMax);
    }
    const auto layout = layout_of(bytes);
    if (layout) {
        INVARIANT(layout->data + layout->data_bytes <= layout->bytes);
        INVARIANT(!layout->aim || *layout->aim + 3 <= layout->bytes);
        INVARIANT(!layout->length || *layout->length < layout->bytes);
        const base::Bytes report(layout->bytes, std::byte{layout->report});
        static_cast<void>(read_report(*layout, report));
    }
    return 0;
}
