#include "sumpd/store/import.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/base/text.h"
#include "hal/os/digest.h"
#include "hal/os/files.h"
#include "sumpd/exchange/json_codec.h"
#include "sumpd/exchange/message.h"
#include "sumpd/store/node_table.h"

namespace tillhost::sumpd::store {

using exchange::Fault;
using exchange::FaultCode;
using exchange::JobState;
using exchange::Outcome;
using exchange::refuse;

namespace {

/// Of an error's texts, as the contract bounds them.
constexpr std::size_t kErrorTextMax = 1000;

/// Faults that say nothing of the message: the same step may succeed later. A full disk may stay
/// full for days: the job ends, so that its parts can be cancelled, and the commit may come again.
bool may_pass(const Fault& fault) {
    return fault.code == FaultCode::too_many || fault.code == FaultCode::internal;
}

/// A purge takes objects away in slices: one that is staged as unchanged would go with them.
bool is_purging(Sql& sql) {
    return sql.number("SELECT number FROM counter WHERE name = 'purge_seq'") != 0;
}

Outcome<void> outcome_of(std::optional<Fault> fault) {
    return fault ? Outcome<void>(tl::unexpected(std::move(*fault))) : Outcome<void>();
}

Outcome<std::string> hash_of(std::optional<exchange::Secret>& secret, const os::Argon2Cost& cost) {
    if (!secret) {
        return std::string();
    }
    auto hash = os::password_hash(secret->text, cost);
    secret.reset();
    if (!hash && hash.error().code == base::ErrorCode::bad_field) {
        return exchange::refuse_field("Password", hash.error().detail);
    }
    if (!hash) {
        return tl::unexpected(fault_of(hash.error()));
    }
    return std::move(*hash);
}

/// Passwords are kept apart and hashed, so that they are in no body and go to no app.
Outcome<void> take_secrets(exchange::Object& object, const os::Argon2Cost& cost, StagedObject& to) {
    auto* const user = object.body ? std::get_if<exchange::User>(&*object.body) : nullptr;
    if (user == nullptr) {
        return {};
    }
    auto password = hash_of(user->password, cost);
    auto pin = hash_of(user->pin, cost);
    if (!password || !pin) {
        return tl::unexpected(password ? pin.error() : password.error());
    }
    to.password_hash = std::move(*password);
    to.pin_hash = std::move(*pin);
    return {};
}

Outcome<StagedObject> staged_from(exchange::Object object, const os::Argon2Cost& cost) {
    StagedObject staged{.kind = object.kind,
                        .id = object.id,
                        .scope = object.scope.value_or(""),
                        .deleted = object.deleted};
    if (auto taken = take_secrets(object, cost, staged); !taken) {
        return tl::unexpected(taken.error());
    }
    staged.body = exchange::to_json(object);
    staged.hash = os::sha256_hex(base::bytes_of(staged.body));
    return staged;
}

}  // namespace

struct Import::Parts final : exchange::MessageEvents {
    enum class Phase : std::uint8_t { begin, reading, absent, end, over };

    Parts(Transactions& to, const PartFiles& from, const os::Clock& of,
          const os::Argon2Cost& password_cost, ImportWork what, std::function<bool()> stop_now)
        : transactions(to),
          files(from),
          clock(of),
          cost(password_cost),
          work(std::move(what)),
          stop(std::move(stop_now)) {}

    std::optional<Fault> header(const exchange::MessageHeader& header) override;
    std::optional<Fault> object(std::int64_t number, exchange::Object object) override;
    std::optional<Fault> document(std::int64_t number, exchange::MessageDocument one) override;
    std::optional<Fault> verdict(std::int64_t number, exchange::DocumentVerdict verdict) override;
    std::optional<Fault> refused(exchange::RefusedItem item) override;

    std::optional<Fault> wrong(exchange::JobError error);
    Outcome<void> begin();
    Outcome<void> read_part();
    Outcome<void> finish_reading();
    std::optional<Fault> flush();
    Outcome<void> make_absent();
    Outcome<void> make_visible_all();
    void apply_verdicts(Sql& sql);
    Outcome<void> fail(const Fault& fault);
    void end_rows(Sql& sql, JobState state);

