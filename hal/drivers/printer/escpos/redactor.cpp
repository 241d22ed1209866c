#include "hal/drivers/printer/escpos/redactor.h"

#include <algorithm>

#include "hal/drivers/printer/escpos/host_commands.h"

namespace tillhost::drivers::escpos {
namespace {

using Bytes = std::span<std::byte>;

void hide(Bytes bytes) { std::fill(bytes.begin(), bytes.end(), transport::kHidden); }

/// Line ends stay; a barcode's 00 too, or what follows would be taken for the rest of it.
void hide_data(Bytes data) {
    const bool ended = !data.empty() && data.back() == std::byte{0};
    hide(ended ? data.first(data.size() - 1) : data);
}

class EscposRedactor final : public transport::Redactor {
public:
    std::size_t settle(transport::Way way, Bytes bytes, bool complete) override {
        if (way == transport::Way::from_device) {
            return bytes.size();  // states, names and marks
        }
        std::size_t at = 0;
        while (at < bytes.size()) {
            const Bytes rest = bytes.subspan(at);
            const HostCommand found = find_command(rest);
            if (found.length == 0 && !complete) {
                return at;
            }
            if (found.length == 0) {
                hide(rest);  // a command that was cut
                return bytes.size();
            }
            if (found.data_from < found.length) {
                hide_data(rest.subspan(found.data_from, found.length - found.data_from));
            }
            at += found.length;
        }
        return at;
    }
};

}  // namespace

std::unique_ptr<transport::Redactor> make_redactor() { return std::make_unique<EscposRedactor>(); }

}  // namespace tillhost::drivers::escpos
