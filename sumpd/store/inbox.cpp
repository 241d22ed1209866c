#include "sumpd/store/inbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "hal/os/digest.h"
#include "hal/os/files.h"
#include "sumpd/core/numbering.h"
#include "sumpd/exchange/json_codec.h"
#include "sumpd/store/node_table.h"
#include "sumpd/store/staging.h"

namespace tillhost::sumpd::store {

using exchange::FaultCode;
using exchange::JobState;
using exchange::Outcome;
using exchange::refuse;

namespace {

/// An import that the disk or the queue has hindered begins anew so much later.
constexpr std::chrono::milliseconds kAgainAfter{1000};
constexpr std::int64_t kTidyAtOnce = 500;

struct InMessage {
    InState state = InState::open;
    std::int64_t no = 0;
    std::string sha256{};
    std::int64_t part_count = 0;
    std::int64_t job = 0;
};

std::optional<InMessage> in_message(Sql& sql, const std::string& id) {
    const auto row = sql.first(
        "SELECT state, no, sha256, part_count, job FROM in_message WHERE id = :a", "iitii", {id});
    if (!row) {
        return std::nullopt;
    }
    return InMessage{static_cast<InState>(integer((*row)[0])), integer((*row)[1]), text((*row)[2]),
                     integer((*row)[3]), integer((*row)[4])};
}

/// The highest numbers of so many: a list of all in each answer would grow with the square.
std::vector<std::int64_t> numbers_to(std::int64_t count) {
    std::vector<std::int64_t> numbers;
    for (std::int64_t i = std::max<std::int64_t>(1, count - kPartsListedMax + 1); i <= count; ++i) {
        numbers.push_back(i);
    }
    return numbers;
}

std::vector<std::int64_t> parts_here(Sql& sql, const std::string& id) {
    std::vector<std::int64_t> numbers;
    for (const Row& row :
         sql.query("SELECT part_no FROM in_part WHERE message_id = :a ORDER BY part_no DESC"
                   " LIMIT :b",
                   "i", {id, kPartsListedMax})) {
        numbers.push_back(integer(row[0]));
    }
    std::reverse(numbers.begin(), numbers.end());
    return numbers;
}

/// Files of a message's parts.
std::vector<std::string> part_files(Sql& sql, const std::string& id) {
    std::vector<std::string> names;
    for (const Row& row :
         sql.query("SELECT part_no, sha256 FROM in_part WHERE message_id = :a", "it", {id})) {
        names.push_back(PartFiles::in_name({id}, integer(row[0]), text(row[1])));
    }
    return names;
}

void forget_message(Sql& sql, const std::string& id, std::vector<std::string>& gone) {
    for (std::string& name : part_files(sql, id)) {
        gone.push_back(std::move(name));
    }
    sql.run("DELETE FROM in_part WHERE message_id = :a", {id});
    sql.run("DELETE FROM in_message WHERE id = :a", {id});
}

/// A message whose first part has come, in the place of the oldest where there are too many.
void open_message(Sql& sql, const std::string& id, std::int64_t now_ms,
                  std::vector<std::string>& gone) {
    const auto open =
        sql.query("SELECT id FROM in_message WHERE state IN (1, 4) ORDER BY at_ms, id", "t");
    for (std::size_t i = 0; i + kOpenMessagesMax <= open.size(); ++i) {
        forget_message(sql, text(open[i][0]), gone);
    }
    sql.run("INSERT INTO in_message VALUES (:a, :b, 0, 0, '', 0, 0, 0, :c, 0)",
            {id, static_cast<std::int64_t>(InState::open), now_ms});
}

/// Notes a part whose file is on the disk.
Outcome<exchange::PutPartResponse> note_part(Sql& sql, const exchange::PutPart& request,
                                             std::int64_t now_ms, std::vector<std::string>& gone) {
    const std::string& id = request.message_id.text;
    const auto message = in_message(sql, id);
    if (message && message->state == InState::done) {
        gone.push_back(PartFiles::in_name(request.message_id, request.part_no, request.sha256));
        return exchange::PutPartResponse{numbers_to(message->part_count)};
    }
    const auto former =
        sql.first("SELECT sha256, bytes FROM in_part WHERE message_id = :a AND part_no = :b", "ti",
                  {id, request.part_no});
    const std::string there = former ? text((*former)[0]) : "";
    if (there == request.sha256) {
        return exchange::PutPartResponse{parts_here(sql, id)};
    }
    if (message && message->state == InState::committed) {
        return refuse(FaultCode::message_conflict, "the message is committed with other parts");
    }
    if (!message) {
        open_message(sql, id, now_ms, gone);
    }
    if (!there.empty()) {
        gone.push_back(PartFiles::in_name(request.message_id, request.part_no, there));
    }
    sql.run(
        "INSERT INTO in_part VALUES (:a, :b, :c, :d) ON CONFLICT (message_id, part_no)"
        " DO UPDATE SET sha256 = excluded.sha256, bytes = excluded.bytes",
        {id, request.part_no, request.sha256, static_cast<std::int64_t>(request.data.size())});
    const std::int64_t more = static_cast<std::int64_t>(request.data.size()) -
                              (former ? integer((*former)[1]) : std::int64_t{0});
    sql.run("UPDATE in_message SET bytes = bytes + :a WHERE id = :b", {more, id});
    if (sql.number("SELECT bytes FROM in_message WHERE id = :a", {id}) > kInMessageBytesMax) {
        return refuse(FaultCode::too_large,
                      fmt::format("a message has at most {} bytes", kInMessageBytesMax));
    }
    return exchange::PutPartResponse{parts_here(sql, id)};
}

/// What a commit finds already, or nothing where it is to begin a job.
Outcome<std::optional<exchange::CommitMessageResponse>> already(
    Sql& sql, const exchange::CommitMessage& request) {
    const core::NodeState node = node_state(sql);
    if (auto right = core::check_node(node, request.node); !right) {
        return tl::unexpected(right.error());
    }
    const auto arrival =
        core::judge(node, {request.message_no, request.message_id.text, request.sha256});
    if (!arrival) {
        return tl::unexpected(arrival.error());
    }
    if (*arrival == core::Arrival::repeated) {
        return exchange::CommitMessageResponse{
            sql.text("SELECT received_job FROM node WHERE id = 1"), JobState::done};
    }
    if (auto right = core::check_ack(node, request.ack_no); !right) {
        return tl::unexpected(right.error());
    }
    const auto going = sql.first("SELECT no, sha256, job FROM in_message WHERE state = 2", "iti");
    if (!going) {
        return std::optional<exchange::CommitMessageResponse>();
    }
    if (integer((*going)[0]) != request.message_no) {
        return tl::unexpected(exchange::Fault{
            .code = FaultCode::too_many,
            .message = fmt::format("message {} is still being applied", integer((*going)[0])),
            .retry_after_ms = kAgainAfter.count()});
    }
    if (text((*going)[1]) != request.sha256) {
        return refuse(
            FaultCode::message_conflict,
            fmt::format("message {} is being applied with other bytes", request.message_no));
    }
    return exchange::CommitMessageResponse{std::to_string(integer((*going)[2])), JobState::running};
}

Outcome<void> check_parts(Sql& sql, const exchange::CommitMessage& request) {
    std::int64_t next = 1;
    for (const Row& row :
         sql.query("SELECT part_no FROM in_part WHERE message_id = :a ORDER BY part_no", "i",
                   {request.message_id.text})) {
        if (integer(row[0]) != next) {
            break;
        }
        ++next;
    }
    if (next <= request.part_count) {
        return refuse(FaultCode::bad_request, fmt::format("part {} is not here", next));
    }
    const std::int64_t here =
        sql.number("SELECT count(*) FROM in_part WHERE message_id = :a", {request.message_id.text});
    if (here != request.part_count) {
        return refuse(FaultCode::bad_request, fmt::format("{} parts are here, PartCount says {}",
                                                          here, request.part_count));
    }
    return {};
}

std::int64_t begin_job(Sql& sql, const exchange::CommitMessage& request, std::int64_t now_ms) {
    const std::int64_t job = sql.number("SELECT number FROM counter WHERE name = 'job'") + 1;
    sql.run("UPDATE counter SET number = :a WHERE name = 'job'", {job});
    sql.run("INSERT INTO job VALUES (:a, 'import', :b, :c, :d, 0, '')",
            {job, request.message_id.text, static_cast<std::int64_t>(JobState::queued), now_ms});
    sql.run("DELETE FROM job WHERE number <= :a", {job - kJobsKeptMax});
    sql.run("DELETE FROM in_message WHERE state = 3 AND job <= :a", {job - kJobsKeptMax});
    sql.run(
        "UPDATE in_message SET state = :a, no = :b, ack_no = :c, sha256 = :d, part_count = :e,"
        " is_full = :f, job = :g WHERE id = :h",
        {static_cast<std::int64_t>(InState::committed), request.message_no, request.ack_no,
         request.sha256, request.part_count, std::int64_t{request.full}, job,
         request.message_id.text});
    return job;
}

std::optional<ImportWork> work_queued(Sql& sql) {
    const auto row = sql.first(
        "SELECT job, id, no, ack_no, part_count, sha256, is_full FROM in_message WHERE state = 2"
        " ORDER BY job",
        "itiiiti");
    if (!row) {
        return std::nullopt;
    }
    return ImportWork{.job = integer((*row)[0]),
                      .message_id = {text((*row)[1])},
                      .message_no = integer((*row)[2]),
                      .ack_no = integer((*row)[3]),
                      .part_count = integer((*row)[4]),
                      .sha256 = text((*row)[5]),
                      .full = integer((*row)[6]) != 0};
}

}  // namespace

Inbox::Inbox(Transactions& transactions, Changes& changes, Outbox& outbox, const PartFiles& files,
             const os::Clock& clock, const os::Logger& logger, SecretMaker secrets,
             ObjectRules* rules)
    : transactions_(transactions),
      changes_(changes),
      outbox_(outbox),
      files_(files),
      clock_(clock),
      logger_(logger),
      secrets_(std::move(secrets)),
      rules_(rules) {}

Inbox::~Inbox() { stop(); }

void Inbox::remove_parts(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        // What stays by mischance is a leftover that the next start takes away.
        [[maybe_unused]] const auto removed = os::remove_file(files_.in_path(name));
    }
}

