#include "simulators/services/accounting/accounting.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <mutex>
#include <optional>

#include "hal/base/bytes.h"
#include "hal/os/files.h"
#include "simulators/services/accounting/courier.h"
#include "simulators/services/exchange/text.h"

namespace tillhost::simulators::accounting {
namespace {

using base::ErrorCode;
using exchange::Option;

constexpr std::array<Option, 15> kOptions{
    {{"--url", "", "of sumpd, https://HOST:PORT"},
     {"--pin", "", "SHA-256 of the public key of its certificate, hex"},
     {"--node", "central", "code of this accounting system"},
     {"--shop", "shop", "code by which messages call sumpd"},
     {"--login", "erp", "signs in by this name"},
     {"--password-file", "", "and with the first line of this file"},
     {"--form", "json", "envelope: json, xml, soap11, soap12"},
     {"--take", "ndjson", "documents come as ndjson or xml"},
     {"--part-bytes", "262144", "4096 to 524288"},
     {"--state", "", "folder of what it remembers; outlives kill -9"},
     {"--fetch-ms", "0", "fetches documents that often; 0: when told"},
     {"--drop-permille", "0", "of all answers that are thrown away"},
     {"--cut-permille", "0", "of all exchanges that are cut"},
     {"--control", "", "UNIX socket for devsim ctl"},
     {"--seed", "1", "names, prices and passwords come from it"}}};

/// Work in the queue; more are refused.
constexpr std::size_t kJobsMax = 64;

constexpr std::string_view kCommands =
    R"(Commands (devsim ctl ENDPOINT do NAME [k=v...]); "state" tells what came of the last one:
  send               goods=N users=N tasks=N: all objects, as a full message
                     changed=N first=N: new prices of some goods
                     form=xml|ndjson gzip=true bom=true
                     reversed=true: parts in the wrong order; corrupt_part=N: one is damaged
                     skip=N: leaves out so many numbers; back=N: goes back by so many
  repeat             the last message once more, byte by byte
  other_bytes        another message under the last number
  fetch              documents that wait
  test               node=CODE: as another system
  line               drop_permille=N cut_permille=N bytes_per_second=N
  old_backup         messages=N: forgets the last messages that came, as a restored database
  skip_to            number=N: takes that number as received
)";

struct Job {
    std::int64_t number = 0;
    std::string name{};
    Value keys{};
};

class Accounting final : public exchange::Service {
public:
    Accounting(CourierOptions options, std::unique_ptr<exchange::Caller> caller,
               std::unique_ptr<Ledger> ledger, const os::Clock& clock, std::int64_t fetch_ms)
        : caller_(std::move(caller)),
          ledger_(std::move(ledger)),
          fetch_ms_(fetch_ms),
          courier_(std::move(options), *caller_, *ledger_, pause_, clock) {}

    void run() override;
    void stop() override { pause_.stop(); }
    base::Result<Value> ask(const Value& request) override;

private:
    base::Result<Value> take_job(const Value& request);
    void carry_out(const Job& job);
    base::Result<Outcome> act(const Job& job);
    base::Result<Outcome> send(const Value& keys);
    base::Result<Outcome> deliver(const Outgoing& message, const Oddity& oddity);
    base::Result<Plan> plan_of(const Value& keys) const;
    void tell(const Job& job, const base::Result<Outcome>& outcome);
    void publish();

    std::unique_ptr<exchange::Caller> caller_;
    std::unique_ptr<Ledger> ledger_;
    std::int64_t fetch_ms_;
    exchange::Pause pause_;
    Courier courier_;
    std::string counted_for_ = "nothing yet";  ///< the message behind which holdings_ were counted
    Value holdings_;

