#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hal/os/fake/fake_clock.h"
#include "sumpd/apps/registry.h"
#include "sumpd/people/people.h"
#include "sumpd/store/user_secrets.h"

namespace tillhost::sumpd::apps {

using exchange::FaultCode;

inline const Actor kAdmin{.login = "admin", .address = "10.0.0.1"};
inline constexpr os::Argon2Cost kCheap{.passes = 1, .memory_bytes = 8192};

/// Keeps what was written as a disk would, and can be full.
class StoreFake final : public RegistryStore {
public:
    exchange::Outcome<bool> write(const RegistryChange& change) override {
        if (is_full) {
            return exchange::refuse(FaultCode::disk_full, "full");
        }
        for (const DeviceRow& row : change.devices) {
            devices[row.id] = row;
        }
        for (const TokenRow& row : change.tokens) {
            tokens[row.digest] = row;
        }
        for (const SessionRow& row : change.sessions) {
            sessions[row.digest] = row;
        }
        for (const std::string& digest : change.ended_sessions) {
            sessions.erase(digest);
        }
        for (const std::string& digest : change.forgotten_tokens) {
            tokens.erase(digest);
        }
        for (const auto& [user_id, count] : change.pin_tries) {
            pin_tries[user_id] = count;
        }
        for (const CommandRow& row : change.commands) {
            commands[row.number] = row;
        }
        for (const std::int64_t number : change.taken_commands) {
            commands.erase(number);
        }
        for (const auto& [device, sight] : change.sights) {
            sights[device] = sight;
        }
        acts.insert(acts.end(), change.acts.begin(), change.acts.end());
        ++writes;
        return true;
    }

    exchange::Outcome<std::int64_t> last_seq(const std::string& device_id) override {
        const auto known = last_seqs.find(device_id);
        return known == last_seqs.end() ? 0 : known->second;
    }

    RegistryImage image() const {
        RegistryImage image;
        for (const auto& [id, row] : devices) {
            image.devices.push_back(row);
        }
        for (const auto& [digest, row] : tokens) {
            image.tokens.push_back(row);
        }
        for (const auto& [digest, row] : sessions) {
            image.sessions.push_back(row);
        }
        for (const auto& [number, row] : commands) {
            image.commands.push_back(row);
        }
        image.sights.assign(sights.begin(), sights.end());
        return image;
    }

    bool is_full = false;
    std::map<std::string, std::int64_t> pin_tries;
    std::map<std::string, std::int64_t> last_seqs;  ///< by device
    std::map<std::string, DeviceRow> devices;
    std::map<std::string, TokenRow> tokens;
    std::map<std::string, SessionRow> sessions;
    std::map<std::int64_t, CommandRow> commands;
    std::map<std::string, DeviceSight> sights;
    std::vector<store::Act> acts;
    int writes = 0;
};

/// So many seats, and what was done with them.
class SeatsFake final : public SeatPort {
public:
    exchange::Outcome<std::string> take(const SeatWish& wish) override {
        if (holders.size() >= seats) {
            return exchange::refuse(FaultCode::licence_denied, "all are in use");
        }
        holders.insert(wish.session);
        last = wish;
        return "lease of " + wish.device_id;
    }
    void resume(const std::vector<SeatWish>& sessions) override {
        for (const SeatWish& wish : sessions) {
            holders.insert(wish.session);
        }
    }
    void give_back(const std::string& session) override { holders.erase(session); }
    void used(const std::string&) override { ++uses; }
    bool holds(const std::string& session) override { return holders.count(session) != 0; }

    std::size_t seats = 100;
    std::set<std::string> holders;
    SeatWish last;
    int uses = 0;
};

class RegistryTest : public testing::Test {
protected:
    RegistryTest() { start(); }

    /// A restart: only what the store has is left.
    void start() {
        seats_.holders.clear();
        RegistryImage image = store_.image();
        image.accounts = accounts();
        registry_.emplace(
            RegistryParts{.store = store_,
                          .clock = clock_,
                          .passwords = *passwords_,
                          .server_name = "Shop",
                          .server_id = "0b9e3c1e-5f5c-4a53-9d0e-2f6a1f7f2c11",
                          .pin = "aa",
                          .permissions =
                              [](const std::string& role, const std::string&) {
                                  using Rows = std::vector<exchange::Permission>;
                                  return exchange::Outcome<Rows>(people::effective(role, {}));
                              },
                          .key = key_,
                          .packet_bytes_max = 65536,
                          .seats = seats_},
            std::move(image));
    }

    std::vector<AccountRow> accounts() {
        return {{.id = "u1",
                 .login = "Anna",
                 .name = "Anna",
                 .role_id = "cashier",
                 .stores = {"s1"},
                 .password = *passwords_->hash("right password"),
                 .pin = *passwords_->hash(store::peppered_pin(key_, "u1", "1234")),
                 .pin_tries = store_.pin_tries["u1"],
                 .badge = store::digest_of_badge(key_, "0012345678")}};
    }

    std::string invited(InvitationWish wish = {.by = {.login = "admin"}}) {
        const auto made = registry_->invite(wish);
        EXPECT_TRUE(made.has_value());
        return made ? made->token : "";
    }

    exchange::Enroll request(const std::string& token, const std::string& install = "phone-1") {
        return {.token = {token},
                .install_id = install,
                .model = "M",
                .os = "Android 14",
                .app_name = "cashier",
                .app_version = "1.0"};
    }

    std::string enroll(const std::string& install = "phone-1") {
        const auto answer = registry_->enroll(request(invited(), install));
        EXPECT_TRUE(answer.has_value());
        return answer ? answer->device_key.text : "";
    }

    exchange::Login login(const std::string& key, const std::string& password) {
        return {.device_key = {key}, .login = "anna", .password = exchange::Secret{password}};
    }

    os::FakeClock clock_;
    const store::ServerKey key_{base::Bytes(32)};
    StoreFake store_;
    SeatsFake seats_;
    std::unique_ptr<http::Passwords> passwords_ = *http::Passwords::create(kCheap);
    std::optional<Registry> registry_;
};

template <class T>
FaultCode code_of(const exchange::Outcome<T>& outcome) {
    return outcome ? FaultCode::unspecified : outcome.error().code;
}

}  // namespace tillhost::sumpd::apps
