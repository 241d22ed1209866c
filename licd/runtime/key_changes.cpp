// What an administrator does with keys; the rest of KeyKeeper stands in key_keeper.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "hal/os/files.h"
#include "licd/keys/base64.h"
#include "licd/keys/instant.h"
#include "licd/runtime/key_keeper.h"

namespace tillhost::licd::runtime {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

namespace {

/// An answer that is loaded within so long shows that the clock is right.
constexpr std::int64_t kFreshS = 24 * 3600;

std::string hex(base::ByteView bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        text += fmt::format("{:02x}", base::to_unsigned(byte));
    }
    return text;
}

contract::LicenceLine told_line(const keys::LicenceLine& line) {
    contract::LicenceLine told;
    told.name = line.name;
    told.counting = line.type == keys::CountType::counted ? contract::LicenceCounting::counted
                                                          : contract::LicenceCounting::uncounted;
    told.count = line.count;
    told.mode = line.mode == keys::SeatMode::station ? contract::SeatMode::station
                                                     : contract::SeatMode::instance;
    told.until = line.until_s ? keys::day_to_text(*line.until_s - 1) : "";
    told.versions = line.versions.text;
    return told;
}

Done write_text(const std::string& path, const std::string& text) {
    return os::write_atomically(path, std::as_bytes(std::span(text)), 0640);
}

}  // namespace

contract::LicenceKey KeyKeeper::told(const Key& key) const {
    const keys::KeyContent& content = key.file.content;
    contract::LicenceKey told;
    told.serial = content.serial;
    told.product = content.product;
    told.kind = content.kind == keys::KeyKind::token ? contract::LicenceKeyKind::token
                                                     : contract::LicenceKeyKind::software;
    told.state = key.state;
    told.text = key.text.substr(0, 500);
    told.reason = key.reason;
    told.left_s = key.left_s;
    told.device = key.device;
    told.enabled = key.row.enabled;
    told.has_code = key.code.has_value();
    told.score = key.score;
    told.revision = content.revision;
    told.pins_left = static_cast<std::int64_t>(content.slots.size()) -
                     (content.activation && !content.slots.empty() ? 1 : 0);
    for (const keys::LicenceLine& line : content.lines) {
        told.lines.push_back(told_line(line));
    }
    return told;
}

std::vector<contract::LicenceKey> KeyKeeper::all() const {
    std::vector<contract::LicenceKey> keys;
    for (const auto& [serial, key] : keys_) {
        if (key.file.content.token) {
            parts_.dongles.in_use(serial, parts_.clock.now() + kShown);
        }
        keys.push_back(told(key));
    }
    return keys;
}

Result<contract::LicenceKey> KeyKeeper::told(const std::string& serial) const {
    const Key* key = find_key(serial);
    if (key == nullptr) {
        return make_error(ErrorCode::licence_unknown,
                          fmt::format("serial: there is no key {}", serial));
    }
    return told(*key);
}

Result<KeyKeeper::Key*> KeyKeeper::key_of(const std::string& serial) {
    const auto found = keys_.find(serial);
    if (found == keys_.end()) {
        return make_error(ErrorCode::licence_unknown,
                          fmt::format("serial: there is no key {}", serial));
    }
    return &found->second;
}

Result<contract::LicenceKey> KeyKeeper::load(const std::string& text) {
    if (text.find("-----LICD REVOCATIONS ") != std::string::npos) {
        return take_list(text);
    }
    if (text.find("-----LICD REQUEST ") != std::string::npos) {
        return make_error(ErrorCode::key_foreign,
                          "it is a request, which goes to the vendor: load the answer (.lact) that "
                          "comes back");
    }
    auto [file, root] = TRY(verified(text));
    TRY(check_not_of_the_future(file.content.issued_s));
    if (lists_.at(root).list) {
        TRY(keys::check_not_revoked(file, *lists_.at(root).list, now_s()));
    }
    return file.content.activation ? answer(std::move(file), root) : install(std::move(file), root);
}

