#include "ipc/client/tillctl/licence.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "hal/base/text.h"
#include "hal/os/files.h"
#include "ipc/client/tillctl/verbs.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/envelope.h"
#include "ipc/json.h"

namespace tillhost::tillctl {
namespace {

using base::Done;
using base::Error;
using base::ErrorCode;
using base::Result;
using contract::RequestKind;
using contract::Value;

constexpr int kIndent = 2;
constexpr std::size_t kFileBytesMax = 1'000'000;  // as the schema has it for LicenceKeyText
constexpr std::int64_t kPage = 500;
/// A request holds no secret, and whoever ran this as root must be able to send it to the vendor.
constexpr unsigned kRequestMode = 0644;
constexpr unsigned kLogsMode = 0600;

std::string licd_endpoint(const Invocation& how) {
    if (!how.endpoint.empty()) {
        return how.endpoint;
    }
    const char* folder = std::getenv("TILLHOST_RUNTIME_DIR");
    return fmt::format("ipc://{}/licd.sock",
                       folder == nullptr || *folder == '\0' ? "/run/tillhost" : folder);
}

Exit exit_of(const Error& error) {
    if (error.code == ErrorCode::no_daemon) {
        return Exit::no_daemon;
    }
    return error.code == ErrorCode::bad_field ? Exit::usage : Exit::failed;
}

/// What a verb needs of files and of the person, before licd is asked.
class Preparation final {
public:
    Preparation(Language language, Console& console) : language_(language), console_(console) {}

    template <class V>
    Done operator()(V&) const {
        return {};
    }
    Done operator()(LoadLicenceVerb& verb) const {
        const auto content = os::read_file(verb.path, kFileBytesMax);
        if (!content) {
            return base::bad_field("FILE", content.error().detail);
        }
        verb.file.text = base::string_of(*content);
        const bool is_licence =
            base::is_utf8(verb.file.text) && verb.file.text.find("-----LICD ") != std::string::npos;
        return is_licence ? Done()
                          : base::bad_field(
                                "FILE", filled(language_, Text::licence_file_wanted, verb.path));
    }
    Done operator()(ActivateLicenceVerb& verb) const {
        if (verb.request.pin == kTypedUnseen) {
            verb.request.pin = TRY(typed("PIN", Text::licence_ask_pin));
        }
        return {};
    }
    Done operator()(SetLicenceVerb& verb) const {
        if (verb.request.access_code != kTypedUnseen) {
            return {};
        }
        verb.request.access_code = TRY(typed("CODE", Text::licence_ask_code));
        // Nobody has seen it; from a file or a program it comes once.
        const bool slipped = console_.asks() && TRY(typed("CODE", Text::licence_ask_code_again)) !=
                                                    *verb.request.access_code;
        return slipped ? base::bad_field("CODE", text(language_, Text::licence_codes_differ))
                       : Done();
    }

private:
    /// Without a person at the terminal it is the next line of standard input, and standard output
    /// has the answer alone.
    Result<std::string> typed(std::string_view field, Text prompt) const {
        const auto line = console_.ask(console_.asks() ? text(language_, prompt) : "", true);
        if (!line || line->empty()) {
            return base::bad_field(field, text(language_, Text::licence_nothing_typed));
        }
        return *line;
    }

    Language language_;
    Console& console_;
};

/// Each verb is one overload.
class Licences final {
public:
    Licences(client::Connection& licd, const Invocation& how, const os::Clock& clock,
             Console& console)
        : licd_(licd), how_(how), deadline_(clock.now() + how.timeout), console_(console) {}

