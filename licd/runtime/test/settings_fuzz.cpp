// Any bytes as licd.toml or settings.toml give settings or an error; what was read is written and
// read alike, and a configuration made of it can be told.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "licd/runtime/settings_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost::licd::runtime;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto texts = read_setting_texts(text, "fuzz");
    if (!texts) {
        return 0;
    }
    const auto again = read_setting_texts(write_setting_texts("fuzz", *texts), "fuzz");
    if (!again || *again != *texts) {
        std::abort();
    }
    if (const auto config = make_config(*texts)) {
        for (const SettingRow& row : settings_table()) {
            if (!check_setting(row, row.get(*config))) {
                std::abort();
            }
        }
    }
    return 0;
}
