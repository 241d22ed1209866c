#include "devd/runtime/workstations.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "hal/os/files.h"
#include "ipc/curve_keys.h"

namespace tillhost::devd::runtime {
namespace {

using base::ErrorCode;
using base::make_error;
using contract::WorkstationState;

constexpr unsigned kFileMode = 0600;
constexpr std::size_t kFileBytesMax = 1024 * 1024;

base::Error no_such(const std::string& name) {
    return base::bad_field("name", fmt::format("no workstation '{}' is paired", name));
}

core::Rights rights_from(const Workstation& workstation) {
    return {.role = workstation.role,
            .workstation = workstation.name,
            .devices = workstation.devices,
            .host = workstation.host};
}

}  // namespace

base::Result<std::unique_ptr<Workstations>> Workstations::open(std::string path, LocalRoles local,
                                                               const os::Clock& clock) {
    std::unique_ptr<Workstations> made(new Workstations(std::move(path), std::move(local), clock));
    if (::access(made->path_.c_str(), F_OK) != 0 && errno == ENOENT) {
        return made;
    }
    const base::Bytes bytes = TRY(os::read_file(made->path_, kFileBytesMax));
    auto all = read_workstations(base::string_of(bytes));
    if (!all) {
        return make_error(ErrorCode::config_invalid,
                          fmt::format("{}: {}", made->path_, all.error().detail));
    }
    made->all_ = std::move(*all);
    made->index();
    return made;
}

std::optional<core::Rights> Workstations::rights_of(const ipc::PeerIdentity& identity) const {
    if (!identity.key.empty()) {
        const Workstation* found = of_key(identity.key);
        return found == nullptr ? std::nullopt : std::optional(rights_from(*found));
    }
    if (identity.uid == 0 || (identity.uid >= 0 && identity.uid == local_.own_uid)) {
        return core::Rights{.role = contract::Role::administrator};
    }
    const auto named = local_.users.find(identity.uid);
    return core::Rights{.role = named == local_.users.end() ? local_.role : named->second};
}

bool Workstations::has_many_programs(std::string_view key) const {
    const Workstation* one = of_key(key);
    return one != nullptr && one->host;
}

ipc::Admission::Verdict Workstations::admits(std::string_view key, std::string_view /*address*/) {
    const bool open = door_is_open_ && door_is_open_();
    return of_key(key) != nullptr || open ? Verdict::admitted : Verdict::unknown;
}

const Workstation* Workstations::of_key(std::string_view key) const {
    const auto found = names_.find(key);
    return found == names_.end() ? nullptr : &all_.at(found->second);
}

base::Result<Workstation> Workstations::known(const std::string& name) const {
    const auto found = all_.find(name);
    if (found == all_.end() || found->second.state == WorkstationState::revoked) {
        return no_such(name);
    }
    return found->second;
}

base::Done Workstations::may_add(const std::string& name) const {
    if (!is_workstation_name(name)) {
        return base::bad_field("name", "a-z, 0-9, - and _, at most 32 of them");
    }
    const auto found = all_.find(name);
    if (found != all_.end() && found->second.state != WorkstationState::revoked) {
        return make_error(ErrorCode::conflict,
                          fmt::format("name: '{}' is paired already; revoke it first", name));
    }
    if (found == all_.end() && all_.size() >= kWorkstationsMax) {
        return make_error(ErrorCode::retry_later,
                          fmt::format("{} workstations at most", kWorkstationsMax));
    }
    return {};
}

/// On disk first.
base::Done Workstations::take(std::map<std::string, Workstation> all) {
    TRY(os::write_atomically(path_, base::bytes_of(workstations_text(all)), kFileMode));
    all_ = std::move(all);
    index();
    return {};
}

void Workstations::index() {
    names_.clear();
    for (const auto& [name, workstation] : all_) {
        if (workstation.state == WorkstationState::revoked) {
            continue;
        }
        names_.emplace(workstation.key, name);
        if (!workstation.next_key.empty()) {
            names_.emplace(workstation.next_key, name);
        }
    }
}

base::Done Workstations::add(Workstation workstation) {
    TRY(may_add(workstation.name));
    workstation.paired_at_ms = clock_.unix_ms();
    auto all = all_;
    all.insert_or_assign(workstation.name, workstation);
    return take(std::move(all));
}

base::Result<Workstation> Workstations::change(const std::string& name, contract::Role role,
                                               std::vector<std::string> devices) {
    Workstation next = TRY(known(name));
    next.role = role;
    next.devices = std::move(devices);
    auto all = all_;
    all.at(name) = next;
    TRY(take(std::move(all)));
    return next;
}

base::Result<Workstation> Workstations::revoke(const std::string& name) {
    auto all = all_;
    const auto found = all.find(name);
    if (found == all.end()) {
        return no_such(name);
    }
    found->second.state = WorkstationState::revoked;
    Workstation revoked = found->second;
    TRY(take(std::move(all)));
    return revoked;
}

base::Result<Workstation> Workstations::roll(std::string_view key, const std::string& next) {
    const Workstation* present = of_key(key);
    if (present == nullptr) {
        return make_error(ErrorCode::not_paired, "");
    }
    if (!ipc::is_key(next)) {
        return base::bad_field("key", "40 characters of Z85");
    }
    Workstation rolling = *present;
    const Workstation* taken = of_key(next);
    if (rolling.key == next || (taken != nullptr && taken->name != rolling.name)) {
        return make_error(ErrorCode::conflict, "key: it is in use already");
    }
    rolling.next_key = next;
    rolling.state = WorkstationState::rolling;
    auto all = all_;
    all.at(rolling.name) = rolling;
    TRY(take(std::move(all)));
    return rolling;
}

base::Result<std::string> Workstations::seen(const ipc::PeerIdentity& identity) {
    const auto found = names_.find(identity.key);
    if (identity.key.empty() || found == names_.end()) {
        return std::string();
    }
    const std::string name = found->second;
    Workstation& workstation = all_.at(name);
    workstation.address = identity.address;
    workstation.last_seen_ms = clock_.unix_ms();
    if (identity.key != workstation.next_key) {
        return std::string();
    }
    auto all = all_;
    Workstation& next = all.at(name);
    std::string former = std::exchange(next.key, std::exchange(next.next_key, ""));
    next.state = WorkstationState::paired;
    TRY(take(std::move(all)));
    return former;
}

bool is_workstation_name(std::string_view name) {
    constexpr std::size_t kNameBytesMax = 32;
    return !name.empty() && name.size() <= kNameBytesMax &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
           });
}

}  // namespace tillhost::devd::runtime