    std::mutex mutex_;  // guards what stands below; the ledger is the worker's
    std::deque<Job> jobs_;
    std::int64_t last_job_ = 0;
    Value shown_state_;
    Value shown_documents_ = Value::list();
    Value last_ = Value::record();
};

base::Result<bool> yes(const Value& keys, std::string_view name) {
    const std::string text = keys.text_of(name);
    if (!text.empty() && text != "true" && text != "false") {
        return base::bad_field(name, "true or false");
    }
    return text == "true";
}

void Accounting::run() {
    publish();
    if (ledger_->unfinished()) {
        tell({.name = "resume"}, deliver(*ledger_->outgoing(), {}));
    }
    while (!pause_.stopped()) {
        std::optional<Job> job;
        {
            const std::scoped_lock lock(mutex_);
            if (!jobs_.empty()) {
                job = jobs_.front();
                jobs_.pop_front();
            }
        }
        if (job) {
            carry_out(*job);
            continue;
        }
        constexpr std::int64_t kIdleMs = 1000;
        pause_.wait(fetch_ms_ > 0 ? fetch_ms_ : kIdleMs);
        if (fetch_ms_ > 0 && !pause_.stopped()) {
            const base::Result<Outcome> fetched = courier_.fetch();
            if (!fetched || !fetched->code.empty()) {
                tell({.name = "fetch"}, fetched);
            }
            publish();
        }
    }
}

void Accounting::carry_out(const Job& job) {
    const base::Result<Outcome> outcome = act(job);
    publish();
    tell(job, outcome);
}

base::Result<Outcome> Accounting::act(const Job& job) {
    constexpr std::int64_t kNumberMax = 1'000'000'000;
    if (job.name == "send") {
        return send(job.keys);
    }
    if (job.name == "fetch") {
        return courier_.fetch();
    }
    if (job.name == "test") {
        return courier_.test(job.keys.text_of("node"));
    }
    if (job.name == "line") {
        caller_->line().set_faults(TRY(exchange::read_line_faults(job.keys)));
        return Outcome{};
    }
    if (job.name == "old_backup") {
        const std::int64_t messages =
            TRY(exchange::key_number(job.keys, "messages", 1, 1, kNumberMax));
        TRY(ledger_->forget(messages));
        return Outcome{};
    }
    if (job.name == "skip_to") {
        const std::int64_t number = TRY(exchange::key_number(job.keys, "number", 0, 0, kNumberMax));
        TRY(ledger_->skip_to(number));
        return Outcome{};
    }
    if (!ledger_->outgoing()) {
        return base::bad_field("do", "send, before anything is repeated");
    }
    if (job.name == "repeat") {
        return deliver(*ledger_->outgoing(), {});
    }
    const Assortment& now = ledger_->assortment();
    const Plan plan{.goods = now.goods, .users = now.users, .tasks = now.tasks, .changed = 1};
    const Outgoing other = TRY(courier_.write(plan, {}, ledger_->sent_no()));
    return deliver(other, {});
}

base::Result<Plan> Accounting::plan_of(const Value& keys) const {
    const Assortment& now = ledger_->assortment();
    Plan plan;
    plan.full = !keys.has("changed");
    plan.goods = TRY(exchange::key_number(keys, "goods", now.goods, 0, kGoodsMax));
    plan.users = TRY(exchange::key_number(keys, "users", now.users, 0, kUsersMax));
    plan.tasks = TRY(exchange::key_number(keys, "tasks", now.tasks, 0, kTasksMax));
    plan.changed = TRY(exchange::key_number(keys, "changed", 0, 1, kGoodsMax));
    plan.first = TRY(exchange::key_number(keys, "first", 1, 1, kGoodsMax));
    return plan;
}

base::Result<Outcome> Accounting::send(const Value& keys) {
    constexpr std::int64_t kSkipMax = 1'000'000;
    const Plan plan = TRY(plan_of(keys));
    MessageForm form{.xml = keys.text_of("form") == "xml"};
    form.gzip = TRY(yes(keys, "gzip"));
    form.bom = TRY(yes(keys, "bom"));
    Oddity oddity;
    oddity.reversed = TRY(yes(keys, "reversed"));
    oddity.corrupt_part = TRY(exchange::key_number(keys, "corrupt_part", 0, 0, kSkipMax));
    const std::int64_t skip = TRY(exchange::key_number(keys, "skip", 0, 0, kSkipMax));
    const std::int64_t back = TRY(exchange::key_number(keys, "back", 0, 0, kSkipMax));
    const std::int64_t number = std::max<std::int64_t>(1, ledger_->sent_no() + 1 + skip - back);
    const Outgoing message = TRY(courier_.write(plan, form, number));
    return deliver(message, oddity);
}

base::Result<Outcome> Accounting::deliver(const Outgoing& message, const Oddity& oddity) {
    base::Result<Outcome> outcome = courier_.bring(message, oddity);
    if (outcome) {  // not where it was stopped: then it goes on at the next start
        Value told;
        TRY(ledger_->finish(told.set("number", message.number).set("code", outcome->code)));
    }
    return outcome;
}

void Accounting::tell(const Job& job, const base::Result<Outcome>& outcome) {
    Value last;
    last.set("job", job.number).set("name", job.name);
    last.set("done", outcome.has_value() && outcome->code.empty());
    last.set("code", outcome ? outcome->code : std::string(base::name_of(outcome.error().code)));
    last.set("detail", outcome ? outcome->detail : outcome.error().detail);
    last.set("told", outcome ? outcome->told : Value());
    const std::scoped_lock lock(mutex_);
    last_ = std::move(last);
}

void Accounting::publish() {
    const std::string made = ledger_->outgoing() ? ledger_->outgoing()->id : "";
    if (made != counted_for_) {
        holdings_ = holdings_of(ledger_->assortment());
        counted_for_ = made;
    }
    Value state;
    state.set("received_no", ledger_->received_no()).set("sent_no", ledger_->sent_no());
    state.set("messages", ledger_->messages());
    state.set("documents", static_cast<std::int64_t>(ledger_->documents().size()));
    state.set("holdings", holdings_);
    state.set("dropped", static_cast<std::int64_t>(caller_->line().dropped()));
    state.set("cut", static_cast<std::int64_t>(caller_->line().cut()));
    Value documents = Value::list();
    for (const auto& [id, received] : ledger_->documents()) {
        Value one;
        one.set("times", received.times).set("differs", received.differs);
        documents.items.push_back(one.set("document", received.document));
    }
    const std::scoped_lock lock(mutex_);
    shown_state_ = std::move(state);
    shown_documents_ = std::move(documents);
}

base::Result<Value> Accounting::ask(const Value& request) {
    const std::string command = request.text_of("command");
    if (command == "do") {
        return take_job(request);
    }
    const std::scoped_lock lock(mutex_);
    if (command == "state") {
        Value state = shown_state_;
        state.set("jobs_waiting", static_cast<std::int64_t>(jobs_.size())).set("last", last_);
        return Value().set("state", state);
    }
    if (command == "documents") {
        return Value().set("received", shown_documents_);
    }
    return base::bad_field("command", "state, documents or do");
}

base::Result<Value> Accounting::take_job(const Value& request) {
    constexpr std::array<std::string_view, 8> kNames{"send", "repeat",     "other_bytes", "fetch",
                                                     "test", "old_backup", "skip_to",     "line"};
    const std::string name = request.text_of("name");
    if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
        return base::bad_field("name", "a command that devsim services/accounting --help names");
    }
    const std::scoped_lock lock(mutex_);
    if (jobs_.size() == kJobsMax) {
        return base::make_error(ErrorCode::retry_later, "too many commands wait");
    }
    jobs_.push_back({.number = ++last_job_, .name = name, .keys = request.at("keys")});
    pause_.wake();
    return Value().set("job", last_job_);
}

