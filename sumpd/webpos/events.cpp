#include "sumpd/webpos/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/base/text.h"
#include "ipc/contract/envelope.h"
#include "ipc/json.h"
#include "sumpd/webpos/plain_bytes.h"

namespace tillhost::sumpd::webpos {

using base::ErrorCode;
using base::Result;
using client::Place;
using contract::Value;

namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(at), text.size());
        parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::optional<std::int64_t> number_from(std::string_view text) {
    constexpr std::size_t kDigitsMax = 16;  // of 9007199254740991
    const auto number = base::parse_decimal(text);
    const bool good =
        number && number->scale == 0 && number->units >= 0 && text.size() <= kDigitsMax;
    return good ? std::optional(number->units) : std::nullopt;
}

std::optional<Place> place_from(std::string_view text) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) {
        return std::nullopt;
    }
    const auto epoch = number_from(text.substr(0, dot));
    const auto seq = number_from(text.substr(dot + 1));
    return epoch && seq ? std::optional(Place{*epoch, *seq}) : std::nullopt;
}

Value value_of(const client::TopicEvent& told) {
    Value::Map map;
    map.emplace_back("topic", Value(told.topic));
    map.emplace_back("epoch", Value(told.event.epoch));
    map.emplace_back("seq", Value(told.event.seq));
    map.emplace_back("at_ms", Value(told.event.at_ms));
    map.emplace_back("body", with_plain_bytes(to_value(told.event.body, contract::Style::readable),
                                              contract::event_body_shape()));
    return Value(std::move(map));
}

/// In the place of an event that is too large to be told.
client::TopicEvent gap_for(const client::TopicEvent& told) {
    client::TopicEvent gap = told;
    gap.event.body = contract::Gap{.from_seq = told.event.seq, .to_seq = told.event.seq};
    return gap;
}

/// Whether the connection may be made again.
bool may_come_back(const base::Error& error) {
    return error.reaction == base::Reaction::reconnect ||
           error.reaction == base::Reaction::retry_later || error.code == ErrorCode::no_daemon ||
           error.effect == base::Effect::unknown;
}

}  // namespace

Result<std::vector<std::string>> topics_from(std::string_view text) {
    std::vector<std::string> topics;
    for (const std::string_view topic : split(text, ',')) {
        const bool is_new = std::find(topics.begin(), topics.end(), topic) == topics.end();
        if (topic.empty() || topic.size() > kTopicBytesMax || !is_new) {
            return base::bad_field("topics",
                                   fmt::format("each once, of 1 to {} bytes", kTopicBytesMax));
        }
        topics.emplace_back(topic);
    }
    if (topics.empty() || topics.size() > kTopicsMax) {
        return base::bad_field("topics", fmt::format("1 to {}, commas between: device/ID, "
                                                     "operation/ID, prompt/ID, scan/ID, lease/ID, "
                                                     "devices or alarms",
                                                     kTopicsMax));
    }
    return topics;
}

std::string cursor_text(const std::vector<Place>& places) {
    std::string text;
    for (const Place& place : places) {
        text += fmt::format("{}{}.{}", text.empty() ? "" : "_", place.epoch, place.next_seq);
    }
    return text;
}

Result<std::vector<Place>> cursor_from(std::string_view text, std::size_t topics) {
    std::vector<Place> places;
    for (const std::string_view part : split(text, '_')) {
        const auto place = place_from(part);
        if (!place || places.size() == topics) {
            places.clear();
            break;
        }
        places.push_back(*place);
    }
    if (text.empty()) {
        places.resize(topics);
    }
    if (places.size() != topics) {
        return base::bad_field("after", "as an answer for the same topics had it, or nothing");
    }
    return places;
}

