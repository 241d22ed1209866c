#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "simulators/core/random.h"
#include "simulators/services/apps/feed.h"
#include "simulators/services/apps/invitation.h"
#include "simulators/services/apps/memory.h"
#include "simulators/services/apps/server.h"
#include "simulators/services/exchange/service.h"

namespace tillhost::simulators::apps {

struct PhoneOptions {
    std::string folder{};
    std::string invitation{};  ///< text of its QR code; empty: it is enrolled already
    Person person{};
    exchange::Form form = exchange::Form::json;
    std::uint64_t seed = 1;
    std::int64_t sales = 0;             ///< that it makes until it is told of more
    std::uint64_t card_permille = 300;  ///< of all sales
    std::int64_t skew_ms = 0;           ///< its clock is ahead by so much
    std::int64_t pace_ms = 100;         ///< between two customers
    std::int64_t max_bytes = 262'144;   ///< of a packet that it can take
};

/// A phone that does otherwise than it should, to show that somebody notices.
struct Misdeeds {
    bool double_document = false;  ///< sends its next document again under another id and number
    bool drop_document = false;    ///< forgets its next document
    std::int64_t schema_version = 1;
};

/// One phone: it enrols, follows the feed into a state of its own, sells with a registrar and a
/// terminal of the shop, and brings its documents; through cuts, lost answers and kill -9. What it
/// does next follows from its memory alone. run() belongs to one thread, the rest to any.
class Phone final {
public:
    /// Errors: system_failed, storage_full, malformed, bad_field(qr), wrong_version.
    static base::Result<std::unique_ptr<Phone>> create(const PhoneOptions& options,
                                                       const os::Clock& clock);
    void run();
    void stop() { pause_.stop(); }

    void set_line(const exchange::LineFaults& faults);
    void set_misdeeds(const Misdeeds& misdeeds);
    void sell(std::int64_t count);
    /// No new customer; it goes on until nothing is open, and then sends the closing of its shift.
    void close();
    void revoke();
    void set_skew(std::int64_t ms);
    /// As a new app on the same telephone. Errors: bad_field(qr), wrong_version, wrong_state (a
    /// document waits; `anyway` loses it).
    base::Done reinstall(const std::string& invitation, bool anyway);
    Value state() const;

private:
    /// What the control socket asked for and the phone's thread has not done yet.
    struct Wishes {
        std::optional<exchange::LineFaults> line{};
        std::optional<Misdeeds> misdeeds{};
        std::optional<Invitation> reinstall{};
        std::int64_t sales = 0;
        bool close = false;
        bool revoke = false;
        std::optional<std::int64_t> skew_ms{};
    };

    Phone(PhoneOptions options, const os::Clock& clock);
    base::Done open();
    void take_wishes();
    /// One thing that is to be done; false where nothing is. Errors: of the memory.
    base::Result<bool> step();
    base::Result<bool> get_in();
    base::Result<bool> follow_feed();
    base::Result<bool> learn_devices();
    bool wants_customer() const;
    base::Result<bool> go_on_selling();
    base::Done begin_sale();
    base::Done pay();
    base::Done register_sale();
    base::Done carry(const Command& command);
    base::Done look_at(const Command& command);
    void say_what_the_slip_says(const Command& command, const Value& prompt);
    base::Done make_command(const std::string& step, const std::string& device,
                            const std::string& op, const std::string& payload);
    base::Done write_receipt();
    base::Done write_document(Value body, std::int64_t sale, const std::string& task);
    base::Result<bool> do_task();
    base::Result<bool> send_documents();
    base::Done take_results(const Value& answer);
    base::Result<bool> close_shift();
    void beat();
    void heed(const Value& commands);
    std::int64_t phone_ms() const { return clock_.unix_ms() + options_.skew_ms; }
    bool took(Talk talk);
    void publish();

    PhoneOptions options_;
    const os::Clock& clock_;
    Random random_;
    exchange::Pause pause_;
    std::optional<Invitation> invitation_;
    std::unique_ptr<Memory> memory_;
    std::unique_ptr<Feed> feed_;
    Server server_;
    std::vector<std::string> registrars_;
    std::vector<std::string> terminals_;
    Misdeeds misdeeds_;
    std::int64_t sales_wanted_ = 0;
    std::int64_t skew_told_ms_ = 0;  ///< by the server: how far the phone's clock is ahead
    bool skew_known_ = false;
    std::int64_t wait_ms_ = 0;  ///< before the next step
    std::int64_t next_beat_ms_ = 0;
    std::int64_t next_feed_ms_ = 0;
    std::vector<std::int64_t> taken_;  ///< numbers of the server's commands, to be told to it
    std::string asked_id_;             ///< the command that the server is known to have
    std::string put_id_;               ///< the command that this run of the program has sent
    bool closing_ = false;
    bool closed_ = false;
    bool revoked_ = false;
    bool wants_revoke_ = false;
    bool idle_ = false;
    std::string last_fault_;

    mutable std::mutex mutex_;  // guards wishes_ and shown_
    Wishes wishes_;
    Value shown_ = Value::record();
};

}  // namespace tillhost::simulators::apps