Outcome<exchange::PutPartResponse> Inbox::put_part(const exchange::PutPart& request) {
    if (os::sha256_hex(request.data) != request.sha256) {
        return refuse(FaultCode::bad_request, "Sha256 is not that of Data");
    }
    const std::lock_guard<std::mutex> guard(parts_mutex_);
    if (!transactions_.has_room(Need::spare)) {
        return refuse(FaultCode::disk_full, "the server's disk is nearly full");
    }
    const std::string name =
        PartFiles::in_name(request.message_id, request.part_no, request.sha256);
    if (const auto written = os::write_atomically(files_.in_path(name), request.data); !written) {
        return tl::unexpected(fault_of(written.error()));
    }
    std::vector<std::string> gone;
    auto noted = transactions_.run<exchange::PutPartResponse>(
        [&](Sql& sql) { return note_part(sql, request, clock_.unix_ms(), gone); }, Need::spare);
    if (noted) {
        remove_parts(gone);
    } else if (noted.error().code == FaultCode::message_conflict ||
               noted.error().code == FaultCode::too_large) {
        remove_parts({name});  // no row names it: one that did would have been answered
    }
    return noted;
}

Outcome<exchange::CommitMessageResponse> Inbox::commit(const exchange::CommitMessage& request) {
    const std::lock_guard<std::mutex> guard(parts_mutex_);
    auto done = transactions_.run<exchange::CommitMessageResponse>(
        [&](Sql& sql) -> Outcome<exchange::CommitMessageResponse> {
            auto found = already(sql, request);
            if (!found) {
                return tl::unexpected(found.error());
            }
            if (*found) {
                return **found;
            }
            if (auto right = check_parts(sql, request); !right) {
                return tl::unexpected(right.error());
            }
            return exchange::CommitMessageResponse{
                std::to_string(begin_job(sql, request, clock_.unix_ms())), JobState::queued};
        },
        Need::spare);
    if (done && done->state == JobState::queued) {
        const std::lock_guard<std::mutex> work_guard(mutex_);
        work_ = true;
        changed_.notify_all();
    }
    return done;
}

