#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/os/clock.h"
#include "ipc/contract/messages.h"

namespace tillhost::devd::runtime {

inline constexpr os::Duration kPairingTimeMax = std::chrono::minutes(10);
/// Wrong codes that are borne, of everybody together; then the door closes.
inline constexpr std::int64_t kPairingTries = 5;
/// A wrong code is answered so much later.
inline constexpr os::Duration kWrongCodeDelay = std::chrono::seconds(1);

/// Whom the door is opened for.
struct Invitation {
    std::string name;
    contract::Role role = contract::Role::cashier;
    std::vector<std::string> devices{};
    bool host = false;
};

/// The one pairing that is under way. Strangers are let in as far as here while it is open; the
/// first with the right code goes through, and it closes behind him. Only he may ask again, with
/// the same code, as long as the code would have lasted: his answer may have been lost.
class PairingDoor final {
public:
    explicit PairingDoor(const os::Clock& clock) : clock_(clock) {}

    /// In place of one that is open. `secret` as PairingCode has it.
    void open(Invitation invitation, std::string secret);
    void close() { secret_.clear(); }

    /// Whether a stranger may try.
    bool is_open() const;
    /// When it closes by itself; meaningful while it is open.
    os::Instant closes_at() const { return closes_at_; }

    enum class Answer : std::uint8_t {
        right,  ///< take it in, then call let_in()
        again,  ///< it was taken in, and its answer lost
        wrong,  ///< a try is used up
        shut    ///< nobody is expected
    };
    Answer try_code(std::string_view key, std::string_view secret);
    /// It is in the registry.
    void let_in(std::string_view key) { guest_ = std::string(key); }

    const Invitation& invitation() const { return invitation_; }
    std::int64_t tries_left() const { return tries_left_; }

private:
    const os::Clock& clock_;
    Invitation invitation_;
    std::string secret_;  ///< empty: closed
    os::Instant closes_at_{};
    std::int64_t tries_left_ = 0;
    std::string guest_;  ///< the key that went through
};

}  // namespace tillhost::devd::runtime
