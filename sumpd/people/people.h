#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sumpd/exchange/operations.h"
#include "sumpd/people/permissions.h"
#include "sumpd/store/object_rules.h"
#include "sumpd/store/store.h"
#include "sumpd/store/user_secrets.h"

// Users and roles as a person at the console sees and edits them; why it is so:
// docs/decisions/0032-users-and-roles.md.
namespace tillhost::sumpd::people {

/// Users that can be there with an edit; one more is refused. Of imports there may be more.
inline constexpr std::size_t kUsersMax = 10'000;
inline constexpr std::size_t kRolesMax = 500;
inline constexpr std::int64_t kReplacedKept = 1000;  ///< newest replacements that are remembered
inline constexpr std::size_t kPageMax = 500;
inline constexpr std::size_t kPasswordBytesMin = 8;  ///< of passwords that are set here
/// Wrong PINs of a user, one behind the other, after which the PIN is locked.
inline constexpr std::int64_t kPinTriesMax = 5;

/// Who keeps users and roles.
enum class Keeper : std::uint8_t {
    accounting,  ///< what is edited here holds until the next message that names it
    here,        ///< users and roles of messages are skipped, and the job says so
};
std::string_view name_of(Keeper keeper);  ///< "accounting", "here"
std::optional<Keeper> keeper_from(std::string_view name);

/// Who made the version that holds now: `accounting` or `here`.
using store::Origin;

/// Who edits, for the audit.
struct Editor {
    std::string login{};
    std::string address{};
};

struct UserCard {
    std::string id{};
    std::string name{};
    std::string login{};
    std::string role_id{};
    std::vector<std::string> stores{};  ///< none: all
    bool enabled = true;
    std::optional<exchange::Moment> valid_to{};
    bool has_password = false;
    bool has_pin = false;
    bool has_badge = false;
    bool pin_locked = false;  ///< five wrong tries; a login by password unlocks it
    Origin origin = Origin::here;
    bool will_be_replaced = false;  ///< edited or made here, and the accounting system keeps users
    std::int64_t version = 0;       ///< changes with each change; for UserEdit
};

struct UserEdit {
    std::string id{};  ///< empty: a new user, whose id is made
    std::string name{};
    std::string login{};  ///< at most 64 bytes; case of ASCII letters does not tell two apart
    std::string role_id{};
    std::vector<std::string> stores{};
    bool enabled = true;
    std::optional<exchange::Moment> valid_to{};
    // Not given: stays. An empty text: is taken away.
    std::optional<exchange::Secret> password{};
    std::optional<exchange::Secret> pin{};    ///< 4 to 6 digits
    std::optional<exchange::Secret> badge{};  ///< the card's number as the reader types it
    std::int64_t version = 0;  ///< of the card that was edited; 0: whatever it is now
};

struct RoleCard {
    std::string id{};
    std::string name{};
    std::optional<Predefined> predefined{};
    /// All leaves of the tree in its order.
    std::vector<exchange::Permission> permissions{};
    std::size_t users = 0;
    Origin origin = Origin::here;
    bool will_be_replaced = false;
    std::int64_t version = 0;
};
/// The name of a predefined role that was not renamed in that language, else the role's own name.
std::string_view name_in(http::Language language, const RoleCard& role);

struct RoleEdit {
    std::string id{};  ///< empty: a new role, whose id is made
    std::string name{};
    /// Leaves that are not named keep the value they have; of a new role the most restricted.
    std::vector<exchange::Permission> permissions{};
    std::int64_t version = 0;
};

/// An edit that the accounting system replaced.
struct Replaced {
    std::int64_t number = 0;
    std::int64_t at_ms = 0;
    std::string kind{};  ///< "User", "Role"
    std::string id{};
    std::string here{};  ///< as it was, JSON of an exchange::Object without secrets
    std::string came{};  ///< what came in its place; empty: it was deleted
};

/// A document that broke a limit of its user's role. It is stored and sent like any other.
struct FlaggedDocument {
    std::int64_t place = 0;  ///< order in which documents came
    exchange::Uuid doc_id{};
    std::string kind{};
    std::string device_id{};
    std::string user_id{};
    std::int64_t received_ms = 0;
    std::vector<std::string> flags{};  ///< names of leaves, or "user.unknown", "user.store"
};

/// Reads and edits. Any thread; each call blocks for the disk, one that sets a password or PIN also
/// for its hash (20 ms).
///
/// An edit is an import of one object: apps see it in their feed when it returns. While a message
/// of the accounting system is being applied edits are refused as too_many with RetryAfterMs, since
/// one message at a time numbers objects. Faults of each, beside its own: too_many, disk_full (of
/// edits), internal; schema_invalid with the field that is wrong ("login", "pin",
/// "sale.discount_percent") and what would be right; not_found; doc_conflict (it was changed
/// meanwhile: `version`). Each edit is noted in the audit in its transaction, secrets as "changed".
class People final {
public:
    /// The store outlives it.
    People(store::Store& store, const os::Clock& clock, const os::Argon2Cost& cost);

    exchange::Outcome<Keeper> keeper();
    exchange::Outcome<exchange::Empty> set_keeper(const Editor& editor, Keeper keeper);

    /// All users, by name.
    exchange::Outcome<std::vector<UserCard>> users();
    exchange::Outcome<UserCard> user(const std::string& id);
    /// Gives the card as it is then. Refused: a login that another user has (schema_invalid,
    /// "login"), a role that there is not ("roleId"), a password below kPasswordBytesMin, the
    /// last user beyond kUsersMax (too_large).
    exchange::Outcome<UserCard> put_user(const Editor& editor, const UserEdit& edit);
    exchange::Outcome<exchange::Empty> delete_user(const Editor& editor, const std::string& id);

    /// Predefined ones first, then by name.
    exchange::Outcome<std::vector<RoleCard>> roles();
    exchange::Outcome<RoleCard> role(const std::string& id);
    /// Also renames. Refused: a name that another role has ("name"), a leaf that there is not or a
    /// value that is none (the leaf's name).
    exchange::Outcome<RoleCard> put_role(const Editor& editor, const RoleEdit& edit);
    /// Refused as forbidden: a predefined role, one that users have.
    exchange::Outcome<exchange::Empty> delete_role(const Editor& editor, const std::string& id);

    /// Newest first, those below `before`; 0 = from the newest on. At most kPageMax.
    exchange::Outcome<std::vector<Replaced>> replaced(std::int64_t before, std::size_t limit);
    /// The same of documents, by `place`.
    exchange::Outcome<std::vector<FlaggedDocument>> flagged(std::int64_t before, std::size_t limit);

private:
    template <class T>
    using Body = std::function<exchange::Outcome<T>(store::Sql& sql, std::int64_t& next)>;
    /// One transaction that numbers objects, and then shows them to apps.
    template <class T>
    exchange::Outcome<T> edit(const Body<T>& body);
    exchange::Outcome<UserCard> write_user(store::Sql& sql, std::int64_t& next,
                                           const Editor& editor, const UserEdit& edit,
                                           const store::UserSecrets& secrets);
    exchange::Outcome<RoleCard> write_role(store::Sql& sql, std::int64_t& next,
                                           const Editor& editor, const RoleEdit& edit);
    void note(store::Sql& sql, const Editor& editor, const std::string& action,
              const std::string& target, std::string before, std::string after);

    store::Store& store_;
    const os::Clock& clock_;
    const store::SecretMaker secrets_;
};

}  // namespace tillhost::sumpd::people
