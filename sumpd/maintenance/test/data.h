#pragma once

#include <string>

#include "hal/base/ids.h"
#include "sumpd/maintenance/maintenance.h"
#include "sumpd/store/command_fence.h"
#include "sumpd/store/test/messages.h"

// Data in a store as a day leaves them.
namespace tillhost::sumpd::maintenance {

using store::device;
using store::document;
using store::goods;
using store::kNode;
using store::Sql;
using store::uuid_of;
using store::World;

inline constexpr std::int64_t kDay = 24LL * 3600 * 1000;

inline exchange::PutResult put(World& world, const exchange::Document& one,
                               std::uint64_t from = 1) {
    const auto response = world.documents().put(device(from), {{one}});
    EXPECT_TRUE(response) << response.error().message;
    return response ? response->results.at(0) : exchange::PutResult{};
}
inline exchange::PutResult put(World& world, std::uint64_t number, std::int64_t seq) {
    return put(world, document(number, seq));
}

/// The accounting system takes all that waits; those that are named it rejects.
inline void exchange_all(World& world, const std::vector<std::uint64_t>& rejected = {}) {
    static_cast<void>(world.exchange().configure(kNode));
    const std::int64_t acked = world.exchange().node()->acked_no;
    const auto prepared = world.exchange().prepare(store::prepare_request(acked));
    ASSERT_TRUE(prepared) << prepared.error().message;
    if (prepared->empty) {
        return;
    }
    exchange::ConfirmMessage confirm{.node = kNode, .message_no = prepared->message_no};
    for (const std::uint64_t number : rejected) {
        confirm.results.push_back({.doc_id = uuid_of(number),
                                   .status = exchange::Verdict::rejected,
                                   .error = "no such good"});
    }
    ASSERT_TRUE(world.exchange().confirm(confirm));
}

inline exchange::DocumentState state_of(World& world, std::uint64_t number) {
    const auto status = world.documents().status({{uuid_of(number)}});
    EXPECT_TRUE(status);
    return status ? status->results.at(0).state : exchange::DocumentState::unspecified;
}

inline void run_sql(World& world, const std::string& statement, const store::Row& values = {}) {
    ASSERT_TRUE(world.transactions().run<bool>([&](Sql& sql) -> exchange::Outcome<bool> {
        sql.run(statement, values);
        return true;
    }));
}

inline void add_command(World& world, const std::string& id, int stage, bool told) {
    run_sql(world,
            "INSERT INTO device_command (id, app_device, device_ref, op, payload, sha256,"
            " start_before_ms, stage, result, error, told)"
            " VALUES (:a, 'app', 'kassa', 'receipt', '{}', 'h', :b, :c, '', '', :d)",
            {id, world.clock().unix_ms() + 60'000, std::int64_t{stage}, std::int64_t{told}});
}

/// As an app makes them, at a time.
inline std::string command_id(std::int64_t made_ms) {
    static std::uint64_t made = 0;
    return base::OperationId::make(static_cast<std::uint64_t>(made_ms), {++made, 1}).to_text();
}

/// What stands in the way of commands that are not there (store/command_fence.h).
inline store::CommandFence fence_of(World& world) {
    return {world.number("SELECT number FROM counter WHERE name = 'command_before_ms'"),
            world.number("SELECT number FROM counter WHERE name = 'command_book'")};
}

/// All that an app gets, reading without a cursor; the last cursor.
inline std::vector<std::string> ids_seen(World& world, std::string& cursor) {
    std::vector<std::string> ids;
    exchange::GetChanges request{.max_bytes = 50'000};
    for (bool more = true; more;) {
        const auto response = world.changes().get(device(1), request);
        EXPECT_TRUE(response);
        if (!response) {
            break;
        }
        for (const exchange::Object& object : response->objects) {
            ids.push_back(object.kind + "/" + object.id);
        }
        request.cursor = cursor = response->cursor;
        more = response->more;
    }
    return ids;
}

}  // namespace tillhost::sumpd::maintenance
