#include "tests/simulation/person.h"

#include <fmt/format.h>

#include "ipc/contract/decoder.h"

namespace tillhost::simulation {

using contract::OperationState;
using contract::RequestKind;
using simulators::FiscalDocumentType;

namespace {

constexpr std::int64_t kAnswerMs = 3000;
/// A doubt that the device cannot settle is looked at so long before a person decides.
constexpr os::Duration kHesitation = std::chrono::seconds(6);
/// How long the right registrar is looked for; longer than any swap lasts.
constexpr os::Duration kSearch = std::chrono::seconds(60);

/// A family without kinds of receipts says none.
bool is_receipt_of(const simulators::FiscalDocument& document, const contract::Receipt& receipt,
                   std::int64_t total_minor) {
    const bool kind = document.operation == simulators::FiscalOperation::none ||
                      static_cast<int>(document.operation) == static_cast<int>(receipt.kind);
    return kind && document.total_minor == total_minor;
}

}  // namespace

const Task* task_of(const Ledger& ledger, const base::OperationId& id) {
    for (const Task& task : ledger.tasks) {
        for (const Attempt& attempt : task.attempts) {
            if (attempt.id == id) {
                return &task;
            }
        }
    }
    return nullptr;
}

std::optional<Task> own_task(const std::string& client, const std::string& device,
                             std::string_view command) {
    if (client != "devd") {
        return std::nullopt;
    }
    Task task;
    task.number = -1;
    task.device = device;
    if (command == "open_shift") {
        task.command = contract::OpenShift{};
    } else {
        task.command = contract::CloseShift{};
    }
    return task;
}

bool is_document_of(const simulators::FiscalDocument& document, const Task& task) {
    const contract::Command& command = task.command;
    switch (document.type) {
        case FiscalDocumentType::receipt: {
            const auto* receipt = std::get_if<contract::Receipt>(&command);
            return receipt != nullptr && is_receipt_of(document, *receipt, task.total_minor);
        }
        case FiscalDocumentType::correction: {
            const auto* correction = std::get_if<contract::Correction>(&command);
            return correction != nullptr &&
                   is_receipt_of(document, correction->receipt, task.total_minor);
        }
        case FiscalDocumentType::cash_in:
            return std::holds_alternative<contract::CashIn>(command) &&
                   document.total_minor == task.total_minor;
        case FiscalDocumentType::cash_out:
            return std::holds_alternative<contract::CashOut>(command) &&
                   document.total_minor == task.total_minor;
        case FiscalDocumentType::shift_open:
            return std::holds_alternative<contract::OpenShift>(command);
        case FiscalDocumentType::shift_close:
            return std::holds_alternative<contract::CloseShift>(command);
        case FiscalDocumentType::registration:
        case FiscalDocumentType::settlement: break;
    }
    return false;
}

Person::Person(Scheduler& scheduler, SimDevd& devd, SimStore& store, Findings& findings,
               Ledger& ledger, const std::vector<std::unique_ptr<Counter>>& counters, Chance chance)
    : scheduler_(scheduler),
      store_(store),
      findings_(findings),
      ledger_(ledger),
      counters_(counters),
      chance_(chance),
      conversation_(scheduler, devd, findings, ledger, "person", Chance(chance.next(), 0)) {}

void Person::run() {
    while (true) {
        scheduler_.sleep_until(scheduler_.now() + chance_.ms_between(4000, 9000));
        if (conversation_.open() || conversation_.connect()) {
            look();
        }
    }
}

void Person::look() {
    contract::OperationsRequest request;
    request.unsettled_only = true;
    const auto reply =
        conversation_.ask(RequestKind::operations, contract::to_value(request), kAnswerMs);
    const auto* body = reply ? std::get_if<contract::Value>(&reply->outcome) : nullptr;
    if (body == nullptr) {
        return;
    }
    const auto list = contract::from_value<contract::OperationsReply>(*body);
    for (const contract::Operation& operation : list.value().operations) {
        if (operation.state == OperationState::in_doubt) {
            consider(operation);
        } else if (operation.error && operation.error->code == "compensation_open") {
            see_to_sale(operation);
        }
    }
}

void Person::consider(const contract::Operation& operation) {
    const bool cannot_tell = operation.error && operation.error->code == "device_in_doubt";
    const std::optional<Task> task = task_behind(operation);
    if (!task) {
        findings_.add("an operation is in doubt that no client made");
        return;
    }
    // The registrar that was used is not there. By and by somebody finds it, and its paper.
    const bool elsewhere = operation.error && operation.error->code == "wrong_device";
    if (!cannot_tell && !elsewhere) {
        seen_.erase(operation.operation_id);
        return;
    }
    const auto [seen, is_new] = seen_.emplace(operation.operation_id, scheduler_.now());
    if (!is_new && scheduler_.now() - seen->second >= (elsewhere ? kSearch : kHesitation)) {
        decide(operation, *task);
    }
}

std::optional<Task> Person::task_behind(const contract::Operation& operation) const {
    if (auto own = own_task(operation.client, operation.device, operation.command)) {
        return own;
    }
    if (operation.parent) {
        const auto row = store_.rows().find(operation.operation_id);
        return row == store_.rows().end() ? std::nullopt : step_task(ledger_, row->second);
    }
    const Task* task = task_of(ledger_, operation.operation_id);
    return task == nullptr ? std::nullopt : std::optional<Task>(*task);
}

namespace {

bool names(const contract::OperationResult& result, const Paper& paper) {
    const auto* fiscal = std::get_if<contract::FiscalResult>(&result);
    return fiscal != nullptr && fiscal->serial == paper.serial && paper.document->number != 0 &&
           fiscal->fiscal_document_number == paper.document->number;
}

}  // namespace

/// Whether a paper is another operation's: as the book knows it, or as a till remembers it that has
/// acknowledged what the book has forgotten.
bool Person::is_taken(const std::function<bool(const contract::OperationResult&)>& names,
                      const base::OperationId& by_other_than) const {
    for (const auto& [id, row] : store_.rows()) {
        if (id != by_other_than && row.result && names(*row.result)) {
            return true;
        }
    }
    for (const Task& task : ledger_.tasks) {
        for (const Attempt& attempt : task.attempts) {
            if (attempt.id != by_other_than && attempt.told && attempt.told->result &&
                names(*attempt.told->result)) {
                return true;
            }
        }
    }
    return false;
}

const Paper* Person::paper_of(const contract::Operation& operation, const Task& task) const {
    for (auto paper = papers_.rbegin(); paper != papers_.rend(); ++paper) {
        const auto of_paper = [&](const auto& result) { return names(result, *paper); };
        if (is_document_of(*paper->document, task) && !is_taken(of_paper, operation.operation_id)) {
            return &*paper;
        }
    }
    return nullptr;
}

/// A person is bothered only where the device cannot know: somebody else used it, or it has lost
/// what it would have told.
void Person::check_need(const Registrar& registrar, const Task& task, const Paper* paper,
                        bool elsewhere) {
    if (!registrar.was_used_elsewhere() && !elsewhere) {
        findings_.add(
            fmt::format("{}: a person was asked about task {}, though nobody else used "
                        "the registrar",
                        registrar.id(), task.number));
    } else if (!elsewhere && paper != nullptr && registrar.planned().driver == "fiscal/shtrih" &&
               registrar.pending_answer_safe()) {
        findings_.add(
            fmt::format("{}: a person was asked about task {}, though the registrar had "
                        "kept its answer",
                        registrar.id(), task.number));
    }
}

bool Person::decide_by_paper(const Registrar& registrar, const contract::Operation& operation,
                             const Task& task, contract::DecideRequest& request) {
    papers_ = registrar.papers();
    const Paper* paper = paper_of(operation, task);
    check_need(registrar, task, paper, operation.error->code == "wrong_device");
    request.verdict =
        paper != nullptr ? contract::Verdict::executed : contract::Verdict::not_executed;
    request.fiscal_document_number = paper != nullptr ? paper->document->number : 0;
    return true;
}

void Person::decide(const contract::Operation& operation, const Task& task) {
    contract::DecideRequest request;
    request.session = conversation_.session();
    request.operation_id = operation.operation_id;
    request.version = operation.version;
    request.note = "by the paper";
    for (const auto& counter : counters_) {
        if (counter->id() != task.device) {
            continue;
        }
        const bool sees = counter->registrar() != nullptr
                              ? decide_by_paper(*counter->registrar(), operation, task, request)
                              : decide_by_journal(*counter->terminal(), operation, task, request);
        if (!sees) {
            return;
        }
    }
    scheduler_.trace().say(scheduler_.now(), "person", "decides {} about task {}",
                           contract::name_of(request.verdict), task.number);
    send(request);
}

void Person::send(const contract::DecideRequest& request) {
    const auto reply =
        conversation_.ask(RequestKind::decide, contract::to_value(request), kAnswerMs);
    const auto* error = reply ? std::get_if<contract::Error>(&reply->outcome) : nullptr;
    if (error == nullptr) {
        ledger_.decided.insert(request.operation_id);  // or perhaps: the answer may be lost
        return;
    }
    if (error->code == "stale_session" || error->code == "no_session") {
        conversation_.close();
    } else if (error->code != "wrong_state") {  // somebody or something was faster
        findings_.add(fmt::format("person: decide was answered {}: {}", error->code, error->text));
    }
}

}  // namespace tillhost::simulation
