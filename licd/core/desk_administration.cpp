#include "licd/core/licence_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ipc/contract/decoder.h"

namespace tillhost::licd::core {

using base::ErrorCode;
using base::make_error;
using contract::LicenceEnd;

void LicenceDesk::set_times(LeaseTimes times, os::Duration beat, Position from) {
    options_.times = times;
    options_.beat = beat;
    options_.begins_at = std::max(options_.begins_at, from);
    book_.set_times(times, clock_.now());
}

LicenceDesk::Outcome LicenceDesk::connections(const Call& call) {
    const auto request =
        TRY(contract::from_value<contract::LicenceConnectionsRequest>(call.request.body));
    contract::LicenceConnectionsReply answer;
    answer.total = static_cast<std::int64_t>(book_.leases().size());
    auto at = book_.leases().upper_bound(static_cast<std::uint64_t>(request.after));
    for (; at != book_.leases().end() &&
           answer.connections.size() < static_cast<std::size_t>(request.limit);
         ++at) {
        const Lease& lease = at->second;
        const LeaseRow& row = lease.row;
        contract::LicenceConnection& one = answer.connections.emplace_back();
        one.number = static_cast<std::int64_t>(row.number);
        one.licence = row.licence;
        one.key = row.key;
        one.seat = row.seat;
        one.state = lease.state;
        one.user = row.holder.user;
        one.computer = row.holder.computer;
        one.program = row.holder.program;
        one.session = row.holder.instance;
        one.terminal_session = row.holder.terminal_session;
        one.since_ms = row.since_ms;
        one.held_ms = std::max<std::int64_t>(0, clock_.unix_ms() - row.since_ms);
        one.ends_in_ms = std::max<std::int64_t>(0, milliseconds(lease.ends - call.now));
    }
    reply(call.peer, call.request.id, book_.position(), contract::to_value(answer));
    return {};
}

LicenceDesk::Outcome LicenceDesk::free_licences(const Call& call) {
    const auto request =
        TRY(contract::from_value<contract::FreeLicencesRequest>(call.request.body));
    std::vector<std::uint64_t> numbers;
    if (request.number != 0) {
        numbers.push_back(static_cast<std::uint64_t>(request.number));
    } else {
        for (const auto& [number, lease] : book_.leases()) {
            numbers.push_back(number);
        }
    }
    contract::FreeLicencesReply answer;
    for (const std::uint64_t number : numbers) {
        const bool taken =
            book_.take_away(number, LicenceEnd::revoked, request.accept_double_use, call.now);
        answer.taken += taken ? 1 : 0;
    }
    if (request.number != 0 && answer.taken == 0) {
        return make_error(ErrorCode::lease_gone,
                          fmt::format("number: no lease {} is held", request.number));
    }
    reply(call.peer, call.request.id, book_.position(), contract::to_value(answer));
    return {};
}

}  // namespace tillhost::licd::core