Outcome<exchange::Empty> Inbox::cancel(const exchange::CancelMessage& request) {
    const std::lock_guard<std::mutex> guard(parts_mutex_);
    std::vector<std::string> gone;
    auto done = transactions_.run<exchange::Empty>(
        [&](Sql& sql) -> Outcome<exchange::Empty> {
            const auto message = in_message(sql, request.message_id.text);
            if (message && message->state == InState::committed) {
                return refuse(FaultCode::message_conflict, "the message is being applied");
            }
            if (message && message->state == InState::done) {
                return refuse(FaultCode::message_conflict, "the message was applied");
            }
            forget_message(sql, request.message_id.text, gone);
            return exchange::Empty{};
        },
        Need::nothing);
    if (done) {
        remove_parts(gone);
    }
    return done;
}

Outcome<std::int64_t> Inbox::forget_abandoned(std::int64_t before_ms) {
    const std::lock_guard<std::mutex> guard(parts_mutex_);
    std::vector<std::string> gone;
    auto done = transactions_.run<std::int64_t>(
        [&](Sql& sql) -> Outcome<std::int64_t> {
            const auto rows = sql.query(
                "SELECT id FROM in_message WHERE state IN (1, 4) AND at_ms < :a", "t", {before_ms});
            for (const Row& row : rows) {
                forget_message(sql, text(row[0]), gone);
            }
            return static_cast<std::int64_t>(rows.size());
        },
        Need::nothing);
    if (done) {
        remove_parts(gone);
    }
    return done;
}

