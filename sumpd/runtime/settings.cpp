#include "sumpd/runtime/settings.h"

#include <algorithm>
#include <array>

#include "hal/base/error.h"
#include "sumpd/store/own_settings.h"

namespace tillhost::sumpd::runtime {

using console::SettingFact;
using console::SettingSource;
using exchange::Outcome;

namespace {

/// Who may set it, and when it holds.
enum class Change : std::uint8_t {
    live,        ///< in the console, at once
    at_restart,  ///< in the console, from the next start
    file_only,   ///< in sumpd.toml alone: it opens the console to others, names files of the
                 ///< machine, or says who the accounting system is
};

struct Row {
    std::string_view name;
    Change change;
    std::string_view normal;
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::string_view choices = {};  ///< blanks between
};

constexpr std::int64_t kPortMax = 65535;
constexpr std::array kRows = {
    Row{"name", Change::at_restart, ""},
    Row{"packet_bytes", Change::at_restart, "1048576", exchange::kPacketBytesMin,
        exchange::kPacketBytesMax},
    Row{"devices.registrar", Change::live, ""},
    Row{"devices.terminal", Change::live, ""},
    Row{"api.address", Change::at_restart, "127.0.0.1"},
    Row{"api.port", Change::at_restart, "8443", 1, kPortMax},
    Row{"api.hosts", Change::at_restart, ""},
    Row{"api.certificate", Change::file_only, ""},
    Row{"log", Change::at_restart, "notice", 0, 0, "error warning notice info debug"},
    Row{"console.on", Change::at_restart, "yes", 0, 0, "yes no"},
    Row{"console.address", Change::file_only, "127.0.0.1"},
    Row{"console.port", Change::at_restart, "8444", 1, kPortMax},
    Row{"console.hosts", Change::at_restart, ""},
    Row{"devices.endpoint", Change::file_only, ""},
    Row{"exchange.node", Change::file_only, ""},
    Row{"licences.address", Change::at_restart, ""},
    Row{"licences.product", Change::at_restart, ""},
    Row{"licences.licence", Change::at_restart, ""},
    Row{"licences.terminal_licence", Change::at_restart, ""},
    Row{"licences.contact", Change::at_restart, ""},
    Row{"licences.access_code_file", Change::file_only, ""},
    Row{"licences.vendor_root", Change::file_only, ""},
};

const Row* row_of(std::string_view name) {
    const auto* const found =
        std::find_if(kRows.begin(), kRows.end(), [&](const Row& one) { return one.name == name; });
    return found == kRows.end() ? nullptr : found;
}

bool is_changeable(std::string_view name) {
    const Row* const row = row_of(name);
    return row != nullptr && row->change != Change::file_only;
}

SettingTexts over(SettingTexts file, const SettingTexts& own) {
    for (const auto& [name, text] : own) {
        file[name] = text;
    }
    return file;
}

std::string value_in(const SettingTexts& texts, const Row& row) {
    const auto found = texts.find(std::string(row.name));
    return found == texts.end() ? std::string(row.normal) : found->second;
}

SettingSource source_in(const SettingTexts& file, std::string_view name) {
    return file.count(std::string(name)) != 0 ? SettingSource::file : SettingSource::normal;
}

std::vector<std::string> words_of(std::string_view words) {
    std::vector<std::string> list;
    while (!words.empty()) {
        const std::size_t end = std::min(words.find(' '), words.size());
        list.emplace_back(words.substr(0, end));
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return list;
}

/// An error about a field begins with its name.
exchange::Fault fault_of(const base::Error& error) {
    const std::size_t end = error.detail.find(": ");
    if (end == std::string::npos) {
        return {.code = exchange::FaultCode::schema_invalid, .message = error.detail};
    }
    return {.code = exchange::FaultCode::schema_invalid,
            .message = error.detail.substr(end + 2),
            .field = error.detail.substr(0, end)};
}

}  // namespace

base::Result<std::unique_ptr<Settings>> Settings::open(const std::string& config_folder,
                                                       const std::string& state_folder) {
    std::unique_ptr<Settings> made(new Settings());
    made->running_ = TRY(load_config(config_folder));
    made->file_ = TRY(load_texts(config_folder));
    made->running_texts_ = made->file_;
    for (const auto& [name, text] : TRY(store::read_own_settings(state_folder))) {
        if (is_changeable(name)) {
            made->own_.emplace(name, text);
        }
    }
    const SettingTexts texts = over(made->file_, made->own_);
    auto config = config_of(texts);
    if (config) {
        made->running_ = std::move(*config);
        made->running_texts_ = texts;
    } else {
        made->fault_ = base::to_text(config.error());
    }
    return made;
}

void Settings::say_fault(const os::Logger& logger) const {
    if (!fault_.empty()) {
        logger.error("what the console set is not used", {{"error", fault_}});
    }
}

void Settings::attach(store::Store& store, const os::Clock& clock, Apply apply) {
    store_ = &store;
    clock_ = &clock;
    apply_ = std::move(apply);
}

std::vector<SettingFact> Settings::told() {
    const std::lock_guard<std::mutex> guard(mutex_);
    const SettingTexts wanted = over(file_, own_);
    std::vector<SettingFact> facts;
    for (const Row& row : kRows) {
        const std::string value = value_in(wanted, row);
        const bool is_own = own_.count(std::string(row.name)) != 0;
        const bool is_live = row.change == Change::live;
        facts.push_back({.name = std::string(row.name),
                         .value = value,
                         .source = is_own ? SettingSource::console : source_in(file_, row.name),
                         .otherwise = value_in(file_, row),
                         .otherwise_source = source_in(file_, row.name),
                         .normal = std::string(row.normal),
                         .changeable = row.change != Change::file_only,
                         .needs_restart = !is_live && value != value_in(running_texts_, row),
                         .is_live = is_live,
                         .min = row.min,
                         .max = row.max,
                         .choices = words_of(row.choices)});
    }
    return facts;
}

Outcome<exchange::Empty> Settings::change(const console::Editor& who,
                                          const std::vector<console::SettingChange>& changes,
                                          const std::vector<std::string>& forget) {
    const std::lock_guard<std::mutex> guard(mutex_);
    SettingTexts own = own_;
    store::OwnSettings set;
    for (const console::SettingChange& one : changes) {
        if (!is_changeable(one.name)) {
            return exchange::refuse_field(one.name, "it is set in sumpd.toml alone");
        }
        own[one.name] = one.value;
        set[one.name] = one.value;
    }
    for (const std::string& name : forget) {
        own.erase(name);
    }
    const auto config = config_of(over(file_, own));
    if (!config) {
        return tl::unexpected(fault_of(config.error()));
    }
    const auto written = store::write_own_settings(
        store_->transactions(), store_->audit(), set, forget,
        {.actor = who.login, .address = who.address, .action = "setting.change"},
        clock_->unix_ms());
    if (!written) {
        return tl::unexpected(written.error());
    }
    own_ = std::move(own);
    apply_(*config);
    return exchange::Empty{};
}

}  // namespace tillhost::sumpd::runtime
