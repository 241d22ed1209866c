#include "simulators/devsim/scenario.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "hal/os/files.h"

namespace tillhost::devsim {
namespace {

using base::Done;
using base::Result;
using Names = std::span<const std::string_view>;

constexpr std::int64_t kMsMax = 86'400'000;
constexpr std::int64_t kNthMax = 1'000'000'000;

constexpr std::array<std::string_view, 9> kTop{"about", "family", "seed", "device", "line",
                                               "start", "event",  "talk", "expect"};
constexpr std::array<std::string_view, 31> kDevice{
    "serial",      "memory",         "columns",      "command_ms",    "position_ms", "document_ms",
    "line_ms",     "utc_offset",     "short_status", "full_status",   "ffd",         "link",
    "state",       "operation_tags", "password",     "policy",        "card_ms",     "host_ms",
    "busy",        "model",          "flow",         "buffer",        "pages",       "drawer_pin",
    "drawer_open", "old_interface",  "attestation",  "report_number", "pin",         "always_uv",
    "touch_ms"};
constexpr std::array<std::string_view, 5> kLine{"pty", "tcp", "control", "pace", "speed"};
constexpr std::array<std::string_view, 4> kWhat{"fault", "keys", "power", "off_ms"};
constexpr std::array<std::string_view, 10> kEvent{"after_ms", "after_command", "after_byte", "nth",
                                                  "moment",   "side",          "fault",      "keys",
                                                  "power",    "off_ms"};
constexpr std::array<std::string_view, 5> kTalk{"say", "hears", "message", "answer", "wait_ms"};
constexpr std::array<std::string_view, 3> kExpect{"documents", "transactions", "tape_says"};

/// Where a fault of the file is told.
struct File {
    std::string name;
    base::Error fault(const toml::source_position& at, std::string_view text) const {
        return base::make_error(base::ErrorCode::config_invalid,
                                fmt::format("{}:{}:{}: {}", name, at.line, at.column, text));
    }
    base::Error fault(const toml::node& at, std::string_view text) const {
        return fault(at.source().begin, text);
    }
};

Done only_known(const File& file, const toml::table& table, Names known) {
    for (const auto& [key, node] : table) {
        if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
            return file.fault(key.source().begin, fmt::format("unknown key \"{}\"; known here: {}",
                                                              key.str(), fmt::join(known, ", ")));
        }
    }
    return {};
}

Result<std::optional<std::string>> text_of(const File& file, const toml::table& table,
                                           std::string_view key) {
    const toml::node* node = table.get(key);
    if (node == nullptr) {
        return std::optional<std::string>();
    }
    if (const auto* text = node->as_string()) {
        return std::optional(text->get());
    }
    return file.fault(*node, fmt::format("{} is a text in quotes", key));
}

Result<std::optional<std::int64_t>> number_of(const File& file, const toml::table& table,
                                              std::string_view key, std::int64_t min,
                                              std::int64_t max) {
    const toml::node* node = table.get(key);
    if (node == nullptr) {
        return std::optional<std::int64_t>();
    }
    const auto* number = node->as_integer();
    if (number == nullptr || number->get() < min || number->get() > max) {
        return file.fault(*node, fmt::format("{} is a number from {} to {}", key, min, max));
    }
    return std::optional(number->get());
}

/// Text, number or flag as the command line would have it.
std::optional<std::string> word_of(const toml::node& node) {
    if (const auto* text = node.as_string()) {
        return text->get();
    }
    if (const auto* number = node.as_integer()) {
        return std::to_string(number->get());
    }
    if (const auto* flag = node.as_boolean()) {
        return std::string(flag->get() ? "1" : "0");
    }
    return std::nullopt;
}

/// A table of options of the command line, "line_ms" for --line-ms.
Done read_options(const File& file, const toml::table& top, std::string_view name, Names known,
                  ServeArguments& serve) {
    const toml::node* node = top.get(name);
    if (node == nullptr) {
        return {};
    }
    const toml::table* table = node->as_table();
    if (table == nullptr) {
        return file.fault(*node, fmt::format("[{}] is a table", name));
    }
    TRY(only_known(file, *table, known));
    for (const auto& [key, value] : *table) {
        std::string option = "--" + std::string(key.str());
        std::replace(option.begin(), option.end(), '_', '-');
        const auto word = word_of(value);
        if (!word) {
            return file.fault(value, fmt::format("{} is a text or a number", key.str()));
        }
        if (const auto done = apply_option(serve, option, *word); !done) {
            return file.fault(value, base::to_text(done.error()));
        }
    }
    return {};
}

Result<simulators::Fault> read_fault(const File& file, const toml::table& table,
                                     const std::string& name) {
    std::vector<std::pair<std::string, std::string>> keys;
    const toml::node* node = table.get("keys");
    if (node != nullptr && node->as_table() == nullptr) {
        return file.fault(*node, "keys is a table: { nth = 1, side = \"host\" }");
    }
    if (node != nullptr) {
        for (const auto& [key, value] : *node->as_table()) {
            const auto word = word_of(value);
            if (!word) {
                return file.fault(value, fmt::format("{} is a text or a number", key.str()));
            }
            keys.emplace_back(key.str(), *word);
        }
    }
    auto fault = simulators::parse_fault(name, keys);
    if (!fault) {
        return file.fault(*table.get("fault"), base::to_text(fault.error()));
    }
    return fault;
}

Result<Happening> read_happening(const File& file, const toml::table& table) {
    Happening what;
    const auto fault = TRY(text_of(file, table, "fault"));
    const auto power = TRY(text_of(file, table, "power"));
    const auto off = TRY(number_of(file, table, "off_ms", 0, kMsMax));
    if (fault.has_value() == power.has_value()) {
        return file.fault(table,
                          "what happens is either fault = NAME or power = \"off\" or \"on\"");
    }
    if (fault) {
        if (off) {
            return file.fault(*table.get("off_ms"), "off_ms belongs to power = \"off\"");
        }
        what.fault = TRY(read_fault(file, table, *fault));
        return what;
    }
    if (*power != "on" && *power != "off") {
        return file.fault(*table.get("power"), "power is \"on\" or \"off\"");
    }
    what.power = *power == "on";
    what.off = std::chrono::milliseconds(off.value_or(0));
    return what;
}

Result<std::uint16_t> read_command(const File& file, const toml::node& node) {
    const auto word = word_of(node);
    std::string_view digits = word ? std::string_view(*word) : "";
    if (node.is_integer()) {
        const std::int64_t number = node.as_integer()->get();
        if (number >= 0 && number <= 0xFFFF) {
            return static_cast<std::uint16_t>(number);
        }
    }
    std::uint16_t code = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (!node.is_string() || error != std::errc{} || end != digits.data() + digits.size()) {
        return file.fault(node, "after_command is a code in hex: \"E0\", \"FF45\"; \"0\" is any");
    }
    return code;
}

Done read_command_trigger(const File& file, const toml::table& table, Trigger& when) {
    when.kind = Trigger::Kind::command;
    when.command = TRY(read_command(file, *table.get("after_command")));
    const auto moment = TRY(text_of(file, table, "moment"));
    if (moment && *moment != "taken" && *moment != "done") {
        return file.fault(*table.get("moment"), "moment is \"taken\" or \"done\"");
    }
    when.done = moment && *moment == "done";
    when.nth =
        static_cast<std::uint64_t>(TRY(number_of(file, table, "nth", 1, kNthMax)).value_or(1));
    return {};
}

Done read_byte_trigger(const File& file, const toml::table& table, Trigger& when) {
    when.kind = Trigger::Kind::byte;
    when.nth = static_cast<std::uint64_t>(*TRY(number_of(file, table, "after_byte", 1, kNthMax)));
    const auto side = TRY(text_of(file, table, "side"));
    if (side && *side != "host" && *side != "device") {
        return file.fault(*table.get("side"), "side is \"host\" or \"device\": whose byte");
    }
    when.side = side && *side == "device" ? simulators::Side::device : simulators::Side::host;
    return {};
}

Result<Event> read_event(const File& file, const toml::table& table) {
    TRY(only_known(file, table, kEvent));
    Event event;
    event.line = table.source().begin.line;
    const int triggers = (table.contains("after_ms") ? 1 : 0) +
                         (table.contains("after_command") ? 1 : 0) +
                         (table.contains("after_byte") ? 1 : 0);
    if (triggers != 1) {
        return file.fault(table, "an event has one of after_ms, after_command, after_byte");
    }
    const auto belongs = [&](std::string_view key, std::string_view trigger) -> Done {
        if (table.contains(key) && !table.contains(trigger)) {
            return file.fault(*table.get(key), fmt::format("{} belongs to {}", key, trigger));
        }
        return {};
    };
    TRY(belongs("nth", "after_command"));
    TRY(belongs("moment", "after_command"));
    TRY(belongs("side", "after_byte"));
    if (table.contains("after_ms")) {
        event.when.after =
            std::chrono::milliseconds(*TRY(number_of(file, table, "after_ms", 0, kMsMax)));
    } else if (table.contains("after_command")) {
        TRY(read_command_trigger(file, table, event.when));
    } else {
        TRY(read_byte_trigger(file, table, event.when));
    }
    event.what = TRY(read_happening(file, table));
    return event;
}

Result<base::Bytes> read_hex(const File& file, const toml::table& table, std::string_view key,
                             bool& more) {
    constexpr std::string_view kMore = " ...";
    std::string text = TRY(text_of(file, table, key)).value_or("");
    more = text.ends_with(kMore);
    text.resize(text.size() - (more ? kMore.size() : 0));
    auto bytes = base::from_hex(text);
    if (!bytes) {
        return file.fault(*table.get(key), fmt::format("{} is bytes in hex: \"02 05 10\"", key));
    }
    return bytes;
}

Result<Talk> read_talk(const File& file, const toml::table& table) {
    TRY(only_known(file, table, kTalk));
    Talk talk;
    talk.line = table.source().begin.line;
    talk.message = table.contains("message");
    if (talk.message == table.contains("say") || (talk.message && table.contains("hears")) ||
        (!talk.message && table.contains("answer"))) {
        return file.fault(table, "a talk is say with hears, or message with answer");
    }
    bool ignored = false;
    talk.say = TRY(read_hex(file, table, talk.message ? "message" : "say", ignored));
    talk.hears = TRY(read_hex(file, table, talk.message ? "answer" : "hears", talk.hears_more));
    talk.wait =
        std::chrono::milliseconds(TRY(number_of(file, table, "wait_ms", 0, kMsMax)).value_or(500));
    return talk;
}

Result<Happening> read_start(const File& file, const toml::table& table) {
    TRY(only_known(file, table, kWhat));
    return read_happening(file, table);
}

/// An array of tables, each read by `read`.
template <class Row>
Done read_rows(const File& file, const toml::table& top, std::string_view name,
               std::vector<Row>& rows, Result<Row> (*read)(const File&, const toml::table&)) {
    const toml::node* node = top.get(name);
    if (node == nullptr) {
        return {};
    }
    const toml::array* array = node->as_array();
    if (array == nullptr || array->size() > kScenarioRowsMax) {
        return file.fault(*node, fmt::format("[[{}]], at most {} of them", name, kScenarioRowsMax));
    }
    for (const toml::node& each : *array) {
        const toml::table* table = each.as_table();
        if (table == nullptr) {
            return file.fault(each, fmt::format("[[{}]] is a table", name));
        }
        rows.push_back(TRY(read(file, *table)));
    }
    return {};
}

Done read_expect(const File& file, const toml::table& top, Scenario& scenario) {
    const toml::node* node = top.get("expect");
    if (node == nullptr) {
        return {};
    }
    const toml::table* table = node->as_table();
    if (table == nullptr) {
        return file.fault(*node, "[expect] is a table");
    }
    TRY(only_known(file, *table, kExpect));
    scenario.expect_documents = TRY(number_of(file, *table, "documents", 0, kNthMax));
    scenario.expect_transactions = TRY(number_of(file, *table, "transactions", 0, kNthMax));
    scenario.expect_on_tape = TRY(text_of(file, *table, "tape_says"));
    return {};
}

}  // namespace