Outcome<exchange::GetJobResponse> Inbox::job_now(const std::string& job_id) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(job_id.data(), job_id.data() + job_id.size(), number);
    const bool is_number = error == std::errc() && end == job_id.data() + job_id.size();
    auto stored = transactions_.read<exchange::GetJobResponse>(
        [&](Sql& sql) -> Outcome<exchange::GetJobResponse> {
            const auto row =
                is_number
                    ? sql.first("SELECT state, result FROM job WHERE number = :a", "it", {number})
                    : std::nullopt;
            if (!row) {
                return refuse(FaultCode::not_found, "there is no such job");
            }
            if (!text((*row)[1]).empty()) {
                return exchange::from_json<exchange::GetJobResponse>(text((*row)[1]),
                                                                     exchange::kAnswerBounds);
            }
            return exchange::GetJobResponse{.state = static_cast<JobState>(integer((*row)[0]))};
        });
    if (stored) {
        // Also where the disk has its end already: it is told when apps can see what it has made.
        const std::lock_guard<std::mutex> guard(mutex_);
        if (running_ == job_id) {
            return progress_;
        }
    }
    return stored;
}

Outcome<exchange::GetJobResponse> Inbox::job(const exchange::GetJob& request) {
    std::uint64_t ended = 0;
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        ended = ended_;
    }
    auto now = job_now(request.job_id);
    const bool going = now && (now->state == JobState::queued || now->state == JobState::running);
    const std::int64_t wait_ms = request.wait_ms.value_or(0);
    if (!going || wait_ms <= 0) {
        return now;
    }
    {
        std::unique_lock<std::mutex> lock(mutex_);
        if (waiters_ >= kJobWaitersMax) {
            return tl::unexpected(exchange::Fault{.code = FaultCode::too_many,
                                                  .message = "too many wait for jobs",
                                                  .retry_after_ms = wait_ms});
        }
        ++waiters_;
        // One import runs at a time, so that any end is the end of the one that is waited for.
        changed_.wait_for(lock, std::chrono::milliseconds(wait_ms),
                          [&] { return ended_ != ended || stop_; });
        --waiters_;
    }
    return job_now(request.job_id);
}

void Inbox::start() {
    thread_ = std::make_unique<os::Thread>("sumpd import", [this] { run(); });
}

void Inbox::stop() {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    thread_.reset();
}

bool Inbox::stopping() {
    const std::lock_guard<std::mutex> guard(mutex_);
    return stop_;
}

bool Inbox::wait_for_work() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return work_ || stop_; });
    work_ = false;
    return !stop_;
}

void Inbox::run() {
    while (wait_for_work()) {
        const auto work = transactions_.read<std::optional<ImportWork>>(
            [](Sql& sql) -> Outcome<std::optional<ImportWork>> { return work_queued(sql); });
        const bool over = work && (!*work || apply(**work));
        tidy_all();
        if (!over) {
            std::unique_lock<std::mutex> lock(mutex_);
            changed_.wait_for(lock, kAgainAfter, [this] { return stop_; });
            work_ = true;
        }
    }
}

bool Inbox::apply(const ImportWork& work) {
    Import import(transactions_, files_, clock_, secrets_, rules_, work,
                  [this] { return stopping(); });
    tell(std::to_string(work.job), import.result(), false);
    while (!stopping()) {
        const auto state = import.step();
        if (!state) {
            logger_.warning("an import begins anew", {{"message", std::to_string(work.message_no)},
                                                      {"reason", state.error().message}});
            return false;
        }
        if (*state == Import::State::done) {
            changes_.moved_to(import.newest());
            outbox_.forget(import.acknowledged());
        }
        const bool ended = *state != Import::State::going;
        tell(std::to_string(work.job), import.result(), ended);
        if (ended) {
            logger_.info("a message was read",
                         {{"message", std::to_string(work.message_no)},
                          {"applied", std::to_string(import.result().applied)},
                          {"errors", std::to_string(import.result().errors.size())}});
            return true;
        }
    }
    return true;
}

void Inbox::tell(const std::string& job_id, const exchange::GetJobResponse& progress, bool ended) {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        running_ = ended ? "" : job_id;
        progress_ = progress;
        ended_ += ended ? 1 : 0;
    }
    if (ended) {
        changed_.notify_all();
    }
}

/// Also what an earlier run of the server left.
void Inbox::tidy_all() {
    bool more = true;
    while (more && !stopping()) {
        const auto done = transactions_.run<bool>(
            [](Sql& sql) -> Outcome<bool> { return tidy(sql, kTidyAtOnce); }, Need::nothing);
        more = done.value_or(false);
    }
}

}  // namespace tillhost::sumpd::store
