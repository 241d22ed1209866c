#include "sumpd/store/changes.h"

#include <algorithm>
#include <chrono>

#include "hal/base/invariant.h"
#include "sumpd/core/cursor.h"
#include "sumpd/exchange/json_codec.h"
#include "sumpd/store/staging.h"

namespace tillhost::sumpd::store {

using exchange::FaultCode;
using exchange::Outcome;

namespace {

constexpr std::int64_t kPageRows = 500;

/// What one call gives: the bodies, and up to where everything was looked at.
struct Packet {
    std::vector<std::string> bodies{};
    std::int64_t reached = 0;
};

struct Wanted {
    std::int64_t behind = 0;
    std::int64_t visible = 0;
    std::string store_id{};
    std::int64_t bytes_max = 0;
    const std::vector<exchange::KindWanted>* kinds = nullptr;

    bool wants(const std::string& kind) const {
        if (kinds->empty()) {
            return true;
        }
        for (const exchange::KindWanted& one : *kinds) {
            if (one.name == kind) {
                return true;
            }
        }
        return false;
    }
};

class Packing final {
public:
    explicit Packing(const Wanted& wanted) : wanted_(wanted) { packet_.reached = wanted.behind; }

    Packet pack(Sql& sql) {
        bool more = true;
        while (more) {
            const auto rows = sql.query(
                "SELECT seq, kind, body FROM object WHERE seq > :a AND seq <= :b"
                " AND (superseded_by = 0 OR superseded_by > :c) AND (scope = '' OR scope = :d)"
                " ORDER BY seq LIMIT :e",
                "itt",
                {packet_.reached, wanted_.visible, wanted_.visible, wanted_.store_id, kPageRows});
            more = take(rows) && static_cast<std::int64_t>(rows.size()) == kPageRows;
        }
        if (!full_) {
            packet_.reached = wanted_.visible;
        }
        return std::move(packet_);
    }

private:
    /// False: the packet is full.
    bool take(const std::vector<Row>& rows) {
        for (const Row& row : rows) {
            if (wanted_.wants(text(row[1])) && !add(text(row[2]))) {
                full_ = true;
                return false;
            }
            packet_.reached = integer(row[0]);
        }
        return true;
    }

    bool add(const std::string& body) {
        const auto bytes = bytes_ + static_cast<std::int64_t>(body.size());
        const bool fits =
            packet_.bodies.empty() ||
            (bytes <= wanted_.bytes_max && packet_.bodies.size() < exchange::kPacketObjectsMax);
        if (fits) {
            bytes_ = bytes;
            packet_.bodies.push_back(body);
        }
        return fits;
    }

