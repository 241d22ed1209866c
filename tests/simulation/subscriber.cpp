#include "tests/simulation/subscriber.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "ipc/contract/decoder.h"
#include "tests/simulation/client.h"

namespace tillhost::simulation {
namespace {

using contract::RequestKind;

constexpr std::int64_t kCreditLeast = 1;
constexpr std::int64_t kCreditMost = 6;
/// How long it stays with a connection on which nothing comes: an answer may have been lost.
constexpr os::Duration kPatience = std::chrono::seconds(3);

}  // namespace

Subscriber::Subscriber(Scheduler& scheduler, const os::Clock& clock, SimDevd& devd,
                       const SimStore& book, Findings& findings, Ledger& ledger,
                       std::vector<std::string> devices, Chance chance)
    : scheduler_(scheduler),
      clock_(clock),
      devd_(devd),
      book_(book),
      findings_(findings),
      ledger_(ledger),
      chance_(chance) {
    for (std::string& device : devices) {
        topics_.emplace_back().device = std::move(device);
    }
}

void Subscriber::run() {
    while (true) {
        if (connect()) {
            serve();
        }
        drop();
        scheduler_.sleep_until(scheduler_.now() + chance_.ms_between(10, 800));
    }
}

std::int64_t Subscriber::put(RequestKind kind, contract::Value body) {
    contract::Request request;
    request.kind = kind;
    request.id = ++ledger_.last_request;
    request.deadline_ms = 1000;
    request.body = std::move(body);
    devd_.request(connection_, request, {});
    return request.id;
}

bool Subscriber::connect() {
    connection_ = devd_.connect();
    if (!connection_) {
        return false;
    }
    contract::HelloRequest hello;
    hello.client = "subscriber";
    hello.versions = {1};
    hello_ = put(RequestKind::hello, contract::to_value(hello));
    for (Topic& topic : topics_) {
        contract::SubscribeRequest request;
        request.topic = "operation/" + topic.device;
        request.epoch = topic.epoch;
        request.from_seq = topic.next_seq;
        request.credit = topic.credit = chance_.between(kCreditLeast, kCreditMost);
        topic.subscription = 0;
        topic.request = put(RequestKind::subscribe, contract::to_value(request));
    }
    return true;
}

void Subscriber::serve() {
    while (connection_->open) {
        while (!connection_->arrived.empty()) {
            const contract::Reply reply = std::move(connection_->arrived.front());
            connection_->arrived.pop_front();
            take(reply);
            if (chance_.one_in(40)) {
                return;  // breaks off in the middle
            }
        }
        if (!scheduler_.wait(connection_->heard, scheduler_.now() + kPatience)) {
            for (const Topic& topic : topics_) {
                if (topic.subscription == 0) {
                    return;  // its answer got lost
                }
            }
        }
    }
}

void Subscriber::drop() {
    if (connection_) {
        devd_.close(connection_);
        connection_.reset();
    }
}

void Subscriber::take(const contract::Reply& reply) {
    const auto* body = std::get_if<contract::Value>(&reply.outcome);
    for (Topic& topic : topics_) {
        if (reply.id != topic.request) {
            continue;
        }
        if (body == nullptr) {
            findings_.add("subscriber: refused: " + std::get<contract::Error>(reply.outcome).text);
        } else if (reply.is_event && topic.subscription == 0) {
            // The answer to subscribe got lost before it: a connection to be given up soon.
        } else if (reply.is_event) {
            take(topic, contract::from_value<contract::Event>(*body).value());
        } else {
            const auto made = contract::from_value<contract::SubscribeReply>(*body).value();
            topic.subscription = made.subscription;
            if (topic.epoch == 0) {
                topic.epoch = made.epoch;
                topic.next_seq = made.next_seq;
                topic.told_up_to_ms = clock_.unix_ms();
            }
        }
        return;
    }
}

void Subscriber::take(Topic& topic, const contract::Event& event) {
    scheduler_.trace().say(scheduler_.now(), "subscriber", "{} event {}/{}: {}", topic.device,
                           event.epoch, event.seq, contract::case_of(event.body));
    if (--topic.credit < 0) {
        findings_.add("subscriber: an event without credit");
    }
    const auto* gap = std::get_if<contract::Gap>(&event.body);
    const bool goes_on = event.epoch == topic.epoch && event.seq >= topic.next_seq;
    if (!goes_on && !(gap != nullptr && gap->restarted && event.epoch > topic.epoch)) {
        findings_.add(fmt::format("subscriber: event {}/{} came where {}/{} was due", event.epoch,
                                  event.seq, topic.epoch, topic.next_seq));
    }
    if (gap != nullptr && gap->from_seq != topic.next_seq) {
        findings_.add(fmt::format("subscriber: a gap from {} where {} was due", gap->from_seq,
                                  topic.next_seq));
    }
    topic.epoch = event.epoch;
    topic.next_seq = event.seq + 1;
    if (gap != nullptr) {
        topic.told_up_to_ms = event.at_ms;
    } else {
        take(topic, std::get<contract::Operation>(event.body));
    }
    give_credit(topic);
}

void Subscriber::take(Topic& topic, const contract::Operation& operation) {
    const auto row = book_.rows().find(operation.operation_id);
    if (row != book_.rows().end() && row->second.version < operation.version) {
        findings_.add(fmt::format("subscriber: version {} of {} was told before it was on disk",
                                  operation.version, operation.operation_id.to_text()));
    }
    const auto known = topic.told.find(operation.operation_id);
    if (known != topic.told.end() && known->second.version >= operation.version) {
        findings_.add(fmt::format("subscriber: version {} of {} came after version {}",
                                  operation.version, operation.operation_id.to_text(),
                                  known->second.version));
    }
    if (row == book_.rows().end() && operation.version == 1) {
        // Only acknowledged operations are forgotten, and none is at its acceptance.
        findings_.add(fmt::format("subscriber: {} was told and is not in the book",
                                  operation.operation_id.to_text()));
    }
    topic.told.insert_or_assign(operation.operation_id, operation);
}

void Subscriber::give_credit(Topic& topic) {
    if (topic.credit > 1 && !chance_.one_in(3)) {
        return;
    }
    const std::int64_t more = chance_.between(kCreditLeast, kCreditMost);
    topic.credit += more;
    put(RequestKind::credit, contract::to_value(contract::CreditRequest{topic.subscription, more}));
}

void Subscriber::check(bool may_forget) const {
    for (const Topic& topic : topics_) {
        for (const auto& [id, row] : book_.rows()) {
            if (row.device != topic.device || !is_final(row.state) ||
                row.settled_at_ms <= topic.told_up_to_ms) {
                continue;
            }
            const auto told = topic.told.find(id);
            if (told == topic.told.end() || told->second.state != row.state) {
                findings_.add(fmt::format("subscriber: {} became {} and nobody said so, nor a gap",
                                          id.to_text(), contract::name_of(row.state)));
            }
        }
        for (const auto& [id, operation] : topic.told) {
            if (!may_forget && !book_.rows().contains(id)) {
                findings_.add(
                    fmt::format("subscriber: {} was told and is not in the book", id.to_text()));
            }
        }
    }
}

}  // namespace tillhost::simulation