Result<contract::LicenceKey> KeyKeeper::install(keys::KeyFile file, std::size_t root) {
    const auto found = keys_.find(file.content.serial);
    if (found == keys_.end() && keys_.size() >= kKeysMax) {
        return make_error(ErrorCode::retry_later,
                          fmt::format("{} keys are installed, more are not taken", kKeysMax));
    }
    if (found != keys_.end() && found->second.file.content.activation) {
        return make_error(ErrorCode::wrong_state,
                          "the key is activated already: load the vendor's answer, not the key");
    }
    if (found != keys_.end() && found->second.file.content.revision > file.content.revision) {
        return make_error(ErrorCode::key_foreign, "a newer revision of this key is installed");
    }
    TRY(keep(file));
    const std::string serial = file.content.serial;
    adopt(std::move(file), root);
    return told(serial);
}

Result<contract::LicenceKey> KeyKeeper::answer(keys::KeyFile file, std::size_t root) {
    const std::string serial = file.content.serial;
    const auto found = keys_.find(serial);
    if (found != keys_.end() && file.text == found->second.file.text) {
        return told(found->second);  // the same once more
    }
    if (found == keys_.end() || !found->second.request ||
        found->second.request->id != file.content.activation->request_id) {
        return put_back(std::move(file), root);  // not the answer to what is open
    }
    Key& key = found->second;
    // Lists were looked at before.
    const keys::KeyFile bound =
        TRY(keys::apply_answer(*key.request, key.file, file.text, traits_,
                               parts_.roots.at(root).certificate, keys::Revocations(), now_s()));
    TRY(keep(bound));
    key.row.request.clear();
    key.request.reset();
    parts_.store.put_key(key.row);
    end_grace(serial);
    const std::int64_t wall_s = parts_.clock.unix_ms() / 1000;
    if (std::abs(wall_s - bound.content.issued_s) <= kFreshS) {
        guard_.prove_now(bound.content.issued_s);  // the vendor's clock and this one agree
    }
    adopt(bound, root);
    parts_.logger.notice("a key is activated", {{"serial", serial}});
    return told(serial);
}

/// An answer for this server and this machine that was taken before: of a key that was taken away.
Result<contract::LicenceKey> KeyKeeper::put_back(keys::KeyFile file, std::size_t root) {
    const std::string serial = file.content.serial;
    const auto here = keys::check_bound_here(file, traits_, parts_.identity.public_key());
    if (!here) {
        const Key* const known = find_key(serial);
        const bool waits = known != nullptr && known->request;
        return make_error(
            ErrorCode::key_foreign,
            fmt::format("{}, and it is not of this server and machine: {}",
                        waits ? "it answers another request than the one that is open "
                                "here: send the vendor the newest .lreq of this server"
                              : "no request for this key is open here",
                        here.error().detail));
    }
    if (keys_.size() >= kKeysMax && !keys_.contains(serial)) {
        return make_error(ErrorCode::retry_later,
                          fmt::format("{} keys are installed, more are not taken", kKeysMax));
    }
    const std::int64_t newest = newest_revision(serial);
    if (file.content.revision < newest) {
        return make_error(ErrorCode::key_foreign,
                          fmt::format("revision {} of this key was loaded before, this is {}",
                                      newest, file.content.revision));
    }
    TRY(keep(file));
    adopt(std::move(file), root);
    parts_.logger.notice("a key was put back", {{"serial", serial}});
    return told(serial);
}

Result<contract::LicenceKey> KeyKeeper::take_list(const std::string& text) {
    base::Error why = make_error(ErrorCode::not_permitted,
                                 "no vendor's root certificate is in roots/ of the configuration: "
                                 "put it there and restart licd");
    for (std::size_t i = 0; i < parts_.roots.size(); ++i) {
        auto fresh = keys::read_revocations(text, parts_.roots[i].certificate);
        if (fresh) {
            return take_list(std::move(*fresh), i);
        }
        why = fresh.error();
    }
    return why;
}

