#include "sumpd/seats/seat_table.h"

namespace tillhost::sumpd::seats {

SeatHandle SeatTable::of_device(const std::string& device_id) const {
    const auto found = by_device_.find(device_id);
    return found == by_device_.end() ? nullptr : found->second;
}

SeatHandle SeatTable::of_session(const std::string& session) const {
    const auto found = by_session_.find(session);
    return found == by_session_.end() ? nullptr : found->second;
}

void SeatTable::sit(const std::string& session, const SeatHandle& seat) {
    seat->sessions.insert(session);
    by_device_.insert_or_assign(seat->wish.device_id, seat);
    by_session_.insert_or_assign(session, seat);
}

SeatHandle SeatTable::stand_up(const std::string& session) {
    const SeatHandle seat = of_session(session);
    if (seat == nullptr) {
        return nullptr;
    }
    by_session_.erase(session);
    seat->sessions.erase(session);
    if (!seat->sessions.empty()) {
        return nullptr;
    }
    remove(seat);
    return seat;
}

void SeatTable::remove(const SeatHandle& seat) {
    for (const std::string& session : seat->sessions) {
        by_session_.erase(session);
    }
    seat->sessions.clear();
    const auto found = by_device_.find(seat->wish.device_id);
    if (found != by_device_.end() && found->second == seat) {
        by_device_.erase(found);
    }
}

std::vector<SeatHandle> SeatTable::all() const {
    std::vector<SeatHandle> seats;
    for (const auto& [device, seat] : by_device_) {
        seats.push_back(seat);
    }
    return seats;
}

SeatHandle SeatTable::next() const {
    SeatHandle first;
    for (const auto& [device, seat] : by_device_) {
        if (!seat->is_gone && (first == nullptr || seat->next_talk < first->next_talk)) {
            first = seat;
        }
    }
    return first;
}

}  // namespace tillhost::sumpd::seats
