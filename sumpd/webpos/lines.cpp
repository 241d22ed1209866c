#include "sumpd/webpos/lines.h"

#include <fmt/format.h>

#include <utility>

#include "ipc/contract/replies.h"

namespace tillhost::sumpd::webpos {

using base::ErrorCode;
using base::Result;
using client::Client;
using contract::Value;

namespace {

/// A connection may be lost between the look at its session and the request: once more, then.
constexpr int kTries = 2;

Value with_session(const Value& body, std::int64_t session) {
    Value::Map map;
    if (const auto* fields = body.get_if<Value::Map>()) {
        map = *fields;
    }
    std::erase_if(map, [](const auto& entry) { return entry.first == "session"; });
    map.emplace_back("session", Value(session));
    return Value(std::move(map));
}

}  // namespace

DeviceLines::Line::Line(Line&& other) noexcept
    : of_(std::exchange(other.of_, nullptr)),
      digest_(std::move(other.digest_)),
      client_(std::move(other.client_)) {}

DeviceLines::Line::~Line() {
    if (of_ != nullptr) {
        of_->give_back(digest_, std::move(client_));
    }
}

/// The place of a new one, with no client; or one that is idle.
Result<std::unique_ptr<Client>> DeviceLines::reserve(const std::string& digest) {
    std::unique_ptr<Client> evicted;  // ends behind the lock
    const std::lock_guard lock(mutex_);
    std::size_t& used = used_[digest];
    if (used >= kLinesPerTokenMax) {
        return base::make_error(
            ErrorCode::retry_later,
            fmt::format("{} requests of this token are under way", kLinesPerTokenMax));
    }
    Clients& mine = idle_[digest];
    if (!mine.empty()) {
        std::unique_ptr<Client> client = std::move(mine.back());
        mine.pop_back();
        ++used;
        return client;
    }
    if (count_ >= kLinesMax) {
        for (auto& [other, clients] : idle_) {
            if (!clients.empty()) {
                evicted = std::move(clients.back());
                clients.pop_back();
                --count_;
                break;
            }
        }
    }
    if (count_ >= kLinesMax) {
        return base::make_error(ErrorCode::retry_later,
                                fmt::format("{} requests are under way", kLinesMax));
    }
    ++used;
    ++count_;
    return std::unique_ptr<Client>();
}

void DeviceLines::give_back(const std::string& digest, std::unique_ptr<Client> client) {
    const std::lock_guard lock(mutex_);
    --used_[digest];
    Clients& mine = idle_[digest];
    if (client != nullptr && mine.size() < kIdleLinesPerTokenMax) {
        mine.push_back(std::move(client));
        return;
    }
    --count_;
    if (mine.empty() && used_[digest] == 0) {
        idle_.erase(digest);
        used_.erase(digest);
    }
}

Result<DeviceLines::Line> DeviceLines::take(const WebToken& token, os::Deadline deadline) {
    auto client = TRY(reserve(token.digest));
    Line line(*this, token.digest);
    line.client_ = std::move(client);
    if (line.client_ == nullptr) {
        line.client_ = TRY(connect_(token, deadline));
    }
    return line;
}

Result<DeviceLines::Answer> DeviceLines::ask(const WebToken& token, contract::RequestKind kind,
                                             const Value& body, std::int64_t book,
                                             os::Deadline deadline) {
    Line line = TRY(take(token, deadline));
    Client& client = line.client();
    client.expect_book(book);
    for (int attempt = 1;; ++attempt) {
        const std::int64_t session = TRY(client.session(deadline));
        auto reply = client.request(
            kind, contract::has_session(kind) ? with_session(body, session) : body, deadline);
        if (reply) {
            Value readable = TRY(contract::readable_reply(kind, *reply));
            return Answer{std::move(readable), client.hello().book};
        }
        const bool again = reply.error().code == ErrorCode::stale_session && attempt < kTries;
        if (!again) {
            return std::move(reply).error();
        }
    }
}

client::ClientOptions options_for(const WebToken& token) {
    return {.name = "web-" + token.name, .at_most = token.role, .only_devices = token.devices};
}

DeviceLines::Connect connect_to_devd(std::string endpoint, os::Clock& clock) {
    return [endpoint = std::move(endpoint), &clock](const WebToken& token, os::Deadline deadline) {
        client::ClientOptions options = options_for(token);
        options.endpoint = endpoint;
        return Client::connect(std::move(options), clock, deadline);
    };
}

}  // namespace tillhost::sumpd::webpos
