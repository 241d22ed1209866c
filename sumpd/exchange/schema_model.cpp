#include "sumpd/exchange/schema_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tillhost::sumpd::exchange {
namespace {

struct Renamed {
    std::string_view found;  // the names of the records around, one behind the other
    std::string_view better;
};
/// The names that the records have in our sources; types are found by their first place.
constexpr std::array kRenamed = {
    Renamed{"TestConnectionResponseKind", "KindSupport"},
    Renamed{"PrepareMessageFormat", "MessageFormat"},
    Renamed{"ConfirmMessageResult", "DocumentVerdict"},
    Renamed{"DocumentVerdictStatus", "Verdict"},
    Renamed{"CommitMessageResponseState", "JobState"},
    Renamed{"GetJobResponseError", "JobError"},
    Renamed{"JobErrorCode", "FaultCode"},
    Renamed{"LoginResponsePermission", "Permission"},
    Renamed{"LoginResponsePolicy", "Policy"},
    Renamed{"GetChangesKind", "KindWanted"},
    Renamed{"GetChangesResponseObject", "Object"},
    Renamed{"GoodsVat", "Vat"},
    Renamed{"BarcodeGoods", "GoodsRef"},
    Renamed{"PaymentTypeKind", "PaymentKind"},
    Renamed{"TaskLine", "GoodsLine"},
    Renamed{"PutDocumentsDocument", "Document"},
    Renamed{"ReceiptFiscal", "FiscalSign"},
    Renamed{"ReceiptUtm", "UtmSign"},
    Renamed{"ShiftTotal", "Counter"},
    Renamed{"CashMoveDirection", "CashDirection"},
    Renamed{"TaskResultOutcome", "TaskOutcome"},
    Renamed{"LoginResponseOfflineUser", "OfflineUser"},
    Renamed{"GetDevicesResponseDeviceDefaultRule", "DefaultRule"},
    Renamed{"StartCommandResponsePrompt", "CommandPrompt"},
    Renamed{"AnswerCommandOutcome", "PaymentOutcome"},
    Renamed{"PutDocumentsResponseResult", "PutResult"},
    Renamed{"PutResultStatus", "PutStatus"},
    Renamed{"PutDocumentsResponseMissingSeq", "SeqRange"},
    Renamed{"GetDocumentStatusResponseResult", "DocumentStatus"},
    Renamed{"DocumentStatusState", "DocumentState"},
    Renamed{"HeartbeatResponseCommand", "AppCommand"},
    Renamed{"AppCommandKind", "CommandKind"},
    Renamed{"SumpMessageObject", "Object"},
    Renamed{"SumpMessageDocument", "Document"},
    Renamed{"SumpMessageResult", "DocumentVerdict"},
};

std::string better_name(std::string found) {
    for (const Renamed& each : kRenamed) {
        if (each.found == found) {
            return std::string(each.better);
        }
    }
    return found;
}

std::string bounds_name(std::string_view begin, std::int64_t min, std::int64_t max) {
    return min == 1 ? fmt::format("{}{}", begin, max) : fmt::format("{}{}To{}", begin, min, max);
}

}  // namespace

const RecordType* Schema::record(std::string_view name) const {
    const auto found = std::find_if(records.begin(), records.end(),
                                    [&](const RecordType& each) { return each.name == name; });
    return found == records.end() ? nullptr : &*found;
}

void SchemaVisitor::add(SchemaField field) {
    if (list_) {
        field.is_list = true;
        field.min = list_->min;
        field.max = list_->max;
        list_.reset();
    } else if (is_optional_) {
        field.min = 0;
    }
    is_optional_ = false;
    open_.back().fields.push_back(std::move(field));
}

void SchemaVisitor::add(std::string_view name, SimpleType type) {
    SchemaField field{.name = std::string(name), .type = type.name};
    schema_.simple.emplace(type.name, std::move(type));
    add(std::move(field));
}

