#pragma once

#include <string>
#include <string_view>

#include "sumpd/maintenance/maintenance.h"

namespace tillhost::sumpd::maintenance {

/// Text for Prometheus (exposition format 0.0.4); names begin with tillhost_sumpd_.
std::string metrics_text(const Facts& facts, std::string_view version, std::int64_t now_ms);

enum class Grave : std::uint8_t { fine, look, act };
/// One thing that a person should know: `code` is for programs.
struct Alarm {
    std::string_view code{};
    Grave grave = Grave::look;
    std::string text{};
};
/// Documents that wait for the accounting system so long are worth a look.
inline constexpr std::int64_t kUnsentLookMs = 3600'000;
inline constexpr std::int64_t kUnsentActMs = 24 * 3600'000;
inline constexpr std::int64_t kBackupOldMs = 3 * kBackupEveryMs;

/// The gravest first; empty: all is well.
std::vector<Alarm> alarms_of(const Facts& facts, std::int64_t now_ms);
/// {"state":"fine|look|act","version":…,"alarms":[{"code":…,"grave":…,"text":…}]}
std::string health_json(const std::vector<Alarm>& alarms, std::string_view version);

}  // namespace tillhost::sumpd::maintenance