Result<std::unique_ptr<EventReader>> EventReader::begin(DeviceLines::Line line,
                                                        std::vector<std::string> topics,
                                                        const std::vector<Place>& from,
                                                        os::Deadline deadline) {
    std::unique_ptr<EventReader> reader(new EventReader(std::move(line), std::move(topics)));
    client::Client& client = reader->line_.client();
    client.expect_book(0);
    for (std::size_t i = 0; i < reader->topics_.size(); ++i) {
        if (auto begun = client.subscribe(reader->topics_[i], from[i], deadline); !begun) {
            return std::move(begun).error();
        }
        reader->places_[i] = client.place_of(reader->topics_[i]).value_or(Place{});
    }
    return reader;
}

Result<std::optional<Value>> EventReader::next(os::Deadline deadline) {
    const auto told = TRY(line_.client().next_event(deadline));
    if (!told) {
        return std::optional<Value>();
    }
    const auto at = std::find(topics_.begin(), topics_.end(), told->topic);
    if (at != topics_.end()) {
        places_[static_cast<std::size_t>(at - topics_.begin())] = told->next;
    }
    Value value = value_of(*told);
    const bool fits = ipc::to_json(value, -1).size() <= kEventBytesMax;
    return std::optional(fits ? std::move(value) : value_of(gap_for(*told)));
}

base::Done EventReader::end(os::Deadline deadline) {
    for (const std::string& topic : topics_) {
        TRY(line_.client().unsubscribe(topic, deadline));
    }
    has_ended_ = true;
    return {};
}

EventReader::~EventReader() {
    if (!has_ended_) {
        line_.close();
    }
}

std::string as_server_sent(const Value& event, std::string_view cursor) {
    const Value* body = event.find("body");
    const auto* kind = body == nullptr ? nullptr : body->get_if<Value::Map>();
    // JSON on one line has no end of line in it.
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", cursor,
                       kind == nullptr || kind->empty() ? "message" : kind->front().first,
                       ipc::to_json(event, -1));
}

std::optional<std::string> EventStream::next() {
    const os::Instant now = parts_.clock.now();
    if (is_over_) {
        return std::nullopt;
    }
    if (!is_open_) {
        return opening();
    }
    if (now >= token_at_) {
        token_at_ = now + kTokenLookedAtEvery;
        if (!parts_.tokens.is_good(parts_.digest)) {
            return std::nullopt;
        }
    }
    std::string text = now >= again_at_ ? events(now) : std::string();
    if (text.empty() && now >= heartbeat_at_) {
        text = ":\n\n";
    }
    if (!text.empty()) {
        heartbeat_at_ = now + kHeartbeatEvery;
    }
    return text;
}

/// So that a reader knows its place before the first event.
std::string EventStream::opening() {
    is_open_ = true;
    heartbeat_at_ = parts_.clock.now() + kHeartbeatEvery;
    return fmt::format("retry: {}\nid: {}\nevent: open\ndata: {{}}\n\n",
                       std::chrono::milliseconds(std::chrono::seconds(1)).count(),
                       parts_.reader->cursor());
}

std::string EventStream::events(os::Instant now) {
    std::string text;
    while (text.size() < kPieceBytesUsual) {
        const auto event = parts_.reader->next(is_away_ ? now + kReconnectTimeMax : now);
        if (!event && may_come_back(event.error())) {
            later(now);
            break;
        }
        if (!event) {
            is_over_ = true;
            const auto error = contract::to_contract(event.error());
            text += fmt::format("event: error\ndata: {}\n\n",
                                ipc::to_json(to_value(error, contract::Style::readable), -1));
            break;
        }
        is_away_ = false;
        pause_ = kReconnectPauseMin;
        if (!*event) {
            break;
        }
        text += as_server_sent(**event, parts_.reader->cursor());
    }
    return text;
}

void EventStream::later(os::Instant now) {
    again_at_ = now + pause_;
    pause_ = is_away_ ? std::min<os::Duration>(pause_ * 2, kReconnectPauseMax) : pause_;
    is_away_ = true;
}

}  // namespace tillhost::sumpd::webpos