/// A vendor has one list; a newer one takes its place.
Result<contract::LicenceKey> KeyKeeper::take_list(keys::Revocations fresh, std::size_t root) {
    List& here = lists_.at(root);
    const std::string id = parts_.roots[root].certificate.key_id();
    TRY(check_not_of_the_future(fresh.issued_s));
    if (here.list) {
        TRY(keys::check_newer(*here.list, fresh));
    }
    if (fresh.number < std::strtoll(parts_.store.value("list:" + id).c_str(), nullptr, 10)) {
        return make_error(ErrorCode::key_foreign, "a newer list of this vendor was loaded here");
    }
    TRY(write_text(parts_.folder + "/keys/" + id + ".lrev", fresh.text));
    parts_.store.put_value("list:" + id, std::to_string(fresh.number));
    guard_.prove_at_least(fresh.issued_s);
    contract::LicenceKey about;  // no key: what was taken
    about.kind = contract::LicenceKeyKind::software;
    about.state = contract::LicenceKeyState::active;
    about.text = fmt::format("list of revocations {}", fresh.number);
    about.enabled = true;
    here = {.list = std::move(fresh)};
    for (auto& [serial, key] : keys_) {
        judge(key);
    }
    return about;
}

/// Of this key's files ever kept here; it only grows.
std::int64_t KeyKeeper::newest_revision(const std::string& serial) const {
    return std::strtoll(parts_.store.value("revision:" + serial).c_str(), nullptr, 10);
}

Done KeyKeeper::keep(const keys::KeyFile& file) {
    const std::string& serial = file.content.serial;
    if (file.content.revision > newest_revision(serial)) {
        parts_.store.put_value("revision:" + serial, std::to_string(file.content.revision));
    }
    return write_text(parts_.folder + "/keys/" + file.content.serial + ".dongle", file.text);
}

Done KeyKeeper::remove(const std::string& serial) {
    TRY(key_of(serial));
    TRY(os::remove_file(parts_.folder + "/keys/" + serial + ".dongle"));
    keys_.erase(serial);
    wish_for_dongles();
    parts_.logger.notice("a key was taken away", {{"serial", serial}});
    return {};
}

Done KeyKeeper::set(const contract::SetLicenceKeyRequest& request) {
    Key* const key = TRY(key_of(request.serial));
    if (request.access_code && request.access_code->empty()) {
        key->code.reset();
        key->row.code_key.clear();
    } else if (request.access_code) {
        key->code = TRY(wire::CodeKey::derive(*request.access_code, parts_.code_salt));
        key->row.code_key = keys::to_base64(key->code->reveal());
    }
    key->row.enabled = request.enabled.value_or(key->row.enabled);
    parts_.store.put_key(key->row);
    judge(*key);
    return {};
}

Result<contract::ActivateLicenceReply> KeyKeeper::activate(
    const contract::ActivateLicenceRequest& request) {
    Key* const key = TRY(key_of(request.serial));
    const keys::KeyContent& content = key->file.content;
    if (content.token) {
        return make_error(ErrorCode::wrong_state,
                          "the key is of a dongle and needs no activation: plug the dongle in");
    }
    const keys::Pin pin = TRY(keys::Pin::read(request.pin));
    const int slot = TRY(keys::slot_of(key->file, pin));
    const keys::TraitDigests digests = keys::digests_of(content.serial, traits_);
    TRY(keys::check_strong_enough(content.policy, digests, traits_));
    keys::RequestContent made;
    made.id = hex(parts_.random(16));
    made.serial = content.serial;
    made.key_id = content.id;
    made.revision = content.revision;
    made.slot = slot;
    made.made_s = parts_.clock.unix_ms() / 1000;
    made.software = parts_.software;
    made.nonce = hex(parts_.random(16));
    made.traits = digests;
    made.server = parts_.identity.public_key();
    contract::ActivateLicenceReply reply;
    reply.text = TRY(keys::write_request(made, pin.key_for(content.serial, slot), parts_.identity));
    reply.file = content.serial + ".lreq";
    key->row.request = reply.text;
    key->request = std::move(made);
    parts_.store.put_key(key->row);
    judge(*key);
    return reply;
}

contract::LicenceTraitsReply KeyKeeper::traits() const {
    contract::LicenceTraitsReply reply;
    for (const keys::Trait& trait : traits_) {
        contract::MachineTrait told;
        told.kind = std::string(keys::name_of(trait.kind));
        told.weight = trait.values.empty() ? 0 : keys::weight_of(trait.kind);
        told.weak = trait.weak.substr(0, 200);
        const auto digests = keys::digests_of("traits", {trait});
        if (const auto found = digests.find(trait.kind); found != digests.end()) {
            told.values = found->second;
        }
        reply.strength += told.weight;
        reply.traits.push_back(std::move(told));
    }
    return reply;
}

}  // namespace tillhost::licd::runtime
