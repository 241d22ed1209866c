#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ipc/contract/messages.h"
#include "licd/devices/dongle_port.h"

namespace tillhost::licd::devices {

/// A dongle whose key is in use is asked at a random time within so long after its last answer, and
/// never before the first of the two.
inline constexpr os::Duration kAskInUseMin = std::chrono::seconds(20);
inline constexpr os::Duration kAskInUseMax = std::chrono::seconds(60);
/// The same of a key that nobody uses.
inline constexpr os::Duration kAskIdleMin = std::chrono::minutes(5);
inline constexpr os::Duration kAskIdleMax = std::chrono::minutes(10);
/// After a first answer that is none.
inline constexpr os::Duration kAskAgain = std::chrono::seconds(1);
/// A dongle that does not prove itself is asked again so often.
inline constexpr os::Duration kAskRefusing = std::chrono::seconds(10);
/// A device that comes and goes is asked no more often, and one that is gone shorter never was.
inline constexpr os::Duration kResetPatience = std::chrono::seconds(2);
/// So long devd may be away.
inline constexpr os::Duration kRestartPatience = std::chrono::seconds(5);
/// Answers that are none, one after the other, until a dongle counts as lost.
inline constexpr int kFailuresMax = 2;
/// Dongles of devd that are looked at.
inline constexpr std::size_t kDevicesMax = 64;

/// A question to be put to a device of devd.
struct Challenge {
    std::string device;
    std::string serial;  ///< of the key
    contract::DongleProofQuery query;
    keys::DongleQuestion question;  ///< what its hash is of
};

/// Which device is the dongle of which key, and when to ask it. devd vouches for nothing: what
/// counts is a signature over a question that was made here a moment ago.
///
/// A dongle that comes is asked at once; one that has proved itself is asked again at random times
/// within a minute while its key is in use. It is missing when its device was gone for
/// kResetPatience, or devd for kRestartPatience; it refuses after two answers that are none.
///
/// Pure: no thread, no descriptor. Whoever has it calls on_time() and next() at next_time() and
/// after each thing that it tells.
class DongleWatch final {
public:
    using Random = std::function<base::Bytes(std::size_t bytes)>;
    /// `server`: by whose key leases are signed.
    DongleWatch(const os::PublicKey& server, const os::Clock& clock, Random random);

    void want(std::vector<WantedDongle> dongles);
    void in_use(const std::string& serial, os::Instant until);

    /// The dongles of devd that can be asked, all of them.
    void on_devices(const std::vector<std::string>& ready);
    void on_device(const std::string& device, bool ready);
    /// devd is away, or was started anew: nothing is known of its devices until on_devices().
    void on_link_lost();
    void on_answer(const Challenge& challenge, const base::Result<contract::DongleProof>& answer);
    void on_time();

    /// What is to be asked now, or nothing. It counts as asked; its answer is to follow.
    std::optional<Challenge> next();
    /// When on_time() or next() has something to do; nothing: not before something is told.
    std::optional<os::Instant> next_time() const;

    std::map<std::string, DongleState> states() const;

private:
    /// A device that can be asked for a key.
    struct Candidate {
        os::Instant due{};
        int failures = 0;
        bool is_other = false;  ///< it said that it does not hold the credential
    };
    struct Watched {
        WantedDongle wanted;
        DongleState state;
        os::Instant in_use_until{};
        os::Instant asked_at{};
        std::optional<os::Instant> lost_at{};  ///< its device is gone, and counts as such then
        std::map<std::string, Candidate> candidates;
    };

    void begin(Watched& watched) const;
    void offer(Watched& watched, const std::string& device) const;
    void gone(Watched& watched, const std::string& device, os::Duration patience) const;
    void lose(Watched& watched, std::string why) const;
    bool may_be_asked(const Watched& watched, const std::string& device,
                      const Candidate& candidate) const;
    Challenge ask(Watched& watched, const std::string& device);
    void proved(Watched& watched, const Challenge& challenge, const contract::DongleProof& proof);
    void failed(Watched& watched, const std::string& device, const base::Error& error) const;
    os::Duration pause(const Watched& watched);

    const os::PublicKey server_;
    const os::Clock& clock_;
    const Random random_;
    std::map<std::string, Watched> keys_;
    std::map<std::string, os::Instant> asked_;  ///< when each device of kDevicesMax last was
    std::vector<std::string> ready_;
    bool is_linked_ = false;
};

}  // namespace tillhost::licd::devices
