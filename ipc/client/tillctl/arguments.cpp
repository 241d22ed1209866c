#include "ipc/client/tillctl/arguments.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <sstream>

#include "hal/base/money.h"
#include "ipc/client/tillctl/language.h"
#include "ipc/client/tillctl/texts.h"

namespace tillhost::tillctl {
namespace {

constexpr std::int64_t kDocumentNumberMax = 4'294'967'295;
constexpr std::int64_t kVersionMax = 9'007'199'254'740'991;
constexpr double kTimeoutSecondsMax = 3600;
constexpr double kTimeoutSecondsMin = 0.1;

std::string help(const std::string& key) { return std::string(help_of(key)); }

/// The value, or CLI11's way to say that it is wrong.
template <class T>
T checked(const std::string& name, base::Result<T> value) {
    if (!value) {
        throw CLI::ValidationError(name, value.error().detail);
    }
    return std::move(*value);
}

/// Declares the verbs. Each fills its own part of the invocation and is the one that is kept when
/// its callback runs.
class Grammar final {
public:
    Grammar(CLI::App& app, Invocation& to) : app_(app), to_(to) {
        add_common();
        add_devices();
        add_documents();
        add_operations();
        add_decide();
        add_watch();
        add_running();
        add_decode();
        add_recording();
        add_catalogue();
        add_setup();
    }

private:
    CLI::App* verb(const std::string& name) {
        CLI::App* sub = app_.add_subcommand(name, help(name));
        const std::string examples = help(name + ".examples");
        if (!examples.empty()) {
            sub->footer(examples);
        }
        return sub;
    }
    template <class V>
    void keep(CLI::App* sub, std::shared_ptr<V> filled) {
        sub->callback([this, filled] { to_.verb = std::move(*filled); });
    }
    void add_common() {
        app_.add_flag("--json", to_.json, help("json"));
        app_.add_option("--endpoint", to_.endpoint, help("endpoint"));
        app_.add_option_function<double>(
                "--timeout",
                [this](double seconds) {
                    to_.timeout = std::chrono::duration_cast<os::Duration>(
                        std::chrono::duration<double>(seconds));
                },
                help("timeout"))
            ->check(CLI::Range(kTimeoutSecondsMin, kTimeoutSecondsMax))
            ->type_name("SECONDS");
    }
    void add_devices() {
        keep(verb("devices"), std::make_shared<DevicesVerb>());
        CLI::App* status = verb("status");
        auto to = std::make_shared<StatusVerb>();
        status->add_option("DEVICE", to->device, help("device"))->required();
        status->add_flag("--ask", to->ask, help("status.ask"));
        keep(status, to);
    }
    static void add_id(CLI::App* sub, const std::string& name, base::OperationId& id,
                       const std::string& text) {
        sub->add_option_function<std::string>(
               name,
               [&id, name](const std::string& word) {
                   id = checked(name, base::OperationId::from_text(word));
               },
               text)
            ->type_name("UUID");
    }
    static void add_hand_over(CLI::App* sub, HandOver& how) {
        sub->add_option("DEVICE", how.device, help("device"))->required();
        add_id(sub, "--id", how.operation_id, help("id"));
        sub->add_option("--sale-ref", how.sale_ref, help("sale_ref"));
        sub->add_flag("--force", how.force, help("force"));
    }
    /// A verb that hands over a command; `options` fills it.
    CLI::App* add_submit(const std::string& name, contract::Command command,
                         const std::function<void(CLI::App*, SubmitVerb&)>& options = {}) {
        CLI::App* sub = verb(name);
        auto to = std::make_shared<SubmitVerb>();
        to->command = std::move(command);
        add_hand_over(sub, to->how);
        if (options) {
            options(sub, *to);
        }
        keep(sub, to);
        return sub;
    }
    void add_documents() {
        CLI::App* receipt = verb("receipt");
        auto to = std::make_shared<ReceiptVerb>();
        add_hand_over(receipt, to->how);
        receipt->add_option("FILE", to->path, help("receipt.file"))->required();
        keep(receipt, to);

        add_submit("shift", {}, add_shift);
        add_submit("cash", {}, add_cash);
        add_submit("report", contract::XReport{}, [](CLI::App* sub, SubmitVerb&) {
            sub->add_option_function<std::string>(
                   "KIND", [](const std::string&) {}, help("report.x"))
                ->required()
                ->check(CLI::IsMember({"x"}));
        });
        add_submit("print", {}, [](CLI::App* sub, SubmitVerb& verb) {
            sub->add_option_function<std::vector<std::string>>(
                   "TEXT",
                   [&verb](const std::vector<std::string>& lines) {
                       verb.command = contract::PrintText{lines};
                   },
                   help("print.text"))
                ->required();
        });
        add_submit("cut", contract::CutPaper{}, [](CLI::App* sub, SubmitVerb& verb) {
            sub->add_flag_callback(
                "--full", [&verb] { verb.command = contract::CutPaper{false}; }, help("cut.full"));
        });
        add_submit("drawer", contract::OpenDrawer{});
        add_submit("layout", {}, add_layout);
    }
    static void add_layout(CLI::App* sub, SubmitVerb& verb) {
        auto layout = std::make_shared<contract::SetLayout>();
        CLI::Option_group* lines = sub->add_option_group("lines");
        lines->add_option("--header", layout->header, help("layout.header"))
            ->allow_extra_args(false);
        lines->add_option("--footer", layout->footer, help("layout.footer"))
            ->allow_extra_args(false);
        lines->require_option(1, 2);
        sub->parse_complete_callback([&verb, layout] { verb.command = *layout; });
    }
    static void add_shift(CLI::App* sub, SubmitVerb& verb) {
        auto cashier = std::make_shared<contract::Cashier>();
        const auto named = [cashier]() -> std::optional<contract::Cashier> {
            return cashier->name.empty() ? std::nullopt : std::optional(*cashier);
        };
        CLI::Option* name = sub->add_option("--cashier", cashier->name, help("cashier"));
        CLI::Option* tax_id = sub->add_option("--tax-id", cashier->tax_id, help("tax_id"));
        tax_id->needs(name);
        sub->add_option_function<std::string>(
               "ACTION",
               [&verb, named](const std::string& action) {
                   if (action == "open") {
                       verb.command = contract::OpenShift{named()};
                   } else {
                       verb.command = contract::CloseShift{named()};
                   }
               },
               help("shift.action"))
            ->required()
            ->check(CLI::IsMember({"open", "close"}));
    }
    static void add_cash(CLI::App* sub, SubmitVerb& verb) {
        auto direction = std::make_shared<std::string>();
        sub->add_option("DIRECTION", *direction, help("cash.direction"))
            ->required()
            ->check(CLI::IsMember({"in", "out"}));
        sub->add_option_function<std::string>(
               "AMOUNT",
               [&verb, direction](const std::string& text) {
                   const auto amount =
                       checked("AMOUNT", base::Money::from_text(text, base::Currency::rub()));
                   if (*direction == "in") {
                       verb.command = contract::CashIn{amount.minor(), amount.currency().code()};
                   } else {
                       verb.command = contract::CashOut{amount.minor(), amount.currency().code()};
                   }
               },
               help("cash.amount"))
            ->required();
    }
    void add_operations() {
        CLI::App* list = verb("operations");
        auto to = std::make_shared<OperationsVerb>();
        list->add_option("--device", to->request.device, help("operations.device"));
        list->add_flag("--unsettled", to->request.unsettled_only, help("operations.unsettled"));
        list->add_option("--limit", to->request.limit, help("operations.limit"))
            ->check(CLI::Range(1, 1000));
        keep(list, to);
        const std::pair<const char*, OnOperation> verbs[] = {
            {"operation", OnOperation::show},
            {"resolve", OnOperation::resolve},
            {"cancel", OnOperation::cancel},
            {"settle", OnOperation::settle},
            {"acknowledge", OnOperation::acknowledge}};
        for (const auto& [name, what] : verbs) {
            CLI::App* sub = verb(name);
            auto one = std::make_shared<OperationVerb>();
            one->what = what;
            add_id(sub, "ID", one->operation_id, help("operation.id"));
            sub->get_option("ID")->required();
            keep(sub, one);
        }
    }
    void add_decide() {
        CLI::App* sub = verb("decide");
        auto to = std::make_shared<DecideVerb>();
        auto* decision = &to->decision;
        add_id(sub, "ID", decision->operation_id, help("operation.id"));
        sub->get_option("ID")->required();
        sub->add_option_function<std::string>(
               "VERDICT",
               [decision](const std::string& word) {
                   decision->verdict = word == "executed" ? contract::Verdict::executed
                                                          : contract::Verdict::not_executed;
               },
               help("decide.verdict"))
            ->required()
            ->check(CLI::IsMember({"executed", "not_executed"}));
        sub->add_option("--version", decision->version, help("decide.version"))
            ->required()
            ->check(CLI::Range(std::int64_t{0}, kVersionMax));
        sub->add_option("--document", decision->fiscal_document_number, help("decide.document"))
            ->check(CLI::Range(std::int64_t{0}, kDocumentNumberMax));
        sub->add_option("--note", decision->note, help("decide.note"))->required();
        keep(sub, to);
    }
    void add_watch() {
        CLI::App* sub = verb("watch");
        auto to = std::make_shared<WatchVerb>();
        sub->add_option("DEVICE", to->device, help("device"));
        sub->add_option("--count", to->count, help("watch.count"))
            ->check(CLI::Range(std::int64_t{1}, kVersionMax));
        keep(sub, to);
    }
    void add_running() {
        keep(verb("health"), std::make_shared<HealthVerb>());
        keep(verb("metrics"), std::make_shared<MetricsVerb>());
        CLI::App* backup = verb("backup");
        auto to = std::make_shared<BackupVerb>();
        backup
            ->add_option_function<std::string>(
                "FILE",
                [to](const std::string& word) {
                    // devd writes it, and its working folder is another.
                    to->path = std::filesystem::absolute(word).lexically_normal().string();
                },
                help("backup.file"))
            ->required();
        keep(backup, to);
    }
    void add_decode() {
        CLI::App* sub = verb("decode");
        auto to = std::make_shared<DecodeVerb>();
        sub->add_option("FAMILY", to->family, help("decode.family"))->required();
        sub->add_option_function<std::vector<std::string>>(
               "HEX",
               [to](const std::vector<std::string>& words) {
                   std::string digits;
                   for (const std::string& word : words) {
                       digits += word + ' ';
                   }
                   to->bytes = checked("HEX", base::from_hex(digits));
               },
               help("decode.hex"))
            ->required();
        sub->add_option("--from", to->from, help("decode.from"))
            ->check(CLI::IsMember({"host", "device"}));
        keep(sub, to);
    }

