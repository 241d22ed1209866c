// The requests about events; what they do stands in events.h.
#include <fmt/format.h>

#include "devd/core/requests.h"
#include "ipc/contract/decoder.h"

namespace tillhost::devd::core {

/// Finds the device that a topic is about, if it is about one.
base::Done Requests::check_topic(const Call& call, const std::string& topic) {
    for (const std::string_view kind :
         {kDeviceTopic, kOperationTopic, kPromptTopic, kScanTopic, kLeaseTopic}) {
        if (topic.starts_with(kind)) {
            const DeviceLane* of = TRY(usable_lane(call, topic.substr(kind.size())));
            if (kind == kDeviceTopic && !context_.events.wants_device(of->config().id)) {
                context_.events.device_is(of->describe());
            }
            return {};
        }
    }
    if (topic != kAlarmsTopic && topic != kDevicesTopic) {
        return base::bad_field(
            "topic",
            fmt::format("{}ID, {}ID, {}ID, {}ID, {}ID, {} or {}", kDeviceTopic, kOperationTopic,
                        kPromptTopic, kScanTopic, kLeaseTopic, kDevicesTopic, kAlarmsTopic));
    }
    return {};
}

Requests::Outcome Requests::subscribe(const Call& call) {
    const auto request = TRY(contract::from_value<contract::SubscribeRequest>(call.request.body));
    TRY(check_topic(call, request.topic));
    Events& events = context_.events;
    const auto made = TRY(events.subscribe(
        {call.peer, call.request.id, call.session->client, call.rights.devices, call.rights.host},
        request));
    reply(call.peer, call.request.id, events.position(), contract::to_value(made));
    events.begin_flow(made.subscription);
    return {};
}

Requests::Outcome Requests::credit(const Call& call) {
    const auto request = TRY(contract::from_value<contract::CreditRequest>(call.request.body));
    TRY(context_.events.add_credit(call.peer, request));
    reply(call.peer, call.request.id, 0, contract::to_value(contract::Empty{}));
    context_.events.flow(request.subscription);
    return {};
}

Requests::Outcome Requests::unsubscribe(const Call& call) {
    const auto request = TRY(contract::from_value<contract::UnsubscribeRequest>(call.request.body));
    TRY(context_.events.unsubscribe(call.peer, request));
    reply(call.peer, call.request.id, 0, contract::to_value(contract::Empty{}));
    return {};
}

}  // namespace tillhost::devd::core