Result<Scenario> parse_scenario(std::string_view text, const std::string& name) {
    const File file{name};
    toml::table top;
    try {
        top = toml::parse(text, name);
    } catch (const toml::parse_error& error) {
        return file.fault(error.source().begin, error.description());
    }
    TRY(only_known(file, top, kTop));
    Scenario scenario;
    scenario.about = TRY(text_of(file, top, "about")).value_or("");
    if (scenario.about.empty()) {
        return file.fault(toml::source_position{1, 1}, "about = \"…\" is missing: what it shows");
    }
    scenario.serve.family = TRY(text_of(file, top, "family")).value_or(std::string(kFamilyShtrih));
    if (const auto known = check_family(scenario.serve.family); !known) {
        return file.fault(*top.get("family"), base::to_text(known.error()));
    }
    const auto seed = TRY(number_of(file, top, "seed", 0, INT64_MAX));
    scenario.serve.seed = static_cast<std::uint64_t>(seed.value_or(1));
    TRY(read_options(file, top, "device", kDevice, scenario.serve));
    TRY(read_options(file, top, "line", kLine, scenario.serve));
    TRY(read_rows(file, top, "start", scenario.start, &read_start));
    TRY(read_rows(file, top, "event", scenario.events, &read_event));
    TRY(read_rows(file, top, "talk", scenario.talk, &read_talk));
    TRY(read_expect(file, top, scenario));
    return scenario;
}

Result<Scenario> read_scenario(const std::string& path) {
    const auto bytes = os::read_file(path, kScenarioBytesMax);
    if (!bytes) {
        return base::make_error(base::ErrorCode::config_invalid, bytes.error().detail);
    }
    return parse_scenario(base::string_of(*bytes), path);
}

}  // namespace tillhost::devsim
