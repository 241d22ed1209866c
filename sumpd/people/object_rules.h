#pragma once

#include <set>
#include <string>

#include "sumpd/people/people.h"
#include "sumpd/store/object_rules.h"

namespace tillhost::sumpd::people {

/// What messages may do to users and roles: the predefined roles are there and complete;
/// permissions are those of the tree; who keeps users is asked; what was edited here is replaced
/// visibly.
class PeopleRules final : public store::ObjectRules {
public:
    /// Makes predefined roles that are not there, and gives those that were not sent by the
    /// accounting system the leaves that they lack; what they have stays.
    void complete(store::Sql& sql, std::int64_t& next) override;
    void begin(store::Sql& sql) override;
    Verdict look(exchange::Object& object) override;
    bool spares(const std::string& kind, const std::string& id,
                store::Origin origin) const override;
    /// Also takes away users that were made here under a login that the accounting system now gives
    /// to another one; that one gets their password, unless it came with its own.
    void end(store::Sql& sql, std::int64_t job, std::int64_t now_ms, std::int64_t& next) override;

private:
    static Verdict look_at_role(exchange::Object& object);

    // Of the message that is being applied.
    Keeper keeper_ = Keeper::accounting;
    std::set<std::string> named_{};    ///< kinds that it names
    std::set<std::string> skipped_{};  ///< kinds of which the job says that they are skipped
};

}  // namespace tillhost::sumpd::people