void SchemaVisitor::value(std::string_view name, std::string&, Length bound) {
    const auto min = static_cast<std::int64_t>(bound.min);
    const auto max = static_cast<std::int64_t>(bound.max);
    add(name, {.kind = SimpleType::Kind::text,
               .name = bounds_name("Text", min, max),
               .min = min,
               .max = max});
}
void SchemaVisitor::value(std::string_view name, Secret& to, Length bound) {
    value(name, to.text, bound);
}
void SchemaVisitor::value(std::string_view name, std::int64_t&, Range bound) {
    add(name, {.kind = SimpleType::Kind::integer,
               .name = bounds_name("Number", bound.min, bound.max),
               .min = bound.min,
               .max = bound.max});
}
void SchemaVisitor::value(std::string_view name, bool&) {
    add(name, {.kind = SimpleType::Kind::boolean, .name = "Boolean"});
}
void SchemaVisitor::value(std::string_view name, Amount&) {
    add(name, {.kind = SimpleType::Kind::amount, .name = "Amount"});
}
void SchemaVisitor::value(std::string_view name, Measure&) {
    add(name, {.kind = SimpleType::Kind::measure, .name = "Measure"});
}
void SchemaVisitor::value(std::string_view name, Moment&) {
    add(name, {.kind = SimpleType::Kind::moment, .name = "Moment"});
}
void SchemaVisitor::value(std::string_view name, Uuid&) {
    add(name, {.kind = SimpleType::Kind::uuid, .name = "Uuid"});
}
void SchemaVisitor::value(std::string_view name, base::Bytes&, std::size_t max) {
    add(name, {.kind = SimpleType::Kind::bytes,
               .name = fmt::format("Bytes{}", max),
               .max = static_cast<std::int64_t>(max)});
}

void SchemaVisitor::enumerator(std::string_view name, int&,
                               std::span<const std::string_view> names) {
    SimpleType type{.kind = SimpleType::Kind::words, .words = {names.begin(), names.end()}};
    for (const auto& [called, known] : schema_.simple) {
        if (known.words == type.words) {
            type.name = called;
        }
    }
    if (type.name.empty()) {
        type.name = better_name(open_.back().type + std::string(name));
    }
    add(name, std::move(type));
}

bool SchemaVisitor::optional(std::string_view, bool) {
    is_optional_ = true;
    return true;
}

std::size_t SchemaVisitor::list(std::string_view, std::size_t, Count bound) {
    list_ = bound;
    return 1;
}

void SchemaVisitor::end_list() {}

void SchemaVisitor::begin_record(std::string_view name) {
    // Alternatives have names that stand alone; other records are named by what they stand in.
    const Open& around = open_.back();
    std::string type =
        around.is_choice ? std::string(name) : better_name(around.type + std::string(name));
    add(SchemaField{.name = std::string(name), .is_record = true});
    open_.push_back(Open{std::move(type), {}});
}

void SchemaVisitor::end_record() {
    Open done = std::move(open_.back());
    open_.pop_back();
    std::string& type = open_.back().fields.back().type;
    if (!done.is_choice) {
        type = keep(RecordType{done.type, false, std::move(done.fields)});
        return;
    }
    type = done.type;
    Choice& choice = choices_[done.type];
    choice.fields.insert(choice.fields.end(), done.fields.begin(), done.fields.end());
    if (!done.fields.empty() && choice.fields.size() == choice.names) {
        schema_.records.push_back(RecordType{done.type, true, choice.fields});
    }
}

std::string SchemaVisitor::keep(RecordType record) {
    for (const RecordType& each : schema_.records) {
        if (!each.is_choice && each.fields == record.fields &&
            (each.name == record.name || !record.fields.empty())) {
            return each.name;
        }
    }
    const std::string wanted = record.name;
    for (int i = 2; schema_.record(record.name) != nullptr; ++i) {
        record.name = fmt::format("{}{}", wanted, i);
    }
    schema_.records.push_back(std::move(record));
    return schema_.records.back().name;
}

std::size_t SchemaVisitor::one_of(std::string_view type, std::size_t,
                                  std::span<const std::string_view> names) {
    open_.back().type = type;
    open_.back().is_choice = true;
    Choice& choice = choices_[std::string(type)];
    choice.names = names.size();
    const std::size_t place = choice.fields.size();
    is_new_ = is_new_ || place < names.size();
    return place;  // names.size() when all are known: then none is visited
}

}  // namespace tillhost::sumpd::exchange
