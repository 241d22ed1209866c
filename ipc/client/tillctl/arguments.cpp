#include "ipc/client/tillctl/arguments.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "ipc/client/tillctl/grammar.h"

namespace tillhost::tillctl {
namespace {

constexpr double kTimeoutSecondsMax = 3600;
constexpr double kTimeoutSecondsMin = 0.1;
constexpr std::string_view kLanguageOption = "--lang";

/// Of --lang, before anything is read: what is wrong with the rest is said in it too.
Language language_asked(int argc, const char* const* argv, Language otherwise) {
    for (int i = 1; i < argc; ++i) {
        std::string_view word = argv[i];
        if (word == "--") {
            break;
        }
        if (word == kLanguageOption && i + 1 < argc) {
            return language_named(argv[i + 1]).value_or(otherwise);
        }
        if (word.starts_with(kLanguageOption) && word.substr(kLanguageOption.size(), 1) == "=") {
            word.remove_prefix(kLanguageOption.size() + 1);
            return language_named(word).value_or(otherwise);
        }
    }
    return otherwise;
}

/// How long an outcome is waited for: longer where a person stands at the device.
os::Duration patience_of(const Verb& verb) {
    if (std::holds_alternative<SellVerb>(verb) || std::holds_alternative<PayVerb>(verb)) {
        return kCustomerTimeout;
    }
    const auto* dongle = std::get_if<DongleVerb>(&verb);
    const bool is_touched = dongle != nullptr && std::holds_alternative<EnrolDongleVerb>(*dongle);
    return is_touched ? kTouchTimeout : kTimeout;
}

void declare_common(VerbGrammar program, Invocation& to, std::optional<os::Duration>& timeout) {
    program.flag("--json", "json", to.json);
    program.choice("--lang", "lang", {"en", "ru", "pl"},
                   [](const std::string&) { return Problem(); });
    program.text("--endpoint ADDRESS", "endpoint", to.endpoint);
    program.text("--host NAME", "host", to.host);
    program.take(
        "--timeout SECONDS", "timeout",
        [&timeout, language = program.language()](const std::string& word) {
            double seconds = 0;
            const char* const end = word.data() + word.size();
            const auto [stop, wrong] = std::from_chars(word.data(), end, seconds);
            const bool fits = wrong == std::errc() && stop == end &&
                              seconds >= kTimeoutSecondsMin && seconds <= kTimeoutSecondsMax;
            if (!fits) {
                return filled(language, Text::seconds_range, kTimeoutSecondsMin, kTimeoutSecondsMax,
                              word);
            }
            timeout =
                std::chrono::duration_cast<os::Duration>(std::chrono::duration<double>(seconds));
            return Problem();
        });
}

void declare(CommandLine& line, Invocation& to, std::optional<os::Duration>& timeout) {
    declare_common(line.common(), to, timeout);
    line.group(Text::group_documents);
    declare_documents(line, to);
    line.group(Text::group_payments);
    declare_payments(line, to);
    line.group(Text::group_operations);
    declare_operations(line, to);
    line.group(Text::group_devices);
    declare_devices(line, to);
    declare_questions(line, to);
    declare_dongle(line, to);
    line.group(Text::group_sharing);
    declare_sharing(line, to);
    line.group(Text::group_setup);
    declare_setup(line, to);
    declare_settings(line, to);
    line.group(Text::group_access);
    declare_access(line, to);
    line.group(Text::group_licence);
    declare_licence(line, to);
    line.group(Text::group_service);
    declare_service(line, to);
    line.group(Text::group_lines);
    declare_lines(line, to);
}

}  // namespace

std::variant<Invocation, Explanation> parse_arguments(int argc, const char* const* argv,
                                                      Language language) {
    Invocation invocation;
    invocation.language = language_asked(argc, argv, language);
    CommandLine line("tillctl", invocation.language);
    std::optional<os::Duration> timeout;
    declare(line, invocation, timeout);
    if (auto explanation = line.read(argc, argv)) {
        return std::move(*explanation);
    }
    const bool asks_licd = std::holds_alternative<LicenceVerb>(invocation.verb);
    if (asks_licd && !invocation.host.empty()) {
        return Explanation{std::string(text(invocation.language, Text::licence_is_here))};
    }
    const char* const host = std::getenv("TILLHOST_HOST");
    if (!invocation.endpoint.empty()) {
        invocation.host.clear();
    } else if (host != nullptr && invocation.host.empty() && !asks_licd) {
        invocation.host = host;  // what is written on the command line holds over the environment
    }
    invocation.timeout = timeout.value_or(patience_of(invocation.verb));
    return invocation;
}

std::vector<std::string> all_verbs() {
    Invocation invocation;
    CommandLine line("tillctl", Language::english);
    std::optional<os::Duration> timeout;
    declare(line, invocation, timeout);
    return line.verbs();
}

}  // namespace tillhost::tillctl
