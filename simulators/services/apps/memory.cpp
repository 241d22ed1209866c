#include "simulators/services/apps/memory.h"

#include <algorithm>

#include "hal/base/bytes.h"
#include "hal/os/files.h"
#include "simulators/services/exchange/text.h"

namespace tillhost::simulators::apps {
namespace {

std::string diary_of(const std::string& folder) { return folder + "/phone.diary"; }

}  // namespace

base::Result<std::unique_ptr<Memory>> Memory::open(const std::string& folder, std::int64_t now_ms) {
    constexpr unsigned kFolderMode = 0750;
    TRY(os::make_folder(folder, kFolderMode));
    std::unique_ptr<Memory> memory(new Memory(folder));
    TRY(memory->load(now_ms, exchange::make_uuid(now_ms)));
    return memory;
}

base::Done Memory::load(std::int64_t /*now_ms*/, const std::string& install_id) {
    diary_ = TRY(exchange::Diary::open(diary_of(folder_)));
    for (const Value& entry : diary_->take()) {
        apply(entry);
    }
    return install_id_.empty() ? note(Value().set("installed", install_id)) : base::Done{};
}

base::Done Memory::note(const Value& entry) {
    TRY(diary_->write(entry));
    apply(entry);
    return {};
}

void Memory::apply(const Value& entry) {
    if (const Value* installed = entry.find("installed")) {
        install_id_ = installed->as_text();
    } else if (const Value* enrolled = entry.find("enrolled")) {
        enrolment_ = Enrolment{.url = enrolled->text_of("url"),
                               .pin = enrolled->text_of("pin"),
                               .device_id = enrolled->text_of("deviceId"),
                               .device_key = enrolled->text_of("deviceKey"),
                               .last_seq = enrolled->number_of("lastSeq")};
        next_seq_ = std::max(next_seq_, enrolment_->last_seq + 1);
    } else if (const Value* sale = entry.find("begun")) {
        apply_sale(*sale);
    } else if (const Value* command = entry.find("command")) {
        apply_command(*command);
    } else if (const Value* ended = entry.find("ended")) {
        apply_ended(*ended);
    } else if (entry.has("document")) {
        apply_document(entry);
    } else if (const Value* answered = entry.find("answered")) {
        apply_answered(answered->text_of("docId"), answered->text_of("status"));
    } else if (entry.has("abandoned")) {
        sale_.reset();
        ++abandoned_;
    }
}

void Memory::apply_sale(const Value& sale) {
    sale_ = Sale{.number = sale.number_of("number"),
                 .total_minor = sale.number_of("totalMinor"),
                 .card = sale.flag_of("card"),
                 .registrar = sale.text_of("registrar"),
                 .terminal = sale.text_of("terminal")};
    const auto lines = sale.all("line");
    sale_->lines.assign(lines.begin(), lines.end());
    last_sale_ = sale_->number;
}

void Memory::apply_command(const Value& command) {
    if (!sale_) {
        return;
    }
    Command made{.id = command.text_of("id"),
                 .step = command.text_of("step"),
                 .device = command.text_of("device"),
                 .op = command.text_of("op"),
                 .payload = command.text_of("payload")};
    (made.step == "pay" ? sale_->pay : sale_->fiscal) = std::move(made);
}

void Memory::apply_ended(const Value& ended) {
    for (auto* command : {sale_ ? &sale_->pay : nullptr, sale_ ? &sale_->fiscal : nullptr}) {
        if (command != nullptr && *command && (*command)->id == ended.text_of("id")) {
            (*command)->state = ended.text_of("state");
            (*command)->result = ended.at("result");
        }
    }
}

void Memory::apply_document(const Value& entry) {
    const Value& document = entry.at("document");
    next_seq_ = std::max(next_seq_, document.number_of("deviceSeq") + 1);
    if (!entry.flag_of("forgotten")) {
        queue_.push_back(document);
    }
    if (entry.has("sale") && sale_ && sale_->number == entry.number_of("sale")) {
        sale_.reset();
        ++sold_;
    }
    if (entry.has("task")) {
        tasks_.push_back(entry.text_of("task"));
    }
}

void Memory::apply_answered(const std::string& doc_id, const std::string& status) {
    std::erase_if(queue_, [&](const Value& one) { return one.text_of("docId") == doc_id; });
    set_aside_ += status == "stored" || status == "duplicate" ? 0 : 1;
}

bool Memory::did_task(const std::string& task) const {
    return std::find(tasks_.begin(), tasks_.end(), task) != tasks_.end();
}

base::Done Memory::enrolled(const Enrolment& enrolment) {
    Value fields;
    fields.set("url", enrolment.url).set("pin", enrolment.pin);
    fields.set("deviceId", enrolment.device_id).set("deviceKey", enrolment.device_key);
    fields.set("lastSeq", enrolment.last_seq);
    return note(Value().set("enrolled", fields));
}

base::Done Memory::begin_sale(const Sale& sale) {
    Value fields;
    fields.set("number", sale.number).set("totalMinor", sale.total_minor).set("card", sale.card);
    fields.set("registrar", sale.registrar).set("terminal", sale.terminal);
    return note(Value().set("begun", fields.set("line", Value::list(sale.lines))));
}

base::Done Memory::begin_command(const Command& command) {
    Value fields;
    fields.set("sale", sale_ ? sale_->number : 0).set("step", command.step);
    fields.set("id", command.id).set("device", command.device).set("op", command.op);
    return note(Value().set("command", fields.set("payload", command.payload)));
}

base::Done Memory::end_command(const std::string& id, const std::string& state, const Value& result,
                               const std::string& why) {
    Value fields;
    fields.set("id", id).set("state", state).set("result", result).set("why", why);
    return note(Value().set("ended", fields));
}

base::Done Memory::abandon_sale(const std::string& why) {
    Value fields;
    fields.set("sale", sale_ ? sale_->number : 0).set("why", why);
    return note(Value().set("abandoned", fields));
}

base::Done Memory::add_document(const Value& document, std::int64_t sale, const std::string& task,
                                bool forgotten) {
    Value entry;
    entry.set("document", document);
    if (sale > 0) {
        entry.set("sale", sale);
    }
    if (!task.empty()) {
        entry.set("task", task);
    }
    if (forgotten) {
        entry.set("forgotten", true);
    }
    return note(entry);
}

base::Done Memory::answered(const std::string& doc_id, const std::string& status) {
    return note(Value().set("answered", Value().set("docId", doc_id).set("status", status)));
}

base::Done Memory::reinstall(std::int64_t now_ms) {
    const std::string path = diary_of(folder_);
    const base::Bytes former = TRY(os::read_file(path, exchange::kDiaryBytesMax));
    TRY(os::write_atomically(path + "." + std::to_string(now_ms), former));
    TRY(os::remove_file(path));
    const std::string install_id = install_id_;
    *this = Memory(folder_);
    return load(now_ms, install_id);
}

}  // namespace tillhost::simulators::apps