    Transactions& transactions;
    const PartFiles& files;
    const os::Clock& clock;
    const os::Argon2Cost cost;
    const ImportWork work;
    const std::function<bool()> stop;

    Phase phase = Phase::begin;
    std::vector<std::string> part_names{};
    std::size_t parts_read = 0;
    os::Sha256Sum sum{};
    std::unique_ptr<exchange::MessageReader> reader{};
    std::vector<StagedObject> batch{};
    std::vector<exchange::DocumentVerdict> verdicts{};
    std::int64_t verdict_count = 0;
    std::int64_t next = 0;
    std::int64_t absent_behind = 0;
    bool unnamed_wrong = false;
    exchange::GetJobResponse result{.state = JobState::running};
    std::vector<std::string> acked{};
};

Import::Import(Transactions& transactions, const PartFiles& files, const os::Clock& clock,
               const os::Argon2Cost& cost, ImportWork work, std::function<bool()> stop)
    : parts_(std::make_unique<Parts>(transactions, files, clock, cost, std::move(work),
                                     std::move(stop))) {}
Import::~Import() = default;

const exchange::GetJobResponse& Import::result() const { return parts_->result; }
std::int64_t Import::newest() const { return parts_->next - 1; }
const std::vector<std::string>& Import::acknowledged() const { return parts_->acked; }

Outcome<Import::State> Import::step() {
    using Phase = Parts::Phase;
    Parts& all = *parts_;
    Outcome<void> done;
    switch (all.phase) {
        case Phase::begin: done = all.begin(); break;
        case Phase::reading: done = all.read_part(); break;
        case Phase::absent: done = all.make_absent(); break;
        case Phase::end: done = all.make_visible_all(); break;
        case Phase::over: break;
    }
    if (!done && may_pass(done.error())) {
        return tl::unexpected(done.error());
    }
    if (!done) {
        if (auto failed = all.fail(done.error()); !failed) {
            return tl::unexpected(failed.error());
        }
    }
    if (all.phase != Phase::over) {
        return State::going;
    }
    return all.result.state == JobState::done ? State::done : State::failed;
}

Outcome<void> Import::Parts::begin() {
    auto begun = transactions.run<std::int64_t>(
        [&](Sql& sql) -> Outcome<std::int64_t> {
            if (is_purging(sql)) {
                return refuse(FaultCode::too_many, "a purge is going on");
            }
            unstage(sql);
            part_names.clear();
            for (const Row& row :
                 sql.query("SELECT part_no, sha256 FROM in_part WHERE message_id = :a"
                           " ORDER BY part_no",
                           "it", {work.message_id.text})) {
                part_names.push_back(
                    PartFiles::in_name(work.message_id, integer(row[0]), text(row[1])));
            }
            sql.run("UPDATE job SET state = :a WHERE number = :b",
                    {static_cast<std::int64_t>(JobState::running), work.job});
            return visible_seq(sql) + 1;
        },
        Need::nothing);  // it gives room back
    if (!begun) {
        return tl::unexpected(begun.error());
    }
    next = *begun;
    reader = std::make_unique<exchange::MessageReader>(*this);
    phase = Phase::reading;
    return {};
}

Outcome<void> Import::Parts::read_part() {
    if (parts_read == part_names.size()) {
        return finish_reading();
    }
    const auto bytes = os::read_file(files.in_path(part_names[parts_read]),
                                     static_cast<std::size_t>(exchange::kPartBytesMax));
    if (!bytes) {
        // Its row is there: somebody took the file away. Reading again would not bring it back.
        return refuse(FaultCode::not_found,
                      fmt::format("part {} cannot be read: {}", parts_read + 1,
                                  base::to_text(bytes.error())));
    }
    ++parts_read;
    sum.add(*bytes);
    return outcome_of(reader->feed(base::string_of(*bytes)));
}

Outcome<void> Import::Parts::finish_reading() {
    if (sum.take_hex() != work.sha256) {
        return refuse(FaultCode::bad_request, "Sha256 of the commit is not that of the parts");
    }
    if (auto fault = reader->finish()) {
        return tl::unexpected(std::move(*fault));
    }
    if (auto fault = flush()) {
        return tl::unexpected(std::move(*fault));
    }
    phase = work.full ? Phase::absent : Phase::end;
    if (work.full && unnamed_wrong) {
        phase = Phase::end;
        return outcome_of(
            wrong({.code = FaultCode::schema_invalid,
                   .message = "nothing was deleted: some objects could not be told apart"}));
    }
    return {};
}

std::optional<Fault> Import::Parts::header(const exchange::MessageHeader& header) {
    if (header.message_no != work.message_no) {
        return Fault{.code = FaultCode::bad_request,
                     .message = fmt::format("the message says that it is number {}, the commit {}",
                                            header.message_no, work.message_no)};
    }
    if (header.full != work.full) {
        return Fault{.code = FaultCode::bad_request,
                     .message = "Full of the message and of the commit are not the same"};
    }
    return std::nullopt;
}

std::optional<Fault> Import::Parts::object(std::int64_t /*number*/, exchange::Object object) {
    if (stop()) {
        return Fault{.code = FaultCode::internal, .message = "the server is stopping"};
    }
    ++result.progress;
    const std::string kind = object.kind;
    const std::string id = object.id;
    auto staged = staged_from(std::move(object), cost);
    if (!staged && may_pass(staged.error())) {
        return staged.error();
    }
    if (!staged) {
        return wrong({kind, id, staged.error().code, staged.error().message});
    }
    batch.push_back(std::move(*staged));
    return batch.size() < kImportBatchMax ? std::nullopt : flush();
}

std::optional<Fault> Import::Parts::document(std::int64_t number,
                                             exchange::MessageDocument /*one*/) {
    return wrong({.kind = "Document",
                  .code = FaultCode::unsupported_kind,
                  .message = fmt::format("item {}: documents come from apps alone", number)});
}

std::optional<Fault> Import::Parts::verdict(std::int64_t /*number*/,
                                            exchange::DocumentVerdict verdict) {
    if (++verdict_count > kImportVerdictsMax) {
        return Fault{
            .code = FaultCode::too_large,
            .message = fmt::format("at most {} results in one message", kImportVerdictsMax)};
    }
    verdicts.push_back(std::move(verdict));
    return verdicts.size() < kImportBatchMax ? std::nullopt : flush();
}

/// Only of a full message's objects it matters whether one that is wrong can be told.
std::optional<Fault> Import::Parts::refused(exchange::RefusedItem item) {
    ++result.progress;
    unnamed_wrong = unnamed_wrong || item.id.empty();
    return wrong({item.kind, item.id, item.fault.code,
                  fmt::format("item {}: {}", item.number, item.fault.message)});
}

std::optional<Fault> Import::Parts::wrong(exchange::JobError error) {
    error.message = base::cut_utf8(error.message, kErrorTextMax);
    if (work.full && !error.id.empty()) {
        // It is in the message, so that it must not go; it stays as it is.
        auto kept = transactions.run<exchange::Empty>(
            [&](Sql& sql) -> Outcome<exchange::Empty> {
                keep_named(sql, work.job, error.kind, error.id);
                return exchange::Empty{};
            },
            Need::spare);
        if (!kept) {
            return kept.error();
        }
    }
    if (result.errors.size() < exchange::kJobErrorsMax) {
        result.errors.push_back(std::move(error));
    }
    return std::nullopt;
}

std::optional<Fault> Import::Parts::flush() {
    if (batch.empty() && verdicts.empty()) {
        return std::nullopt;
    }
    std::int64_t moved = next;
    auto counts = transactions.run<StageCounts>(
        [&](Sql& sql) -> Outcome<StageCounts> {
            for (const exchange::DocumentVerdict& one : verdicts) {
                sql.run(
                    "INSERT INTO staged_verdict VALUES (:a, :b, :c, :d, :e) ON CONFLICT (doc_id)"
                    " DO UPDATE SET status = excluded.status, error = excluded.error,"
                    " erp_ref = excluded.erp_ref, erp_number = excluded.erp_number",
                    {one.doc_id.text, static_cast<std::int64_t>(one.status), one.error.value_or(""),
                     one.erp_ref.value_or(""), one.erp_number.value_or("")});
            }
            return stage(sql, work.job, batch, moved);
        },
        Need::spare);
    if (!counts) {
        return counts.error();
    }
    next = moved;
    result.applied += counts->applied;
    result.skipped += counts->skipped;
    batch.clear();
    verdicts.clear();
    return std::nullopt;
}

Outcome<void> Import::Parts::make_absent() {
    std::int64_t moved = next;
    std::int64_t behind = absent_behind;
    auto count = transactions.run<std::int64_t>(
        [&](Sql& sql) -> Outcome<std::int64_t> {
            return stage_absent(sql, work.job, behind, std::int64_t{kImportBatchMax}, moved);
        },
        Need::spare);
    if (!count) {
        return tl::unexpected(count.error());
    }
    next = moved;
    absent_behind = behind;
    result.applied += *count;
    phase = *count == 0 ? Phase::end : Phase::absent;
    return {};
}

void Import::Parts::apply_verdicts(Sql& sql) {
    const std::int64_t now_ms = clock.unix_ms();
    const auto given = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
    };
    for (const Row& row : sql.query(
             "SELECT doc_id, status, error, erp_ref, erp_number FROM staged_verdict", "tittt")) {
        apply_verdict(sql,
                      {.doc_id = {text(row[0])},
                       .status = static_cast<exchange::Verdict>(integer(row[1])),
                       .error = given(text(row[2])),
                       .erp_ref = given(text(row[3])),
                       .erp_number = given(text(row[4]))},
                      0, now_ms);
    }
    sql.run("DELETE FROM staged_verdict");
}