    Result<Exit> operator()(const LicenceKeysVerb&) const {
        const auto reply = TRY(ask<contract::LicenceKeysReply>(RequestKind::licence_keys,
                                                               contract::LicencesRequest{}));
        return say(reply, licence_keys_text(language(), reply));
    }
    Result<Exit> operator()(const LicenceConnectionsVerb&) const {
        const auto reply = TRY(all_connections());
        return say(reply, licence_connections_text(language(), reply));
    }
    Result<Exit> operator()(const LoadLicenceVerb& verb) const {
        const auto key = TRY(ask<contract::LicenceKey>(RequestKind::load_licence_file, verb.file));
        return say(key, licence_loaded_text(language(), key));
    }
    Result<Exit> operator()(const ActivateLicenceVerb& verb) const {
        auto reply =
            TRY(ask<contract::ActivateLicenceReply>(RequestKind::activate_licence, verb.request));
        if (verb.save == kStandardOutput) {
            say(reply, reply.text);
            console_.err(how_.json ? "" : licence_request_text(language(), reply, ""));
            return console_.out_failed() ? Exit::failed : Exit::done;
        }
        // It is a name and no path, whatever licd says.
        const std::string name = std::filesystem::path(reply.file).filename().string();
        reply.file = verb.save.empty() ? name : verb.save;
        TRY(os::write_atomically(reply.file, base::bytes_of(reply.text), kRequestMode));
        return say(reply, licence_request_text(language(), reply, reply.file));
    }
    Result<Exit> operator()(const FreeLicencesVerb& verb) const {
        const auto reply =
            TRY(ask<contract::FreeLicencesReply>(RequestKind::free_licences, verb.request));
        return say(reply, licences_freed_text(language(), reply, verb.request.accept_double_use));
    }
    Result<Exit> operator()(const SetLicenceVerb& verb) const {
        const auto key = TRY(ask<contract::LicenceKey>(RequestKind::set_licence_key, verb.request));
        return say(key, licence_key_text(language(), key));
    }
    Result<Exit> operator()(const RemoveLicenceVerb& verb) const {
        const auto left = TRY(ask<contract::LicenceKeysReply>(
            RequestKind::remove_licence_key, contract::LicenceKeyRequest{verb.serial}));
        return say(left, filled(language(), Text::licence_removed, verb.serial));
    }
    Result<Exit> operator()(const LicenceTraitsVerb&) const {
        const auto reply = TRY(ask<contract::LicenceTraitsReply>(RequestKind::licence_traits,
                                                                 contract::LicencesRequest{}));
        return say(reply, licence_traits_text(language(), reply));
    }
    Result<Exit> operator()(const LicenceSettingsVerb& verb) const {
        const auto reply = TRY(only_shows(verb.request)
                                   ? ask<contract::LicenceSettingsReply>(
                                         RequestKind::licence_settings, contract::LicencesRequest{})
                                   : ask<contract::LicenceSettingsReply>(
                                         RequestKind::set_licence_settings, verb.request));
        return say(reply, licence_settings_text(language(), reply, verb.request));
    }
    Result<Exit> operator()(const LicenceActsVerb& verb) const {
        const auto reply =
            TRY(ask<contract::LicenceActsReply>(RequestKind::licence_acts, verb.request));
        return say(reply, licence_acts_text(language(), reply));
    }
    Result<Exit> operator()(const LicenceLogsVerb& verb) const {
        auto logs = TRY(ask<contract::LicenceLogs>(RequestKind::pack_licence_logs,
                                                   contract::LicencesRequest{}));
        if (verb.save == kStandardOutput) {
            console_.out(base::string_of(logs.content));
            return console_.out_failed() ? Exit::failed : Exit::done;
        }
        TRY(os::write_atomically(verb.save, logs.content, kLogsMode));
        logs.file = verb.save;
        logs.content.clear();  // it stands in the file
        return say(logs, filled(language(), Text::licence_logs_saved, verb.save));
    }

private:
    Language language() const { return how_.language; }

    template <class Reply, class Body>
    Result<Reply> ask(RequestKind kind, const Body& body) const {
        const Value answer = TRY(licd_.call(kind, contract::to_value(body), deadline_));
        return contract::from_value<Reply>(answer);
    }

    /// Page after page, each behind the last number of the one before.
    Result<contract::LicenceConnectionsReply> all_connections() const {
        contract::LicenceConnectionsRequest request;
        request.limit = kPage;
        contract::LicenceConnectionsReply all;
        while (true) {
            auto page = TRY(
                ask<contract::LicenceConnectionsReply>(RequestKind::licence_connections, request));
            all.total = page.total;
            for (contract::LicenceConnection& one : page.connections) {
                all.connections.push_back(std::move(one));
            }
            const bool is_last = page.connections.size() < static_cast<std::size_t>(kPage) ||
                                 all.connections.back().number <= request.after;
            if (is_last) {
                return all;
            }
            request.after = all.connections.back().number;
        }
    }

    template <class Body>
    Exit say(const Body& body, const std::string& told) const {
        const Value json = contract::to_value(body, contract::Style::readable);
        console_.out(how_.json ? ipc::to_json(json, kIndent) + "\n" : told);
        return Exit::done;
    }

    client::Connection& licd_;
    const Invocation& how_;
    os::Deadline deadline_;
    Console& console_;
};

Result<Exit> carry_out(client::Connector& connector, LicenceVerb verb, const Invocation& how,
                       const os::Clock& clock, Console& console) {
    TRY(std::visit(Preparation(how.language, console), verb));
    const auto licd = TRY(connector.connect(clock.now() + how.timeout));
    return std::visit(Licences(*licd, how, clock, console), verb);
}

}  // namespace

Exit run_licence_over(client::Connector& connector, const LicenceVerb& verb, const Invocation& how,
                      const os::Clock& clock, Console& console) {
    const auto exit = carry_out(connector, verb, how, clock, console);
    if (exit) {
        return *exit;
    }
    const Error& error = exit.error();
    if (how.json) {
        const Value::Map map{
            {"error", contract::to_value(contract::to_contract(error), contract::Style::readable)}};
        console.out(ipc::to_json(Value(map), kIndent) + "\n");
    }
    console.err(licence_error_text(how.language, error, licd_endpoint(how)));
    return exit_of(error);
}

Exit run_licence(const LicenceVerb& verb, const Invocation& how, const os::Clock& clock,
                 Console& console) {
    const auto connector = client::make_zmq_connector(licd_endpoint(how), clock);
    return run_licence_over(*connector, verb, how, clock, console);
}

}  // namespace tillhost::tillctl
