#include <fmt/format.h>

#include "ipc/client/tillctl/texts.h"

namespace tillhost::tillctl {
namespace {

/// What was seen: code, the detail that says more than the code does, the device's own number.
std::string seen(Language language, const base::Error& error, bool has_detail) {
    std::string line(base::name_of(error.code));
    if (has_detail) {
        line += ": " + error.detail;
    }
    if (error.device_code != 0) {
        line += filled(language, Text::error_device_code, error.device_code);
    }
    if (error.effect == base::Effect::unknown) {
        line += text(language, Text::error_may_have_happened);
    }
    return line;
}

bool says_more(const base::Error& error) {
    return !error.detail.empty() && error.detail != base::text_of(error.code);
}

}  // namespace

std::string error_line(Language language, const base::Error& error) {
    const std::string_view advice = advice_on(language, base::name_of(error.code));
    const std::string line = seen(language, error, says_more(error));
    return advice.empty() || error.code == base::ErrorCode::bad_field
               ? line
               : fmt::format("{}: {}", line, advice);
}

std::string error_text(Language language, const base::Error& error) {
    return error_text(language, error, advice_on(language, base::name_of(error.code)));
}

std::string error_text(Language language, const base::Error& error, std::string_view advice) {
    const bool has_detail = says_more(error);
    std::string told = fmt::format("tillctl: {}", seen(language, error, has_detail));
    if (error.code == base::ErrorCode::bad_field && has_detail) {
        told += "\n";  // the detail names the field and what would be right
    } else if (has_detail) {
        told += fmt::format("\n  {}\n", advice);
    } else {
        told += fmt::format(": {}\n", advice);
    }
    if (error.reaction == base::Reaction::retry_later) {
        told += fmt::format("  {}", text(language, Text::error_retry_later));
    }
    return told;
}

}  // namespace tillhost::tillctl
