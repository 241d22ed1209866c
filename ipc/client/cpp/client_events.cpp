// What devd says unasked: subscriptions that outlive their connection.
#include <algorithm>
#include <utility>

#include "ipc/client/cpp/ask.h"
#include "ipc/client/cpp/client.h"
#include "ipc/client/cpp/pauses.h"

namespace tillhost::client {

using base::ErrorCode;
using base::Result;
using contract::RequestKind;

base::Done Client::subscribe(const std::string& topic, const Place& from, os::Deadline deadline) {
    TRY(unsubscribe(topic, deadline));
    TRY(be_connected(deadline));
    Followed followed;
    followed.place = from;
    TRY(begin(topic, followed, deadline));
    topics_[topic] = followed;
    return {};
}

base::Done Client::begin(const std::string& topic, Followed& followed, os::Deadline deadline) {
    const contract::SubscribeRequest request{.topic = topic,
                                             .epoch = followed.place.epoch,
                                             .from_seq = followed.place.next_seq,
                                             .credit = kEventCredit};
    const auto reply =
        TRY(ask<contract::SubscribeReply>(RequestKind::subscribe, request, deadline));
    followed.subscription = reply.subscription;
    followed.credit = kEventCredit;
    if (followed.place.epoch == 0) {
        followed.place = {reply.epoch, reply.next_seq};
    }
    return {};
}

base::Done Client::unsubscribe(const std::string& topic, os::Deadline deadline) {
    const auto found = topics_.find(topic);
    if (found == topics_.end()) {
        return {};
    }
    const std::int64_t subscription = found->second.subscription;
    topics_.erase(found);
    if (subscription != 0 && connection_ && !connection_->lost()) {
        TRY(ask<contract::Empty>(RequestKind::unsubscribe,
                                 contract::UnsubscribeRequest{subscription}, deadline));
    }
    return {};
}

std::optional<Place> Client::place_of(const std::string& topic) const {
    const auto found = topics_.find(topic);
    return found == topics_.end() ? std::nullopt : std::optional(found->second.place);
}

Result<std::optional<TopicEvent>> Client::next_event(os::Deadline deadline) {
    Pauses pauses(clock_);
    while (true) {
        auto event = try_next_event(deadline);
        if (event || !is_worth_repeating(event.error()) || !pauses.wait(deadline)) {
            return event;
        }
    }
}

Result<std::optional<TopicEvent>> Client::try_next_event(os::Deadline deadline) {
    TRY(be_connected(deadline));
    for (auto& [topic, followed] : topics_) {
        if (followed.subscription == 0) {
            TRY(begin(topic, followed, deadline));
        }
    }
    while (true) {
        auto event = connection_->next_event(deadline);
        if (!event) {
            connection_.reset();
            return std::move(event).error();
        }
        if (!*event) {
            return std::optional<TopicEvent>();
        }
        const auto found = std::find_if(topics_.begin(), topics_.end(), [&](const auto& one) {
            return one.second.subscription == (*event)->subscription;
        });
        if (found != topics_.end()) {
            Followed& followed = found->second;
            followed.place = {(*event)->epoch, (*event)->seq + 1};
            followed.credit -= 1;
            TopicEvent told{found->first, followed.place, std::move(**event)};
            renew_credit(followed, deadline);
            return std::optional(std::move(told));
        }
    }
}

/// Before it is used up, so that the stream does not stop. What goes wrong here is found by the
/// next call.
void Client::renew_credit(Followed& followed, os::Deadline deadline) {
    if (followed.credit > kEventCredit / 2) {
        return;
    }
    const std::int64_t more = kEventCredit - followed.credit;
    const contract::CreditRequest request{followed.subscription, more};
    if (ask<contract::Empty>(RequestKind::credit, request, deadline)) {
        followed.credit += more;
    } else {
        connection_.reset();
    }
}

}  // namespace tillhost::client
