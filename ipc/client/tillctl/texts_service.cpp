#include <fmt/format.h>

#include "ipc/client/tillctl/texts.h"

namespace tillhost::tillctl {
namespace {

using contract::HealthCause;
using contract::HealthState;

Text text_of(HealthState state) {
    switch (state) {
        case HealthState::ready: return Text::health_ready;
        case HealthState::degraded: return Text::health_degraded;
        case HealthState::stopping: return Text::health_stopping;
        case HealthState::unspecified: break;
    }
    return Text::unknown;
}

Text text_of(HealthCause cause) {
    switch (cause) {
        case HealthCause::device_not_ready: return Text::cause_device_not_ready;
        case HealthCause::device_quarantined: return Text::cause_device_quarantined;
        case HealthCause::doubt: return Text::cause_doubt;
        case HealthCause::doubt_waits_for_person: return Text::cause_doubt_waits;
        case HealthCause::no_room: return Text::cause_no_room;
        case HealthCause::book_restored: return Text::cause_book_restored;
        case HealthCause::shift_expired: return Text::cause_shift_expired;
        case HealthCause::shift_long_open: return Text::cause_shift_long_open;
        case HealthCause::shift_not_closed: return Text::cause_shift_not_closed;
        case HealthCause::shop_device_unfit: return Text::cause_shop_device_unfit;
        case HealthCause::unspecified: break;
    }
    return Text::cause_other;
}

}  // namespace

std::string health_text(Language language, const contract::HealthReply& health) {
    constexpr std::int64_t kMinuteMs = 60'000;
    std::string told = filled(language, Text::health_of, text(language, text_of(health.state)),
                              health.program_version, health.up_ms / kMinuteMs, health.operations,
                              health.unacknowledged);
    for (const contract::HealthReason& reason : health.reasons) {
        told += fmt::format("  {:<24}{:<16}{}\n{:<42}{}\n", contract::name_of(reason.cause),
                            reason.device, text(language, text_of(reason.cause)), "", reason.text);
    }
    if (health.book_epoch != 0) {
        told += filled(language, Text::health_restored, health.book_epoch);
    }
    return told;
}

std::string_view cause_text(Language language, HealthCause cause) {
    return text(language, text_of(cause));
}

std::string backup_text(Language language, const contract::BackupReply& copied) {
    return filled(language, Text::backup_done, copied.path, copied.bytes);
}

}  // namespace tillhost::tillctl
