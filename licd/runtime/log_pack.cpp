#include "licd/runtime/log_pack.h"

#include <fmt/format.h>

#include "licd/runtime/log_book.h"
#include "licd/runtime/tar.h"

namespace tillhost::licd::runtime {
namespace {

constexpr std::string_view kLeftOut = "(the rest is left out)\n";

/// Adds a line if there is room for it and for the word that the rest is left out; false else.
bool add_line(std::string& text, const std::string& line, std::size_t bytes_max) {
    if (text.size() + line.size() + 1 + kLeftOut.size() > bytes_max) {
        text += kLeftOut;
        return false;
    }
    text += line + "\n";
    return true;
}

std::string settings_text(const contract::LicenceSettingsReply& settings) {
    std::string text;
    for (const contract::LicenceSetting& one : settings.settings) {
        const std::string line =
            fmt::format("{} = \"{}\" ({}{})", one.name, one.value, contract::name_of(one.source),
                        one.needs_restart ? ", from the next start" : "");
        if (!add_line(text, line, kPackedSettingsBytesMax)) {
            break;
        }
    }
    return text;
}

std::string line_of(const contract::LicenceKey& key) {
    return fmt::format("{} {} {} state={} reason={} left_s={} enabled={} score={} revision={} {}",
                       key.serial, contract::name_of(key.kind), key.product,
                       contract::name_of(key.state), contract::name_of(key.reason), key.left_s,
                       key.enabled, key.score, key.revision, key.text);
}

std::string keys_text(const std::vector<contract::LicenceKey>& keys) {
    std::string text;
    for (const contract::LicenceKey& key : keys) {
        if (!add_line(text, line_of(key), kPackedKeysBytesMax)) {
            return text;
        }
        for (const contract::LicenceLine& line : key.lines) {
            const std::string told =
                fmt::format("  {} count={} used={} waiting={} until={}", line.name, line.count,
                            line.used, line.waiting, line.until);
            if (!add_line(text, told, kPackedKeysBytesMax)) {
                return text;
            }
        }
    }
    return text;
}

std::string acts_text(const std::vector<ActRow>& acts) {
    std::string text;
    for (const ActRow& act : acts) {
        const std::string line = fmt::format("{} {} {} {}: {}", act.number, utc_text(act.at_ms),
                                             act.who, act.act, act.what);
        if (!add_line(text, line, kPackedActsBytesMax)) {
            break;
        }
    }
    return text;
}

/// The newest lines that fit, in their order.
std::string log_text(const std::vector<std::string>& lines, std::size_t bytes_max) {
    std::size_t bytes = 0;
    std::size_t from = lines.size();
    while (from > 0 && bytes + lines[from - 1].size() + 1 <= bytes_max) {
        bytes += lines[--from].size() + 1;
    }
    std::string text;
    text.reserve(bytes);
    for (; from < lines.size(); ++from) {
        text += lines[from] + "\n";
    }
    return text;
}

/// "licd-logs-20260302T090000Z.tar".
std::string name_at(std::int64_t unix_ms) {
    std::string time = utc_text(unix_ms);
    time.erase(time.find('.'), 4);
    std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
    return fmt::format("licd-logs-{}.tar", time);
}

}  // namespace

contract::LicenceLogs pack_logs(const LogPackParts& parts) {
    std::vector<TarFile> files = {{"version.txt", fmt::format("licd {}\npacked {}\n", parts.version,
                                                              utc_text(parts.unix_ms))},
                                  {"settings.txt", settings_text(parts.settings)},
                                  {"keys.txt", keys_text(parts.keys)},
                                  {"acts.txt", acts_text(parts.acts)}};
    std::vector<std::size_t> sizes;
    for (const TarFile& file : files) {
        sizes.push_back(file.content.size());
    }
    sizes.push_back(0);
    // Whole blocks fit exactly: what is left for the log is counted in them.
    const std::size_t left = kLogPackBytesMax - tar_bytes(sizes);
    files.push_back({"log.txt", log_text(parts.log, left / kTarBlockBytes * kTarBlockBytes)});
    contract::LicenceLogs logs;
    logs.file = name_at(parts.unix_ms);
    logs.content = make_tar(files, parts.unix_ms / 1000);
    return logs;
}

}  // namespace tillhost::licd::runtime
