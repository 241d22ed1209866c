#include "licd/runtime/act_log.h"

#include <fmt/format.h>

#include "hal/base/text.h"

namespace tillhost::licd::runtime {

using contract::from_value;
using contract::RequestKind;

namespace {

// As LicenceAct of the contract has them; characters there, so that bytes always fit.
constexpr std::size_t kWhoBytesMax = 128;
constexpr std::size_t kWhatBytesMax = 500;

std::string told_of(const contract::SetLicenceKeyRequest& request) {
    std::string told = request.serial;
    if (request.enabled) {
        told += *request.enabled ? ", on" : ", off";
    }
    if (request.access_code) {
        told += request.access_code->empty() ? ", no access code" : ", another access code";
    }
    return told;
}

std::string told_of(const contract::SetLicenceSettingsRequest& request) {
    std::string told = request.forget_all ? "defaults restored" : "";
    const auto add = [&told](const std::string& part) {
        told += (told.empty() ? "" : ", ") + part;
    };
    for (const std::string& name : request.forget) {
        add(name + " forgotten");
    }
    for (const contract::LicenceSettingChange& change : request.changes) {
        add(fmt::format("{} = \"{}\"", change.name, change.value));
    }
    return told;
}

std::string told_of(const contract::FreeLicencesRequest& request) {
    return (request.number == 0 ? std::string("all") : fmt::format("licence {}", request.number)) +
           (request.accept_double_use ? ", double use accepted" : "");
}

template <class Body>
std::string told_as(const contract::Request& request) {
    const auto body = from_value<Body>(request.body);
    return body ? told_of(*body) : std::string();
}

template <class Body>
std::string serial_of(const contract::Request& request) {
    const auto body = from_value<Body>(request.body);
    return body ? body->serial : std::string();
}

}  // namespace

std::string told_of(const contract::Request& request) {
    if (request.kind == RequestKind::set_licence_key) {
        return told_as<contract::SetLicenceKeyRequest>(request);
    }
    if (request.kind == RequestKind::set_licence_settings) {
        return told_as<contract::SetLicenceSettingsRequest>(request);
    }
    if (request.kind == RequestKind::free_licences) {
        return told_as<contract::FreeLicencesRequest>(request);
    }
    if (request.kind == RequestKind::remove_licence_key) {
        return serial_of<contract::LicenceKeyRequest>(request);
    }
    return request.kind == RequestKind::activate_licence
               ? serial_of<contract::ActivateLicenceRequest>(request)
               : std::string();
}

std::string outcome_of(const contract::Request& request, const base::Result<contract::Value>& end) {
    if (!end) {
        const bool has_secret = request.kind == RequestKind::activate_licence ||
                                request.kind == RequestKind::set_licence_key;
        return fmt::format("refused: {}", has_secret ? std::string(base::name_of(end.error().code))
                                                     : base::to_text(end.error()));
    }
    if (request.kind == RequestKind::load_licence_file) {
        const auto key = from_value<contract::LicenceKey>(*end);
        return key && !key->serial.empty() ? "loaded: key " + key->serial : "loaded";
    }
    return "done";
}

void ActLog::note(std::string_view who, std::string_view act, std::string_view what) {
    store_.put_act({.at_ms = clock_.unix_ms(),
                    .who = std::string(base::cut_utf8(who, kWhoBytesMax)),
                    .act = std::string(act),
                    .what = std::string(base::cut_utf8(what, kWhatBytesMax))});
}

void ActLog::look_at_keys(const std::vector<contract::LicenceKey>& keys) {
    for (const contract::LicenceKey& key : keys) {
        const std::string name = "key_state:" + key.serial;
        const std::string state(contract::name_of(key.state));
        const std::string before = store_.value(name);
        if (state == before) {
            continue;
        }
        store_.put_value(name, state);
        std::string what = key.serial + ": " + (before.empty() ? "" : before + " -> ") + state;
        if (key.reason != contract::LicenceKeyReason::none) {
            what += fmt::format(" ({})", contract::name_of(key.reason));
        }
        note("licd", "key_state", what);
    }
}

}  // namespace tillhost::licd::runtime