base::Result<std::string> first_line(const std::string& path) {
    constexpr std::size_t kPasswordBytesMax = 4096;
    const std::string text = base::string_of(TRY(os::read_file(path, kPasswordBytesMax)));
    return text.substr(0, text.find('\n'));
}

}  // namespace

base::Result<std::unique_ptr<exchange::Service>> make_accounting(std::span<const std::string> words,
                                                                 const os::Clock& clock) {
    constexpr std::int64_t kMsMax = 3'600'000, kPartMin = 4096, kPartMax = 524'288;
    const exchange::Options options = TRY(exchange::Options::read(words, kOptions));
    const std::int64_t seed = TRY(options.number("--seed", 0, INT64_MAX));
    const std::int64_t fetch_ms = TRY(options.number("--fetch-ms", 0, kMsMax));
    CourierOptions courier{.node = options.text("--node"),
                           .shop = options.text("--shop"),
                           .folder = options.text("--state")};
    courier.part_bytes = TRY(options.number("--part-bytes", kPartMin, kPartMax));
    courier.take_xml = options.text("--take") == "xml";
    if (courier.folder.empty()) {
        return base::bad_field("--state", "a folder");
    }
    const exchange::Form form = TRY(exchange::form_of(options.text("--form")));
    auto caller = TRY(exchange::Caller::create(form, options.text("--url"), options.text("--pin"),
                                               static_cast<std::uint64_t>(seed)));
    caller->line().set_faults(TRY(exchange::line_faults_of(options)));
    const std::string password = TRY(first_line(options.text("--password-file")));
    caller->authorise("Basic " + exchange::base64_of(options.text("--login") + ":" + password));
    auto ledger = TRY(Ledger::open(courier.folder, static_cast<std::uint64_t>(seed)));
    return std::unique_ptr<exchange::Service>(std::make_unique<Accounting>(
        std::move(courier), std::move(caller), std::move(ledger), clock, fetch_ms));
}

std::string accounting_help() {
    return fmt::format(
        "devsim services/accounting: a simulated accounting system, a client of sumpd. A test "
        "tool.\n\n{}\n{}",
        exchange::help_of(kOptions), kCommands);
}

}  // namespace tillhost::simulators::accounting
