#include "simulators/services/accounting/ledger.h"

#include "hal/base/bytes.h"
#include "hal/os/files.h"

namespace tillhost::simulators::accounting {

base::Result<std::unique_ptr<Ledger>> Ledger::open(const std::string& folder, std::uint64_t seed) {
    constexpr unsigned kFolderMode = 0750;
    TRY(os::make_folder(folder, kFolderMode));
    std::unique_ptr<Ledger> ledger(new Ledger(folder, seed));
    TRY(ledger->load());
    return ledger;
}

base::Done Ledger::load() {
    diary_ = TRY(exchange::Diary::open(folder_ + "/accounting.diary"));
    received_no_ = sent_no_ = messages_ = 0;
    outgoing_.reset();
    unfinished_ = false;
    assortment_ = Assortment{.seed = seed_};
    documents_.clear();
    for (const Value& entry : diary_->take()) {
        apply(entry);
    }
    return {};
}

base::Done Ledger::note(const Value& entry) {
    TRY(diary_->write(entry));
    apply(entry);
    return {};
}

void Ledger::apply(const Value& entry) {
    if (const Value* received = entry.find("received")) {
        apply_received(*received);
    } else if (const Value* made = entry.find("made")) {
        apply_made(*made);
    } else if (entry.has("finished")) {
        unfinished_ = false;
    } else if (const Value* skipped = entry.find("skipped")) {
        received_no_ = skipped->as_number();
    }
}

void Ledger::apply_received(const Value& message) {
    received_no_ = message.number_of("number");
    ++messages_;
    for (const Value& document : message.all("document")) {
        Received& known = documents_[document.text_of("docId")];
        known.differs |= known.times > 0 && json_of(known.document) != json_of(document);
        known.document = known.times == 0 ? document : known.document;
        ++known.times;
    }
}

void Ledger::apply_made(const Value& message) {
    outgoing_ = Outgoing{.number = message.number_of("number"),
                         .id = message.text_of("id"),
                         .sha256 = message.text_of("sha256"),
                         .bytes = message.number_of("bytes"),
                         .path = message.text_of("path"),
                         .full = message.flag_of("full")};
    sent_no_ = std::max(sent_no_, outgoing_->number);
    unfinished_ = true;
    assortment_ = planned({.full = outgoing_->full,
                           .goods = message.number_of("goods"),
                           .users = message.number_of("users"),
                           .tasks = message.number_of("tasks"),
                           .first = message.number_of("first"),
                           .changed = message.number_of("changed")});
}

Assortment Ledger::planned(const Plan& plan) const {
    Assortment next = assortment_;
    next.goods = plan.goods;
    next.users = plan.users;
    next.tasks = plan.tasks;
    next.revision.resize(static_cast<std::size_t>(next.goods));
    for (std::int64_t good = plan.first; good < plan.first + plan.changed; ++good) {
        if (good >= 1 && good <= next.goods) {
            ++next.revision[static_cast<std::size_t>(good - 1)];
        }
    }
    return next;
}

base::Done Ledger::make(const Outgoing& message, const Plan& plan) {
    Value made;
    made.set("number", message.number).set("id", message.id).set("sha256", message.sha256);
    made.set("bytes", message.bytes).set("path", message.path).set("full", message.full);
    made.set("goods", plan.goods).set("users", plan.users).set("tasks", plan.tasks);
    made.set("first", plan.first).set("changed", plan.changed);
    return note(Value().set("made", made));
}

base::Done Ledger::receive(std::int64_t number, const std::vector<Value>& documents) {
    Value message;
    message.set("number", number).set("document", Value::list(documents));
    return note(Value().set("received", message));
}

base::Done Ledger::finish(const Value& outcome) { return note(Value().set("finished", outcome)); }

base::Done Ledger::skip_to(std::int64_t number) { return note(Value().set("skipped", number)); }

base::Done Ledger::forget(std::int64_t messages) {
    constexpr std::size_t kBytesMax = exchange::kDiaryBytesMax;
    const std::string text = base::string_of(TRY(os::read_file(diary_->path(), kBytesMax)));
    std::size_t end = text.size();
    for (; messages > 0 && end > 0; --messages) {
        const auto line = text.rfind("{\"received\":", end - 1);
        end = line == std::string::npos ? 0 : line;
    }
    TRY(os::write_atomically(diary_->path(), base::bytes_of(text.substr(0, end))));
    return load();
}

}  // namespace tillhost::simulators::accounting
