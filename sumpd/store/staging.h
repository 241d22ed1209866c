#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sumpd/exchange/operations.h"
#include "sumpd/store/object_rules.h"
#include "sumpd/store/sql.h"
#include "sumpd/store/user_secrets.h"

// How the objects of a message come into the table that apps read from, while they read.
//
// A row of `object` is one version of an object; `seq` numbers versions, and the counter "visible"
// says up to which seq they can be seen. What can be seen at V is: seq <= V, and superseded_by is 0
// or > V. An import writes its versions with numbers above V, and marks the ones that they replace
// with the new number: neither changes what can be seen at V. Its last transaction sets V to the
// newest number, together with ReceivedNo, the verdicts and the job's end: all is seen at once.
//
// A kill at any point: before the last commit V is the old one, so that nothing of the import
// shows; the next attempt first takes its versions away (unstage, one transaction, may be repeated)
// and reads the parts, which are files that are not touched before the end, again. After the last
// commit all is there; versions that nobody can see any more are removed by tidy, at leisure, and
// an app that reads at the old V meanwhile finds the newer version behind its cursor.
//
// There is one import at a time. Who edits objects here does the same in one transaction, while
// none is there (is_importing): stage and make_visible, and tells Changes behind it.
namespace tillhost::sumpd::store {

/// An object as it is kept: without passwords, which apps never see.
struct StagedObject {
    std::string kind{};
    std::string id{};
    std::string scope{};  ///< empty: for all stores
    bool deleted = false;
    std::string hash{};
    std::string body{};  ///< canonical JSON of the whole exchange::Object
    UserSecrets secrets{};
    Origin origin = Origin::accounting;
    bool is_renewed = false;  ///< a version of its own although the body is the same
};

struct StageCounts {
    std::int64_t applied = 0;
    std::int64_t skipped = 0;  ///< as they were already
};

std::int64_t visible_seq(Sql& sql);
/// A message was committed and is not at its end: numbers above the visible one are the import's.
bool is_importing(Sql& sql);
/// Of an object that has no secrets in it.
StagedObject staged_from(const exchange::Object& object, Origin origin);
/// What tells that an object is gone.
StagedObject tombstone(const std::string& kind, const std::string& id, const std::string& scope,
                       Origin origin);
/// Takes away what an interrupted import left.
void unstage(Sql& sql);
/// `next` is the number of the next version, moved on. `job` marks objects as named by this
/// message.
StageCounts stage(Sql& sql, std::int64_t job, const std::vector<StagedObject>& objects,
                  std::int64_t& next);
/// Marks an object that the message names and that cannot be read, in all scopes: it stays.
void keep_named(Sql& sql, std::int64_t job, const std::string& kind, const std::string& id);
struct AbsentCounts {
    std::int64_t looked_at = 0;  ///< 0 = no more
    std::int64_t deleted = 0;
};
/// Stages tombstones of objects that the message did not name and the rules (which may be none) do
/// not spare; looks at `limit` of those behind `behind`, which is moved on.
AbsentCounts stage_absent(Sql& sql, std::int64_t job, const ObjectRules* rules,
                          std::int64_t& behind, std::int64_t limit, std::int64_t& next);
/// Everything below `next` can be seen. Part of the last transaction.
void make_visible(Sql& sql, std::int64_t next);
/// Removes up to `limit` versions that nobody can see any more; gives whether there may be more.
bool tidy(Sql& sql, std::int64_t limit);

}  // namespace tillhost::sumpd::store
