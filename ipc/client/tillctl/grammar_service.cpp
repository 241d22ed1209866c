#include <filesystem>

#include "ipc/client/tillctl/grammar.h"

namespace tillhost::tillctl {
namespace {

constexpr std::int64_t kCountMax = 9'007'199'254'740'991;

/// devd does not stand where tillctl was called.
std::string absolute(const std::string& path) {
    return std::filesystem::absolute(path).lexically_normal().string();
}

void declare_record(CommandLine& line, Invocation& to) {
    VerbGrammar verb = line.verb("record");
    auto filled = std::make_shared<RecordVerb>();
    auto action = std::make_shared<std::string>();
    verb.text("DEVICE", "device", filled->device, Presence::required);
    verb.choice(
        "ACTION", "record.action", {"on", "off"},
        [action](const std::string& word) {
            *action = word;
            return Problem();
        },
        Presence::required);
    verb.text("FILE", "record.file", filled->path);
    verb.chosen([&to, filled, action, language = verb.language()] {
        if ((*action == "on") == filled->path.empty()) {
            return std::string(text(language, Text::record_wants_file));
        }
        filled->path = filled->path.empty() ? "" : absolute(filled->path);
        to.verb = std::move(*filled);
        return Problem();
    });
}

void declare_decode(CommandLine& line, Invocation& to) {
    VerbGrammar verb = line.verb("decode");
    auto filled = std::make_shared<DecodeVerb>();
    verb.text("FAMILY", "decode.family", filled->family, Presence::required);
    verb.take_all(
        "HEX", "decode.hex",
        [filled, language = verb.language()](const std::vector<std::string>& words) {
            std::string digits;
            for (const std::string& word : words) {
                digits += word + ' ';
            }
            const auto bytes = base::from_hex(digits);
            if (!bytes) {
                return std::string(text(language, Text::hex_wanted));
            }
            filled->bytes = *bytes;
            return Problem();
        },
        Presence::required);
    verb.choice("--from", "decode.from", {"host", "device"}, [filled](const std::string& word) {
        filled->from = word;
        return Problem();
    });
    keep(verb, to, filled);
}

}  // namespace

void declare_devices(CommandLine& line, Invocation& to) {
    VerbGrammar devices = line.verb("devices");
    keep(devices, to, std::make_shared<DevicesVerb>());
    VerbGrammar status = line.verb("status");
    auto asked = std::make_shared<StatusVerb>();
    status.text("DEVICE", "device", asked->device, Presence::required);
    status.flag("--ask", "status.ask", asked->ask);
    keep(status, to, asked);
    VerbGrammar watch = line.verb("watch");
    auto watched = std::make_shared<WatchVerb>();
    watch.text("DEVICE", "device", watched->device);
    watch.number("--count NUMBER", "watch.count", 1, kCountMax, watched->count);
    keep(watch, to, watched);
}

void declare_service(CommandLine& line, Invocation& to) {
    VerbGrammar health = line.verb("health");
    keep(health, to, std::make_shared<HealthVerb>());
    VerbGrammar metrics = line.verb("metrics");
    keep(metrics, to, std::make_shared<MetricsVerb>());
    VerbGrammar backup = line.verb("backup");
    auto filled = std::make_shared<BackupVerb>();
    backup.take(
        "FILE", "backup.file",
        [filled](const std::string& word) {
            filled->path = absolute(word);
            return Problem();
        },
        Presence::required);
    keep(backup, to, filled);
}

void declare_lines(CommandLine& line, Invocation& to) {
    declare_record(line, to);
    VerbGrammar replay = line.verb("replay");
    auto file = std::make_shared<ReplayVerb>();
    replay.text("FILE", "replay.file", file->path, Presence::required);
    keep(replay, to, file);
    declare_decode(line, to);
}

}  // namespace tillhost::tillctl