    const Wanted& wanted_;
    Packet packet_{};
    std::int64_t bytes_ = 0;
    bool full_ = false;
};

Outcome<std::vector<exchange::Object>> objects_of(const std::vector<std::string>& bodies) {
    std::vector<exchange::Object> objects;
    objects.reserve(bodies.size());
    for (const std::string& body : bodies) {
        auto object = exchange::from_json<exchange::Object>(body, exchange::kAnswerBounds);
        if (!object) {
            return exchange::refuse(FaultCode::internal,
                                    "an object cannot be read back: " + object.error().message);
        }
        objects.push_back(std::move(*object));
    }
    return objects;
}

/// The text of the answer, into which the objects are put.
std::string text_of(exchange::GetChangesResponse response, std::vector<std::string> bodies) {
    constexpr std::string_view kBehind = "\"cursor\":";
    const std::string around = exchange::to_json(std::move(response));
    const std::size_t at = around.find(kBehind);  // before it stands an epoch, which is a UUID
    INVARIANT(at != std::string::npos);
    std::size_t bytes = around.size() + kBehind.size() + bodies.size();
    for (const std::string& body : bodies) {
        bytes += body.size();
    }
    std::string text;
    text.reserve(bytes + kBehind.size());
    text.append(around, 0, at);
    const char* before = "\"object\":[";
    for (std::string& body : bodies) {
        text.append(before).append(body);
        body = std::string();  // many packets are made at once
        before = ",";
    }
    text.append(bodies.empty() ? "" : "],").append(around, at);
    return text;
}

/// Where the app stands; one that reads for the first time begins now.
Outcome<core::Cursor> cursor_asked(const exchange::GetChanges& request, const std::string& epoch,
                                   const std::string& scope_hash, std::int64_t newest) {
    if (!request.cursor) {
        return core::Cursor{epoch, 0, scope_hash, newest};
    }
    auto cursor = core::cursor_from(*request.cursor);
    if (!cursor) {
        return cursor;
    }
    const auto place = core::place_of(*cursor, epoch, scope_hash, newest);
    return place ? cursor : tl::unexpected(place.error());
}

/// In the transaction that reads: what is forgotten between a look and the reading would be missed.
Outcome<Packet> packet_behind(Sql& sql, const core::Cursor& cursor, const Wanted& wanted) {
    const auto told =
        core::check_floor(cursor, sql.number("SELECT number FROM counter WHERE name = 'floor'"));
    if (!told) {
        return tl::unexpected(told.error());
    }
    return Packing(wanted).pack(sql);
}

}  // namespace

base::Result<std::unique_ptr<Changes>> Changes::open(Transactions& transactions) {
    std::string epoch;
    const auto newest = transactions.read<std::int64_t>([&](Sql& sql) -> Outcome<std::int64_t> {
        epoch = sql.text("SELECT text FROM meta WHERE name = 'epoch'");
        return visible_seq(sql);
    });
    if (!newest) {
        return base::make_error(base::ErrorCode::storage_failed, newest.error().message);
    }
    return std::unique_ptr<Changes>(new Changes(transactions, epoch, *newest));
}

/// An answer, and its objects apart.
struct Changes::Found {
    exchange::GetChangesResponse response{};
    std::vector<std::string> bodies{};
};

Outcome<Changes::Found> Changes::find(const AskingDevice& device,
                                      const exchange::GetChanges& request) {
    const std::string scope_hash = core::scope_hash_of(device.store_id, request.kinds);
    const std::string epoch = this->epoch();
    auto asked = cursor_asked(request, epoch, scope_hash, newest());
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    const std::int64_t behind = asked->seq;
    const std::int64_t visible = wait_beyond(behind, request.wait_ms.value_or(0));
    Found found{.response = {.epoch = epoch}};
    std::int64_t reached = behind;
    if (visible > behind) {
        const Wanted wanted{behind, visible, device.store_id, request.max_bytes, &request.kinds};
        auto packet = transactions_.read<Packet>(
            [&](Sql& sql) -> Outcome<Packet> { return packet_behind(sql, *asked, wanted); });
        if (!packet) {
            return tl::unexpected(packet.error());
        }
        found.bodies = std::move(packet->bodies);
        reached = packet->reached;
    }
    // Asked behind the reading: versions that became invisible meanwhile may have been tidied away
    // under it, and then there is more.
    found.response.server_seq = newest();
    found.response.more = reached < found.response.server_seq;
    const std::int64_t begun_at = reached < asked->begun_at ? asked->begun_at : 0;
    found.response.cursor = core::to_text({epoch, reached, scope_hash, begun_at});
    return found;
}

Outcome<exchange::GetChangesResponse> Changes::get(const AskingDevice& device,
                                                   const exchange::GetChanges& request) {
    auto found = find(device, request);
    if (!found) {
        return tl::unexpected(found.error());
    }
    auto objects = objects_of(found->bodies);
    if (!objects) {
        return tl::unexpected(objects.error());
    }
    found->response.objects = std::move(*objects);
    return std::move(found->response);
}

Outcome<std::string> Changes::get_as_json(const AskingDevice& device,
                                          const exchange::GetChanges& request) {
    auto found = find(device, request);
    if (!found) {
        return tl::unexpected(found.error());
    }
    return text_of(std::move(found->response), std::move(found->bodies));
}

std::optional<std::string> Changes::unmoved_as_json(const AskingDevice& device,
                                                    const exchange::GetChanges& request) const {
    if (!request.cursor || request.wait_ms.value_or(0) > 0) {
        return std::nullopt;
    }
    const std::string scope_hash = core::scope_hash_of(device.store_id, request.kinds);
    const std::string epoch = this->epoch();
    const std::int64_t newest = this->newest();
    const auto asked = cursor_asked(request, epoch, scope_hash, newest);
    if (!asked || asked->seq != newest) {
        return std::nullopt;
    }
    return exchange::to_json(
        exchange::GetChangesResponse{.epoch = epoch,
                                     .cursor = core::to_text({epoch, newest, scope_hash, 0}),
                                     .more = false,
                                     .server_seq = newest});
}

std::int64_t Changes::wait_beyond(std::int64_t seq, std::int64_t wait_ms) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (newest_ > seq || wait_ms <= 0 || stop_) {
        return newest_;
    }
    if (waiters_ >= kChangeWaitersMax) {
        return newest_;  // as if it had not asked to wait
    }
    ++waiters_;
    changed_.wait_for(lock, std::chrono::milliseconds(wait_ms),
                      [&] { return newest_ > seq || stop_; });
    --waiters_;
    return newest_;
}

void Changes::moved_to(std::int64_t newest) {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        newest_ = std::max(newest_, newest);  // edits tell in any order
    }
    changed_.notify_all();
}

void Changes::begin_anew(std::string epoch, std::int64_t newest) {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        epoch_ = std::move(epoch);
        newest_ = newest;
    }
    changed_.notify_all();
}

void Changes::stop() {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
}

std::string Changes::epoch() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return epoch_;
}

std::int64_t Changes::newest() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return newest_;
}

}  // namespace tillhost::sumpd::store