/// The one transaction by which all of the message can be seen, and is never taken again.
Outcome<void> Import::Parts::make_visible_all() {
    auto done = transactions.run<exchange::Empty>(
        [&](Sql& sql) -> Outcome<exchange::Empty> {
            apply_verdicts(sql);
            core::NodeState node = node_state(sql);
            acked = acknowledge(sql, node, std::min(work.ack_no, node.sent_no), clock.unix_ms());
            make_visible(sql, next);
            if (work.full) {
                sql.run("DELETE FROM meta WHERE name = 'needs_full'");
            }
            sql.run(
                "UPDATE node SET received_no = :a, received_id = :b, received_sha256 = :c,"
                " received_job = :d, last_in_ms = :e WHERE id = 1",
                {work.message_no, work.message_id.text, work.sha256, std::to_string(work.job),
                 clock.unix_ms()});
            sql.run("DELETE FROM in_part WHERE message_id = :a", {work.message_id.text});
            end_rows(sql, JobState::done);
            return exchange::Empty{};
        },
        Need::nothing);
    if (!done) {
        return tl::unexpected(done.error());
    }
    result.state = JobState::done;
    phase = Phase::over;
    for (const std::string& name : part_names) {
        // What stays by mischance is a leftover that the next start takes away.
        [[maybe_unused]] const auto removed = os::remove_file(files.in_path(name));
    }
    return {};
}

