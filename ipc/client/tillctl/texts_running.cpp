// What a person reads of devd itself; the rest of tillctl's sentences: texts.cpp.
#include <fmt/format.h>

#include "ipc/client/tillctl/texts.h"

namespace tillhost::tillctl {

std::string health_text(const contract::HealthReply& health) {
    std::string text =
        fmt::format("{}  (devd {}, up {} min, {} operations in the book, {} not acknowledged)\n",
                    contract::name_of(health.state), health.program_version, health.up_ms / 60'000,
                    health.operations, health.unacknowledged);
    for (const contract::HealthReason& reason : health.reasons) {
        text += fmt::format("  {:<24}{:<16}{}\n", contract::name_of(reason.cause), reason.device,
                            reason.text);
    }
    if (health.book_epoch != 0) {
        text += fmt::format("  the book was restored; its epoch is {}\n", health.book_epoch);
    }
    return text;
}

std::string backup_text(const contract::BackupReply& copied) {
    return fmt::format("{}: {} bytes, whole and on disk\n", copied.path, copied.bytes);
}

}  // namespace tillhost::tillctl
