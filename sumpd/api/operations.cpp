#include "sumpd/api/operations.h"

#include <array>

#include "sumpd/exchange/json_codec.h"

namespace tillhost::sumpd::api {

namespace {

struct Row {
    std::string_view operation;
    Access access;
};

constexpr std::array kRows = {
    Row{"TestConnection", Access::node},  Row{"PrepareMessage", Access::node},
    Row{"GetPart", Access::node},         Row{"ConfirmMessage", Access::node},
    Row{"PutPart", Access::node},         Row{"CommitMessage", Access::node},
    Row{"GetJob", Access::node},          Row{"CancelMessage", Access::node},
    Row{"Enroll", Access::anyone},        Row{"Login", Access::anyone},
    Row{"Roll", Access::anyone},          Row{"Revoke", Access::anyone},
    Row{"Logout", Access::session},       Row{"GetChanges", Access::session},
    Row{"PutDocuments", Access::rescued}, Row{"GetDocumentStatus", Access::rescued},
    Row{"Heartbeat", Access::device},     Row{"LockTask", Access::session},
    Row{"ReleaseTask", Access::session},  Row{"GetDevices", Access::session},
    Row{"StartCommand", Access::session}, Row{"GetCommand", Access::device},
};

#define X(Request, Response) +1
static_assert(kRows.size() == 0 SUMP_OPERATIONS(X), "an operation without access");
#undef X

}  // namespace

bool may_call(Access caller, Access wanted) {
    switch (wanted) {
        case Access::anyone: return true;
        case Access::node: return caller == Access::node;
        case Access::rescued:
            return caller == Access::rescued || caller == Access::device ||
                   caller == Access::session;
        case Access::device: return caller == Access::device || caller == Access::session;
        case Access::session: return caller == Access::session;
    }
    return false;
}

Access access_of(std::string_view operation) {
    for (const Row& row : kRows) {
        if (row.operation == operation) {
            return row.access;
        }
    }
    return Access::node;
}

exchange::Outcome<std::string> Operations::changes_as_json(const Caller& who,
                                                           const exchange::GetChanges& request) {
    auto response = serve(who, request);
    if (!response) {
        return tl::unexpected(std::move(response.error()));
    }
    return exchange::to_json(std::move(*response));
}

std::optional<std::string> Operations::changes_at_once(const Caller&, const exchange::GetChanges&) {
    return std::nullopt;
}

}  // namespace tillhost::sumpd::api