void Import::Parts::end_rows(Sql& sql, JobState state) {
    exchange::GetJobResponse final_result = result;
    final_result.state = state;
    sql.run("UPDATE job SET state = :a, ended_ms = :b, result = :c WHERE number = :d",
            {static_cast<std::int64_t>(state), clock.unix_ms(), exchange::to_json(final_result),
             work.job});
    sql.run("UPDATE in_message SET state = :a WHERE id = :b",
            {static_cast<std::int64_t>(state == JobState::done ? InState::done : InState::failed),
             work.message_id.text});
}

/// The parts stay: the same commit tries again, a cancel takes them away.
Outcome<void> Import::Parts::fail(const Fault& fault) {
    if (result.errors.size() == exchange::kJobErrorsMax) {
        result.errors.pop_back();
    }
    result.errors.push_back({.code = fault.code, .message = fault.message});
    auto failed = transactions.run<exchange::Empty>(
        [&](Sql& sql) -> Outcome<exchange::Empty> {
            unstage(sql);
            end_rows(sql, JobState::failed);
            return exchange::Empty{};
        },
        Need::nothing);
    if (!failed) {
        result.errors.pop_back();
        return tl::unexpected(failed.error());
    }
    result.state = JobState::failed;
    phase = Phase::over;
    return {};
}

}  // namespace tillhost::sumpd::store
