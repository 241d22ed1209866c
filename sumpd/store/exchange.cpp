#include "sumpd/store/exchange.h"

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
    return outbox_.prepare(request);
}
Outcome<exchange::GetPartResponse> Exchange::part(const exchange::GetPart& request) {
    return outbox_.part(request);
}
Outcome<exchange::ConfirmMessageResponse> Exchange::confirm(
    const exchange::ConfirmMessage& request) {
    return outbox_.confirm(request);
}
Outcome<exchange::PutPartResponse> Exchange::put_part(const exchange::PutPart& request) {
    return inbox_.put_part(request);
}
Outcome<exchange::CommitMessageResponse> Exchange::commit(const exchange::CommitMessage& request) {
    return inbox_.commit(request);
}
Outcome<exchange::GetJobResponse> Exchange::job(const exchange::GetJob& request) {
    return inbox_.job(request);
}
Outcome<exchange::Empty> Exchange::cancel(const exchange::CancelMessage& request) {
    return inbox_.cancel(request);
}

void Exchange::stop() { inbox_.stop(); }

}  // namespace tillhost::sumpd::store
