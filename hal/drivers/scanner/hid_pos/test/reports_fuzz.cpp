// Any reports give codes within the bound, whatever the layout.
#include <algorithm>
#include <cstdint>

#include "hal/base/invariant.h"
#include "hal/drivers/scanner/hid_pos/protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    using namespace tillhost::drivers::hid_pos;
    base::ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
    for (const Layout& layout : {usual_layout(), usual_layout_without_length()}) {
        Assembler assembler(*suffix_from("cr"));
        os::Instant now{};
        for (base::ByteView rest = bytes; !rest.empty();) {
            const base::ByteView report = rest.first(std::min(rest.size(), layout.bytes));
            rest = rest.subspan(report.size());
            auto piece = read_report(layout, report);
            if (!piece || !*piece) {
                continue;
            }
            INVARIANT((*piece)->data.size() <= layout.data_bytes);
            now += std::chrono::milliseconds(base::to_unsigned(report.back()) * 8);
            const auto code = assembler.add(std::move(**piece), now);
            INVARIANT(!code || (!code->data.empty() && code->data.size() <= kCodeBytesMax));
        }
    }
    return 0;
}