    void add_recording() {
        CLI::App* record = verb("record");
        auto to = std::make_shared<RecordVerb>();
        auto action = std::make_shared<std::string>();
        record->add_option("DEVICE", to->device, help("device"))->required();
        record->add_option("ACTION", *action, help("record.action"))
            ->required()
            ->check(CLI::IsMember({"on", "off"}));
        record->add_option("FILE", to->path, help("record.file"));
        record->callback([this, to, action] {
            if ((*action == "on") == to->path.empty()) {
                throw CLI::ValidationError("FILE", help("record.wants"));
            }
            // devd does not stand where tillctl was called.
            to->path = to->path.empty() ? "" : std::filesystem::absolute(to->path).string();
            to_.verb = *to;
        });
        CLI::App* replay = verb("replay");
        auto file = std::make_shared<ReplayVerb>();
        replay->add_option("FILE", file->path, help("replay.file"))->required();
        keep(replay, file);
    }
    template <class V>
    void keep_admin(CLI::App* sub, std::shared_ptr<V> filled) {
        sub->callback([this, filled] { to_.verb = AdminVerb(std::move(*filled)); });
    }
    /// A setting NAME=VALUE, or nothing.
    static std::optional<contract::Setting> setting_in(const std::string& word) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos || equals == 0) {
            return std::nullopt;
        }
        return contract::Setting{word.substr(0, equals), word.substr(equals + 1)};
    }
    void add_catalogue() {
        keep_admin(verb("models"), std::make_shared<ModelsVerb>());
        CLI::App* ports = verb("ports");
        auto which = std::make_shared<PortsVerb>();
        ports->add_option("--driver", which->driver, help("ports.driver"));
        ports->add_option("ADDRESS", which->address, help("ports.address"));
        keep_admin(ports, which);
        CLI::App* test = verb("test");
        auto tested = std::make_shared<TestVerb>();
        test->add_option("DEVICE", tested->device, help("device"))->required();
        test->add_flag("--find-speed", tested->find_speed,
                       std::string(text(user_language(), Text::help_test_find_speed)));
        keep_admin(test, tested);
        CLI::App* doctor = verb("doctor");
        auto examined = std::make_shared<DoctorVerb>();
        doctor->add_option("DEVICE", examined->device, help("device"));
        keep_admin(doctor, examined);
        CLI::App* remove = verb("remove");
        auto removed = std::make_shared<RemoveVerb>();
        remove->add_option("DEVICE", removed->device, help("device"))->required();
        keep_admin(remove, removed);
    }
    void add_setup() {
        CLI::App* add = verb("add");
        auto added = std::make_shared<AddVerb>();
        add->add_option("DRIVER", added->driver, help("add.driver"));
        add->add_option_function<std::vector<std::string>>(
            "SETTINGS",
            [added](const std::vector<std::string>& words) {
                for (const std::string& word : words) {
                    if (auto setting = setting_in(word)) {
                        added->settings.push_back(std::move(*setting));
                    } else if (added->device.empty()) {
                        added->device = word;
                    } else {
                        throw CLI::ValidationError(word, help("not_name_value"));
                    }
                }
            },
            help("add.settings"));
        add->add_option("--name", added->name, help("add.name"));
        add->add_flag_callback(
            "--no-test", [added] { added->test = false; }, help("add.no_test"));
        keep_admin(add, added);

        CLI::App* configure = verb("configure");
        auto changed = std::make_shared<ConfigureVerb>();
        configure->add_option("DEVICE", changed->device, help("device"))->required();
        configure->add_option_function<std::vector<std::string>>(
            "SETTINGS",
            [changed](const std::vector<std::string>& words) {
                for (const std::string& word : words) {
                    auto setting = setting_in(word);
                    if (!setting) {
                        throw CLI::ValidationError(word, help("not_name_value"));
                    }
                    changed->settings.push_back(std::move(*setting));
                }
            },
            help("configure.settings"));
        configure->add_option("--name", changed->name, help("add.name"));
        configure->add_option("--unset", changed->unset, help("configure.unset"));
        configure->add_flag("--show", changed->show, help("configure.show"));
        configure->add_flag_callback(
            "--no-test", [changed] { changed->test = false; }, help("add.no_test"));
        keep_admin(configure, changed);
    }

    CLI::App& app_;
    Invocation& to_;
};

}  // namespace

std::variant<Invocation, Explanation> parse_arguments(int argc, const char* const* argv) {
    CLI::App app(help("tillctl"), "tillctl");
    app.footer(help("tillctl.examples"));
    app.require_subcommand(1);
    app.fallthrough();
    Invocation invocation;
    const Grammar grammar(app, invocation);
    try {
        app.parse(argc, argv);
        return invocation;
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        std::ostringstream err;
        const bool is_help = app.exit(error, out, err) == 0;
        return Explanation{is_help ? out.str() : err.str(), is_help};
    }
}

}  // namespace tillhost::tillctl
