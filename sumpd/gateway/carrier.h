#pragma once

#include <functional>
#include <map>
#include <string>

#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "sumpd/gateway/command_book.h"
#include "sumpd/gateway/device_port.h"

namespace tillhost::sumpd::gateway {

/// How often a command that is under way is looked at, and one whose device is away or in doubt.
inline constexpr os::Duration kLookEvery = std::chrono::milliseconds(50);
inline constexpr os::Duration kLookRarely = std::chrono::seconds(1);
/// How often devd is asked for one that a person has decided.
inline constexpr os::Duration kLookDecided = std::chrono::seconds(10);
/// How long one question to devd may take.
inline constexpr os::Duration kAskMax = std::chrono::seconds(5);
/// The row with the end that devd tells of its operation, which is final.
CommandRow with_end(CommandRow row, const contract::Operation& operation);

/// Carries commands of apps out at the shop's devices, each at most once, under the app's own id:
///
///   written here  →  marked as handed, on disk  →  submitted to devd under that id  →  looked at
///   until devd says what became of it  →  written here  →  acknowledged there
///
/// A kill between any two of these loses nothing: what is not marked was not submitted; what is
/// marked is submitted again under the same id, and devd answers with what it has. Only devd, which
/// asks the device, says done or failed of a command that was handed over; until then it is
/// `running`, or `unknown` while devd has it in doubt. Past its time a command that may have
/// arrived is settled at devd, not declared as failed here.
///
/// The row has the book of devd's that it was handed to. A devd with another book (moved, emptied)
/// would take it for new: it is not asked, and the command is orphaned until the former devd is
/// back or a person decides. From then on it is never submitted again, since a person may just say
/// that it was not carried out: the former devd is asked, and an id that it does not know is dead.
/// The one that answers is looked at, too, whatever its book.
///
/// A decision is owed to devd, which else keeps the operation for ever:
///
///   decided and owed, in one transaction  →  devd says what became of it  →  written here, where
///   it is another end than the person's  →  acknowledged there  →  written as not owed
///
/// For one thread.
class Carrier final {
public:
    struct Parts {
        CommandBook& book;
        DevicePort& port;
        const os::Clock& clock;
        os::Logger logger;
        /// Where it is noted that devd says otherwise than a person; nullptr: nowhere.
        const store::Audit* audit = nullptr;
    };
    explicit Carrier(Parts parts) : parts_(std::move(parts)) {}

    /// One that is in the book and not finished; one that is here already is left as it is.
    void add(CommandRow row);
    /// A person has decided about it: the row as it is kept since.
    void decided(CommandRow row);
    /// Moves each command that is due by one step, until it is to stop or devd does not answer;
    /// blocks for devd and the disk. True if any has another stage.
    bool turn(const std::function<bool()>& is_stopping = [] { return false; });
    bool is_idle() const { return works_.empty(); }

private:
    /// A command under way.
    struct Work {
        CommandRow row;
        bool may_have_arrived = false;  ///< at devd, although nobody said so
        bool is_accepted = false;       ///< devd has said so in this life
        os::Instant look_at{};
    };

    void step(Work& work);
    void hand_over(Work& work);
    bool mark_as_handed(Work& work);
    void look(Work& work);
    void overdue(Work& work);
    void settle(Work& work);
    bool is_in_present_book(Work& work);
    void ask_again(Work& work);
    void after_decision(Work& work);
    bool keep(Work& work, CommandRow row);
    bool is_acknowledged(Work& work, const contract::Operation& operation);
    void apply(Work& work, const contract::Operation& operation);
    void apply_doubt(Work& work, const contract::Operation& operation);
    bool waits_for_person(const Work& work);
    void on_error(Work& work, const base::Error& error);
    void not_told(Work& work, const base::Error& error);
    void put(Work& work, Stage stage, std::string result, std::string error);
    void write(Work& work, CommandRow row);
    static Handed handed(const Work& work);
    bool is_late(const Work& work) const;

    const Parts parts_;
    std::map<std::string, Work> works_;
    bool has_moved_ = false;
    bool is_away_ = false;  ///< devd, in this turn
};

}  // namespace tillhost::sumpd::gateway
