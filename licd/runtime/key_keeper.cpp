#include "licd/runtime/key_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/os/files.h"
#include "licd/keys/base64.h"
#include "licd/keys/instant.h"
#include "licd/wire/lease_text.h"

namespace tillhost::licd::runtime {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using State = contract::LicenceKeyState;
using Reason = contract::LicenceKeyReason;

namespace {

constexpr const char* kClockValue = "clock";
constexpr os::Duration kLookEvery = std::chrono::minutes(1);

std::string text_of(base::ByteView bytes) { return base::string_of(bytes); }

Result<std::string> read_text(const std::string& path) {
    return text_of(TRY(os::read_file(path, keys::kFileBytesMax)));
}

core::Terms terms_of(const std::string& serial, const keys::LicenceLine& line, bool has_code) {
    core::Terms terms;
    terms.key = serial;
    terms.licence = line.name;
    terms.counting = line.type == keys::CountType::counted ? contract::LicenceCounting::counted
                                                           : contract::LicenceCounting::uncounted;
    terms.count = line.count;
    terms.mode = line.mode == keys::SeatMode::station ? contract::SeatMode::station
                                                      : contract::SeatMode::instance;
    terms.grace_ms = std::min(line.offline_ok_s, wire::kLeaseSecondsMax) * 1000;
    terms.has_code = has_code;
    return terms;
}

const keys::LicenceLine* line_of(const keys::KeyFile& file, const std::string& name) {
    for (const keys::LicenceLine& line : file.content.lines) {
        if (line.name == name) {
            return &line;
        }
    }
    return nullptr;
}

}  // namespace

Result<std::vector<VendorRoot>> read_roots(const std::string& folder) {
    std::vector<VendorRoot> roots;
    for (const char* ending : {".crt", ".pem"}) {
        const auto names = os::list_files(folder, ending);
        if (!names) {
            return roots;  // there is no such folder yet
        }
        for (const std::string& name : *names) {
            const auto certificate = os::certificate_from_pem(TRY(read_text(folder + "/" + name)));
            if (!certificate) {
                return base::bad_field("roots/" + name,
                                       "a vendor's root certificate of licences, in PEM");
            }
            roots.push_back({name, *certificate});
        }
    }
    return roots;
}

KeyKeeper::KeyKeeper(KeyKeeperParts parts)
    : parts_(std::move(parts)),
      guard_(keys::ClockState::read(parts_.store.value(kClockValue)).value_or(keys::ClockState()),
             parts_.clock.unix_ms() / 1000) {}

Result<std::unique_ptr<KeyKeeper>> KeyKeeper::open(KeyKeeperParts parts) {
    std::unique_ptr<KeyKeeper> keeper(new KeyKeeper(std::move(parts)));
    TRY(keeper->read());
    return keeper;
}

Done KeyKeeper::read() {
    traits_ = machine();
    TRY(os::make_folder(parts_.folder + "/keys", 0750));
    read_lists();
    for (const std::string& name : TRY(os::list_files(parts_.folder + "/keys", ".dongle"))) {
        if (const auto good = read_key_file(name); !good) {
            parts_.logger.error("a key is not used",
                                {{"file", name}, {"why", base::to_text(good.error())}});
        }
    }
    look();
    return {};
}

void KeyKeeper::read_lists() {
    lists_.resize(parts_.roots.size());
    for (std::size_t i = 0; i < lists_.size(); ++i) {
        read_list(i);
    }
}

/// A list that was loaded once has to be there: whoever takes it away would bring back what it
/// revokes.
void KeyKeeper::read_list(std::size_t root) {
    const os::Certificate& certificate = parts_.roots[root].certificate;
    const std::int64_t known =
        std::strtoll(parts_.store.value("list:" + certificate.key_id()).c_str(), nullptr, 10);
    const std::string path = parts_.folder + "/keys/" + certificate.key_id() + ".lrev";
    const auto text = read_text(path);
    auto list =
        text ? keys::read_revocations(*text, certificate) : Result<keys::Revocations>(text.error());
    if (list && list->number >= known) {
        lists_[root].list = std::move(*list);
    } else if (known > 0) {
        lists_[root].fault = fmt::format(
            "the vendor's list of revocations {} was loaded here and is not whole any more: load "
            "it again",
            known);
        parts_.logger.error("a list of revocations is missed",
                            {{"file", path}, {"number", std::to_string(known)}});
    }
}

Done KeyKeeper::read_key_file(const std::string& name) {
    const std::string text = TRY(read_text(parts_.folder + "/keys/" + name));
    auto [file, root] = TRY(verified(text));
    const std::string& serial = file.content.serial;
    if (keys_.contains(serial)) {
        return make_error(ErrorCode::key_foreign,
                          fmt::format("the key {} stands in another file too", serial));
    }
    if (file.content.revision < newest_revision(serial)) {
        return make_error(ErrorCode::key_foreign,
                          fmt::format("revision {} of the key {} was loaded before, this is {}",
                                      newest_revision(serial), serial, file.content.revision));
    }
    adopt(std::move(file), root);
    return {};
}

/// By the first root that it leads to; else why the last one refuses it.
Result<std::pair<keys::KeyFile, std::size_t>> KeyKeeper::verified(const std::string& text) const {
    base::Error why = make_error(ErrorCode::not_permitted,
                                 "no vendor's root certificate is in roots/ of the configuration: "
                                 "put it there and restart licd");
    for (std::size_t i = 0; i < parts_.roots.size(); ++i) {
        auto file = keys::read_key(text, parts_.roots[i].certificate);
        if (file) {
            return std::pair(std::move(*file), i);
        }
        why = file.error();
    }
    return why;
}

void KeyKeeper::adopt(keys::KeyFile file, std::size_t root) {
    const std::string serial = file.content.serial;
    Key& key = keys_[serial];
    key.file = std::move(file);
    key.root = root;
    key.proofs.clear();
    if (!key.file.content.token) {
        for (const keys::LicenceLine& line : key.file.content.lines) {
            key.proofs.emplace(line.name, make_proof(key, line.name));
        }
    }
    key.row.serial = serial;
    for (const KeyRow& row : parts_.store.keys()) {
        if (row.serial == serial && key.row == KeyRow{.serial = serial}) {
            key.row = row;
        }
    }
    if (!key.row.code_key.empty()) {
        if (const auto bytes = keys::from_base64(key.row.code_key)) {
            if (auto code = wire::CodeKey::from_bytes(*bytes)) {
                key.code = std::move(*code);
            }
        }
    }
    if (!key.row.request.empty()) {
        if (const auto request = keys::read_request(key.row.request)) {
            key.request = request->content;
        }
    }
    if (check_not_of_the_future(key.file.content.issued_s)) {
        guard_.prove_at_least(key.file.content.issued_s);
    }
    if (key.file.content.token) {
        recall_dongle(key);
        wish_for_dongles();
    }
    judge(key);
}

/// A vendor's clock that is years ahead would end every licence with a date.
Done KeyKeeper::check_not_of_the_future(std::int64_t issued_s) const {
    if (issued_s <= parts_.clock.unix_ms() / 1000 + keys::kDayS) {
        return {};
    }
    return make_error(
        ErrorCode::clock_suspect,
        fmt::format("the file was issued on {}, and here it is {}: one of the two "
                    "clocks is wrong",
                    keys::day_to_text(issued_s), keys::day_to_text(parts_.clock.unix_ms() / 1000)));
}

// --- whether a key may be used

std::int64_t KeyKeeper::now_s() const {
    return std::max(parts_.clock.unix_ms() / 1000, guard_.state().floor_s);
}

void KeyKeeper::look() {
    const os::Instant now = parts_.clock.now();
    if (looked_at_ && now - *looked_at_ < kLookEvery) {
        return;
    }
    const std::int64_t elapsed_s =
        looked_at_ ? std::chrono::duration_cast<std::chrono::seconds>(now - *looked_at_).count()
                   : 0;
    looked_at_ = now;
    guard_.step(parts_.clock.unix_ms() / 1000, elapsed_s);
    parts_.store.put_value(kClockValue, guard_.state().text());
    traits_ = machine();
    spend_grace(elapsed_s);
    for (auto& [serial, key] : keys_) {
        judge(key);
    }
}

void KeyKeeper::refuse(Key& key, State state, Reason reason, base::Error why) {
    key.state = state;
    key.reason = reason;
    key.left_s = 0;
    key.text = why.detail;
    key.usable = std::move(why);
}

void KeyKeeper::judge(Key& key) {
    const keys::KeyContent& content = key.file.content;
    key.terms.clear();
    for (const keys::LicenceLine& line : content.lines) {
        key.terms.push_back(terms_of(content.serial, line, key.code.has_value()));
    }
    key.usable = Done();
    key.grantable = Done();
    key.text.clear();
    key.reason = Reason::none;
    key.left_s = 0;
    key.device.clear();
    key.score = 0;
    const std::int64_t now = now_s();
    const List& list = lists_.at(key.root);
    if (!list.fault.empty()) {
        refuse(key, State::blocked, Reason::list_missing,
               make_error(ErrorCode::key_off, list.fault));
        return;
    }
    if (list.list) {
        if (const auto good = keys::check_not_revoked(key.file, *list.list, now); !good) {
            refuse(key, State::revoked, Reason::revoked, good.error());
            return;
        }
    }
    if (content.token) {
        judge_dongle(key);
    } else if (content.activation) {
        judge_machine(key);
    } else {
        refuse(key, State::unbound, key.request ? Reason::answer_missing : Reason::not_activated,
               make_error(ErrorCode::key_off,
                          key.request ? "the vendor's answer to its request is not loaded yet"
                                      : "the key is not activated: tillctl licence activate"));
        return;
    }
    const bool over =
        std::all_of(content.lines.begin(), content.lines.end(), [&](const keys::LicenceLine& line) {
            return line.until_s && guard_.is_past(*line.until_s);
        });
    if (key.usable && over && !content.lines.empty()) {
        refuse(key, State::expired, Reason::expired,
               make_error(ErrorCode::licence_expired, "every licence of the key is past its day"));
    } else if (key.usable && key.grantable && guard_.condition() >= keys::ClockCondition::suspect) {
        key.state = State::clock_suspect;
        key.reason = Reason::clock_wrong;
        key.text = guard_.told();
    }
}

void KeyKeeper::judge_machine(Key& key) {
    const std::string& serial = key.file.content.serial;
    auto verdict = keys::check_bound_here(key.file, traits_, parts_.identity.public_key());
    if (verdict) {
        key.score = verdict->score;
        key.state = verdict->clean ? State::active : State::degraded;
        key.text = verdict->clean ? "" : verdict->told();
        key.reason = verdict->clean ? Reason::none : Reason::machine_changed;
        end_grace(serial);
        return;
    }
    const bool other_server = key.file.content.activation->server != parts_.identity.public_key();
    const bool strict =
        key.file.content.policy.strictness == keys::Strictness::strict || other_server;
    const std::int64_t left = kUnboundGraceS - grace_used_s(serial);
    if (strict || left <= 0) {
        refuse(key, State::blocked, other_server ? Reason::other_server : Reason::machine_changed,
               verdict.error());
        return;
    }
    key.state = State::grace;
    key.reason = Reason::machine_changed;
    key.left_s = left;
    key.text = fmt::format("{}; it works for {} hours more: activate it with another PIN",
                           verdict.error().detail, (left + 3599) / 3600);
}

/// Running time, so that no clock stretches it; kept over restarts.
std::int64_t KeyKeeper::grace_used_s(const std::string& serial) const {
    return std::strtoll(parts_.store.value("grace:" + serial).c_str(), nullptr, 10);
}

void KeyKeeper::spend_grace(std::int64_t elapsed_s) {
    for (const auto& [serial, key] : keys_) {
        if (key.state == State::grace && !key.file.content.token) {
            parts_.store.put_value("grace:" + serial,
                                   std::to_string(grace_used_s(serial) + elapsed_s));
        }
    }
}

void KeyKeeper::end_grace(const std::string& serial) {
    if (!parts_.store.value("grace:" + serial).empty()) {
        parts_.store.put_value("grace:" + serial, "");
    }
}

// --- for leases

std::vector<const core::Terms*> KeyKeeper::licences(std::string_view name) const {
    std::vector<const core::Terms*> found;
    for (const auto& [serial, key] : keys_) {
        for (const core::Terms& terms : key.terms) {
            if (terms.licence == name) {
                found.push_back(&terms);
            }
        }
    }
    return found;
}

const KeyKeeper::Key* KeyKeeper::find_key(const std::string& serial) const {
    const auto found = keys_.find(serial);
    return found == keys_.end() ? nullptr : &found->second;
}

const core::Terms* KeyKeeper::find(const std::string& serial, const std::string& licence) const {
    const Key* key = find_key(serial);
    if (key == nullptr) {
        return nullptr;
    }
    const auto found = std::find_if(key->terms.begin(), key->terms.end(),
                                    [&](const auto& terms) { return terms.licence == licence; });
    return found == key->terms.end() ? nullptr : &*found;
}

Done KeyKeeper::gives(const core::Terms& terms, std::string_view program_version) const {
    TRY(renews(terms, program_version));
    return find_key(terms.key)->grantable;
}

Done KeyKeeper::renews(const core::Terms& terms, std::string_view program_version) const {
    const Key* key = find_key(terms.key);
    if (key == nullptr || !key->row.enabled) {
        return make_error(ErrorCode::key_off, fmt::format("the key {} is switched off", terms.key));
    }
    if (!key->usable) {
        return key->usable.error();
    }
    return check_line(*key, terms, program_version);
}

Done KeyKeeper::check_line(const Key& key, const core::Terms& terms,
                           std::string_view program_version) const {
    const keys::LicenceLine* line = line_of(key.file, terms.licence);
    if (line->until_s && guard_.is_past(*line->until_s)) {
        return make_error(ErrorCode::licence_expired,
                          fmt::format("'{}' of key {} ended on {}", terms.licence, terms.key,
                                      keys::day_to_text(*line->until_s - 1)));
    }
    if (line->until_s && guard_.condition() == keys::ClockCondition::stopped) {
        return make_error(ErrorCode::clock_suspect, guard_.told());
    }
    if (line->versions.text.empty()) {
        return {};
    }
    const auto version = keys::Version::read(program_version);
    if (!version || !line->versions.contains(*version)) {
        return make_error(ErrorCode::not_supported,
                          fmt::format("'{}' is for versions {} of the program, not '{}'",
                                      terms.licence, line->versions.text, program_version));
    }
    return {};
}

bool KeyKeeper::knows_code(const std::string& serial, base::ByteView nonce,
                           base::ByteView proof) const {
    const Key* key = find_key(serial);
    return key != nullptr && key->code && key->code->is_proved_by(proof, nonce);
}

contract::LicenceProof KeyKeeper::proof(const core::Terms& terms) const {
    const Key* key = find_key(terms.key);
    const auto made = key->proofs.find(terms.licence);
    return made != key->proofs.end() ? made->second : make_proof(*key, terms.licence);
}

contract::LicenceProof KeyKeeper::make_proof(const Key& key, const std::string& licence) const {
    contract::LicenceProof proof;
    const std::string word =
        key.file.content.token ? parts_.dongles.of(key.file.content.serial).word : std::string();
    const auto parts = keys::proof_of(key.file, licence, word);
    if (!parts) {
        return proof;  // such a key gives nothing, so that nobody gets here with one
    }
    for (const os::Certificate& certificate : key.file.chain) {
        proof.issuers.push_back(certificate.der());
    }
    proof.file_id = parts->file_id;
    proof.issued = keys::instant_to_text(key.file.content.issued_s);
    proof.seal = parts->seal;
    proof.line = parts->licence;
    return proof;
}

contract::SignedLicenceLease KeyKeeper::sign(const core::LeaseFacts& facts) const {
    const wire::LeaseText lease{.number = static_cast<std::int64_t>(facts.number),
                                .licence = facts.licence,
                                .key = facts.key,
                                .seat = facts.seat,
                                .generation = static_cast<std::int64_t>(facts.generation),
                                .instance = facts.instance,
                                .request = facts.request_id,
                                .renewal = facts.renewal,
                                .time_s = facts.time_ms / 1000,
                                .grace_s = facts.grace_ms / 1000};
    contract::SignedLicenceLease out;
    // What does not fit was refused where it came in.
    out.text = lease.text().value_or("");
    out.signature = parts_.identity.sign(std::as_bytes(std::span(out.text)));
    if (is_dongle(facts.key)) {
        parts_.dongles.in_use(facts.key,
                              parts_.clock.now() + std::chrono::milliseconds(facts.time_ms));
    }
    return out;
}

}  // namespace tillhost::licd::runtime
