#include "ipc/client/tillctl/watch.h"

#include <vector>

#include "ipc/client/tillctl/texts.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"

namespace tillhost::tillctl {
namespace {

/// What a watch of that device follows; of all when it names none.
base::Result<std::vector<std::string>> topics_of(const WatchVerb& verb, client::Client& devd,
                                                 os::Deadline deadline) {
    if (!verb.device.empty()) {
        return std::vector<std::string>{"device/" + verb.device, "operation/" + verb.device,
                                        "prompt/" + verb.device, "scan/" + verb.device,
                                        "lease/" + verb.device};
    }
    std::vector<std::string> topics{"alarms"};
    for (const contract::Device& device : TRY(devd.devices(deadline))) {
        topics.push_back("device/" + device.device);
    }
    return topics;
}

base::Done follow(const WatchVerb& verb, client::Client& devd, os::Deadline deadline) {
    for (const std::string& topic : TRY(topics_of(verb, devd, deadline))) {
        TRY(devd.subscribe(topic, {}, deadline));
    }
    return {};
}

std::string json_line(const client::TopicEvent& event) {
    contract::Value::Map line{{"topic", contract::Value(event.topic)}};
    const contract::Value body = contract::to_value(event.event, contract::Style::readable);
    for (const auto& [name, value] : *body.get_if<contract::Value::Map>()) {
        if (name != "subscription") {
            line.emplace_back(name, value);
        }
    }
    return ipc::to_json(contract::Value(std::move(line)), -1) + "\n";
}

}  // namespace

Exit watch(const WatchVerb& verb, const Invocation& how, client::Client& devd, os::Clock& clock,
           os::Deadline deadline, Console& console) {
    if (const auto followed = follow(verb, devd, deadline); !followed) {
        console.err(error_text(how.language, followed.error()));
        return Exit::failed;
    }
    console.err(watching_text(how.language));
    bool complained = false;
    for (std::int64_t told = 0; verb.count == 0 || told < verb.count;) {
        const auto event = devd.next_event(clock.now() + kWatchTurn);
        if (!event) {
            if (event.error().reaction == base::Reaction::reject) {
                console.err(error_text(how.language, event.error()));
                return Exit::failed;
            }
            if (!complained) {
                console.err(error_text(how.language, event.error()));
            }
            complained = true;  // once; it goes on waiting
        } else if (*event) {
            complained = false;
            ++told;
            console.out(how.json ? json_line(**event) : event_text(how.language, **event));
        }
    }
    return Exit::done;
}

}  // namespace tillhost::tillctl
