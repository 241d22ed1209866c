#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devd/core/access.h"
#include "hal/os/clock.h"
#include "ipc/zmq_socket.h"

namespace tillhost::devd::runtime {

inline constexpr std::size_t kWorkstationsMax = 256;

/// What the users of this machine may. root and devd's own user are administrators.
struct LocalRoles {
    contract::Role role = contract::Role::operator_;  ///< of whoever is not named
    std::map<std::int64_t, contract::Role> users{};   ///< by uid
    std::int64_t own_uid = -1;
};

/// One machine that was paired.
struct Workstation {
    std::string name;
    contract::Role role = contract::Role::cashier;
    std::vector<std::string> devices{};  ///< empty = all
    bool host = false;
    contract::WorkstationState state = contract::WorkstationState::paired;
    std::string key{};       ///< public, Z85
    std::string next_key{};  ///< empty unless it is rolling
    std::int64_t paired_at_ms = 0;

    // What is not kept in the file.
    std::string address{};
    std::int64_t last_seen_ms = 0;
};

/// Who may come in by the network, and who may what. Kept in one file (docs/formats/
/// workstations.md), which is written before anybody is told: what was answered is true after a
/// power cut. The writing blocks for two syncs, a few times in a shop's life.
class Workstations final : public core::AccessPort, public ipc::Admission {
public:
    /// Nobody, and nothing that could be written: for a host that is on no network.
    Workstations(LocalRoles local, const os::Clock& clock)
        : Workstations("", std::move(local), clock) {}
    /// Reads the file; one that is not there holds none. Errors: config_invalid, system_failed.
    static base::Result<std::unique_ptr<Workstations>> open(std::string path, LocalRoles local,
                                                            const os::Clock& clock);

    std::optional<core::Rights> rights_of(const ipc::PeerIdentity& identity) const override;
    /// A known key; an unknown one while the door is open.
    Verdict admits(std::string_view key, std::string_view address) override;
    bool has_many_programs(std::string_view key) const override;
    /// Whether strangers are let in to pair. Before the endpoint is served.
    void set_door(std::function<bool()> is_open) { door_is_open_ = std::move(is_open); }

    /// By name.
    const std::map<std::string, Workstation>& all() const { return all_; }
    /// One that is not revoked. Errors: bad_field(name).
    base::Result<Workstation> known(const std::string& name) const;
    const Workstation* of_key(std::string_view key) const;
    /// Errors: bad_field(name) (not a-z, 0-9, - and _; at most 32), conflict (the name is taken and
    /// not revoked), retry_later (kWorkstationsMax).
    base::Done may_add(const std::string& name) const;

    // Errors of all that follow: those of the file, system_failed and storage_full; then nothing
    // has changed.

    /// In place of a revoked one of that name. Errors: those of may_add().
    base::Done add(Workstation workstation);
    /// Errors: bad_field(name).
    base::Result<Workstation> change(const std::string& name, contract::Role role,
                                     std::vector<std::string> devices);
    /// Again is fine. Errors: bad_field(name).
    base::Result<Workstation> revoke(const std::string& name);
    /// Gives it a second key. Errors: not_paired, bad_field(key), conflict (another has that key).
    base::Result<Workstation> roll(std::string_view key, const std::string& next);
    /// A request came under this key. The key that this one has replaced, which is let in no more;
    /// empty if none.
    base::Result<std::string> seen(const ipc::PeerIdentity& identity);

private:
    Workstations(std::string path, LocalRoles local, const os::Clock& clock)
        : path_(std::move(path)), local_(std::move(local)), clock_(clock) {}
    base::Done take(std::map<std::string, Workstation> all);
    void index();

    std::string path_;
    LocalRoles local_;
    const os::Clock& clock_;
    std::function<bool()> door_is_open_;
    std::map<std::string, Workstation> all_;
    std::map<std::string, std::string, std::less<>> names_;  ///< by key, of those let in
};

/// The file's text, and what it says. Errors: config_invalid, naming the line or the workstation.
std::string workstations_text(const std::map<std::string, Workstation>& all);
base::Result<std::map<std::string, Workstation>> read_workstations(std::string_view text);

/// a-z, 0-9, - and _, at most 32.
bool is_workstation_name(std::string_view name);
/// "observer", "cashier", "operator" or "administrator".
std::optional<contract::Role> role_from(std::string_view word);

}  // namespace tillhost::devd::runtime
