#include "sumpd/store/exchange.h"

#include <fmt/format.h>

#include "sumpd/store/node_table.h"

namespace tillhost::sumpd::store {

using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;

namespace {

struct Names {
    std::set<std::string> in{};
    std::set<std::string> out{};
};

/// The files that rows name.
Outcome<Names> names_in_use(Sql& sql) {
    Names names;
    for (const Row& row : sql.query("SELECT message_id, part_no, sha256 FROM in_part", "tit")) {
        names.in.insert(PartFiles::in_name({text(row[0])}, integer(row[1]), text(row[2])));
    }
    for (const Row& row : sql.query("SELECT id FROM out_message WHERE acked_ms = 0", "t")) {
        names.out.insert(PartFiles::out_name({text(row[0])}));
    }
    return names;
}

std::vector<exchange::KindSupport> supported_kinds() {
    std::vector<exchange::KindSupport> kinds;
    for (const std::string_view name : exchange::document_kinds()) {
        kinds.push_back({.name = std::string(name), .send = true});
    }
    for (const std::string_view name : exchange::object_kinds()) {
        kinds.push_back({.name = std::string(name), .receive = true});
    }
    return kinds;
}

}  // namespace

Exchange::Exchange(PartFiles files, Transactions& transactions, Changes& changes,
                   const os::Clock& clock, const os::Logger& logger, const ServerKey& key,
                   ExchangeSettings settings)
    : transactions_(transactions),
      clock_(clock),
      settings_(std::move(settings)),
      files_(std::move(files)),
      audit_(transactions, clock),
      outbox_(transactions, files_, clock, settings_.server_name),
      inbox_(transactions, changes, outbox_, files_, clock, logger,
             SecretMaker(key, settings_.password_cost), settings_.rules) {}

base::Result<std::unique_ptr<Exchange>> Exchange::open(
    const std::string& folder, Transactions& transactions, Changes& changes, const os::Clock& clock,
    const os::Logger& logger, const ServerKey& key, ExchangeSettings settings) {
    auto files = TRY(PartFiles::open(folder));
    const auto names = transactions.read<Names>(names_in_use);
    if (!names) {
        return base::make_error(base::ErrorCode::storage_failed, names.error().message);
    }
    TRY(files.keep_only(names->in, names->out));
    std::unique_ptr<Exchange> made(new Exchange(std::move(files), transactions, changes, clock,
                                                logger, key, std::move(settings)));
    made->inbox_.start();
    return made;
}

Outcome<exchange::Empty> Exchange::configure(const std::string& node) {
    return transactions_.run<exchange::Empty>([&](Sql& sql) -> Outcome<exchange::Empty> {
        const core::NodeState state = node_state(sql);
        if (!state.code.empty()) {
            if (is_former(sql, node)) {
                return exchange::Empty{};
            }
            const auto right = core::check_node(state, node);
            return right ? Outcome<exchange::Empty>() : tl::unexpected(right.error());
        }
        if (node.empty()) {
            return exchange::refuse_field("Node", "a name");
        }
        sql.run("UPDATE node SET code = :a WHERE id = 1", {node});
        return exchange::Empty{};
    });
}

Outcome<core::NodeState> Exchange::node() {
    return transactions_.read<core::NodeState>(
        [](Sql& sql) -> Outcome<core::NodeState> { return node_state(sql); });
}

Outcome<NodeFacts> Exchange::facts() {
    return transactions_.read<NodeFacts>(
        [](Sql& sql) -> Outcome<NodeFacts> { return node_facts(sql); });
}

Outcome<std::int64_t> Exchange::accept_numbers(const PeerNumbers& numbers, const SendAgain& again,
                                               const Person& who) {
    std::vector<std::string> gone;
    auto done = transactions_.run<std::int64_t>(
        [&](Sql& sql) -> Outcome<std::int64_t> {
            const core::NodeState before = node_state(sql);
            auto count = store::accept_numbers(sql, numbers, again, clock_.unix_ms(), gone);
            if (count) {
                audit_.note(sql,
                            {.actor = who.login,
                             .address = who.address,
                             .action = "exchange.numbers",
                             .target = before.code,
                             .before = fmt::format("acknowledged {}, received {}", before.acked_no,
                                                   before.received_no),
                             .after = fmt::format("acknowledged {}, received {}, {} again",
                                                  numbers.ack_no, numbers.next_no - 1, *count)});
            }
            return count;
        },
        Need::nothing);
    if (done) {
        outbox_.forget(gone);
    }
    return done;
}

Outcome<std::int64_t> Exchange::hand_over(const std::string& code, const SendAgain& again,
                                          const Person& who) {
    std::vector<std::string> gone;
    auto done = transactions_.run<std::int64_t>(
        [&](Sql& sql) -> Outcome<std::int64_t> {
            const core::NodeState before = node_state(sql);
            auto count = store::hand_over(sql, code, again, clock_.unix_ms(), gone);
            if (count) {
                audit_.note(sql, {.actor = who.login,
                                  .address = who.address,
                                  .action = "exchange.hand_over",
                                  .target = code,
                                  .before = before.code,
                                  .after = fmt::format("{}, {} documents again", code, *count)});
            }
            return count;
        },
        Need::nothing);
    if (done) {
        outbox_.forget(gone);
    }
    return done;
}

template <class T>
Outcome<T> Exchange::noted(Outcome<T> outcome) {
    if (!outcome && is_refusal_of_node(outcome.error().code)) {
        // Not kept: the console does not show it, and the accounting system is told anyway.
        static_cast<void>(transactions_.run<bool>(
            [&](Sql& sql) -> Outcome<bool> {
                note_refusal(sql, outcome.error(), clock_.unix_ms());
                return true;
            },
            Need::nothing));
    }
    return outcome;
}

Outcome<exchange::TestConnectionResponse> Exchange::test_connection(
    const exchange::TestConnection& request) {
    const auto state = node();
    if (!state) {
        return tl::unexpected(state.error());
    }
    if (const auto right = core::check_node(*state, request.node); !right) {
        return tl::unexpected(right.error());
    }
    return exchange::TestConnectionResponse{
        .server_name = settings_.server_name,
        .contract_versions = {std::string(exchange::kContractVersion)},
        .sent_no = state->sent_no,
        .received_no = state->received_no,
        .max_part_size = exchange::kPartBytesMax,
        .server_time = {.unix_ms = clock_.unix_ms()},
        .kinds = supported_kinds()};
}

Outcome<exchange::PrepareMessageResponse> Exchange::prepare(
    const exchange::PrepareMessage& request) {
    return noted(outbox_.prepare(request));
}
Outcome<exchange::GetPartResponse> Exchange::part(const exchange::GetPart& request) {
    return outbox_.part(request);
}
Outcome<exchange::ConfirmMessageResponse> Exchange::confirm(
    const exchange::ConfirmMessage& request) {
    return noted(outbox_.confirm(request));
}
Outcome<exchange::PutPartResponse> Exchange::put_part(const exchange::PutPart& request) {
    return inbox_.put_part(request);
}
Outcome<exchange::CommitMessageResponse> Exchange::commit(const exchange::CommitMessage& request) {
    return noted(inbox_.commit(request));
}
Outcome<exchange::GetJobResponse> Exchange::job(const exchange::GetJob& request) {
    return inbox_.job(request);
}
Outcome<exchange::Empty> Exchange::cancel(const exchange::CancelMessage& request) {
    return inbox_.cancel(request);
}

Outcome<std::int64_t> Exchange::forget_abandoned(std::int64_t before_ms) {
    return inbox_.forget_abandoned(before_ms);
}

void Exchange::stop() { inbox_.stop(); }

}  // namespace tillhost::sumpd::store
