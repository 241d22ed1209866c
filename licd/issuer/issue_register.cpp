#include "licd/issuer/issue_register.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "licd/keys/instant.h"

namespace tillhost::licd::issuer {
namespace {

constexpr std::int64_t kNumberMax = std::numeric_limits<std::int64_t>::max();

std::string at(std::int64_t unix_s) { return keys::instant_to_text(unix_s); }

base::Result<IssuerRecord> read_issuer(const keys::Fields& fields) {
    IssuerRecord record;
    record.at_s = TRY(fields.need_instant("at"));
    record.id = TRY(fields.need("id"));
    record.name = TRY(fields.need("name"));
    record.until_s = TRY(fields.need_instant("until"));
    record.products = keys::split(TRY(fields.need("products")), ',');
    return record;
}

base::Result<KeyRecord> read_key_record(const keys::Fields& fields) {
    KeyRecord record;
    record.at_s = TRY(fields.need_instant("at"));
    record.serial = TRY(fields.need("serial"));
    record.product = TRY(fields.need("product"));
    record.kind = TRY(fields.need("kind"));
    record.lines = TRY(fields.need_number("lines", 1, kNumberMax));
    record.slots = TRY(fields.need_number("slots", 0, keys::kSlotsMax));
    record.file = TRY(fields.need("file"));
    const auto text_of = [&](std::string_view name) {
        const std::string* const text = fields.find(name);
        return text == nullptr ? std::string() : *text;
    };
    record.credential = text_of("credential");
    record.aaguid = text_of("aaguid");
    record.attestation = text_of("attestation");
    return record;
}

base::Result<RevisionRecord> read_revision(const keys::Fields& fields) {
    RevisionRecord record;
    record.at_s = TRY(fields.need_instant("at"));
    record.serial = TRY(fields.need("serial"));
    record.revision = TRY(fields.need_number("rev", 1, keys::kRevisionMax));
    record.lines = TRY(fields.need_number("lines", 1, kNumberMax));
    record.file = TRY(fields.need("file"));
    return record;
}

base::Result<AnswerRecord> read_answer(const keys::Fields& fields) {
    AnswerRecord record;
    record.at_s = TRY(fields.need_instant("at"));
    record.serial = TRY(fields.need("serial"));
    record.slot = static_cast<int>(TRY(fields.need_number("slot", 1, keys::kSlotsMax)));
    record.request_id = TRY(fields.need("request"));
    record.request_sha256 = TRY(fields.need("request_sha256"));
    record.revision = TRY(fields.need_number("rev", 1, keys::kRevisionMax));
    record.file = TRY(fields.need("file"));
    const std::string* const traits = fields.find("traits");
    record.traits = TRY(keys::digests_from_text(traits == nullptr ? "" : *traits));
    return record;
}

base::Result<RevocationRecord> read_revocation(const keys::Fields& fields) {
    RevocationRecord record;
    record.at_s = TRY(fields.need_instant("at"));
    record.number = TRY(fields.need_number("number", 1, kNumberMax));
    record.file = TRY(fields.need("file"));
    const std::string* const serial = fields.find("serial");
    const std::string* const issuer = fields.find("issuer");
    record.serial = serial == nullptr ? "" : *serial;
    record.issuer_id = issuer == nullptr ? "" : *issuer;
    return record;
}

}  // namespace

std::string write(const InitRecord& record) {
    return keys::FieldWriter("INIT").put("at", at(record.at_s)).put("root", record.root_id).text();
}

std::string write(const IssuerRecord& record) {
    return keys::FieldWriter("ISSUER")
        .put("at", at(record.at_s))
        .put("id", record.id)
        .put("name", record.name)
        .put("until", at(record.until_s))
        .put("products", keys::joined(record.products, ','))
        .text();
}

std::string write(const KeyRecord& record) {
    keys::FieldWriter writer("KEY");
    writer.put("at", at(record.at_s))
        .put("serial", record.serial)
        .put("product", record.product)
        .put("kind", record.kind)
        .put("lines", record.lines)
        .put("slots", record.slots)
        .put("file", record.file);
    if (!record.credential.empty()) {
        writer.put("credential", record.credential)
            .put("aaguid", record.aaguid)
            .put("attestation", record.attestation);
    }
    return writer.text();
}

std::string write(const RevisionRecord& record) {
    return keys::FieldWriter("REVISION")
        .put("at", at(record.at_s))
        .put("serial", record.serial)
        .put("rev", record.revision)
        .put("lines", record.lines)
        .put("file", record.file)
        .text();
}

std::string write(const AnswerRecord& record) {
    return keys::FieldWriter("ANSWER")
        .put("at", at(record.at_s))
        .put("serial", record.serial)
        .put("slot", record.slot)
        .put("request", record.request_id)
        .put("request_sha256", record.request_sha256)
        .put("rev", record.revision)
        .put("traits", keys::digests_to_text(record.traits))
        .put("file", record.file)
        .text();
}

std::string write(const RevocationRecord& record) {
    keys::FieldWriter writer("REVOKE");
    writer.put("at", at(record.at_s));
    record.serial.empty() ? writer.put("issuer", record.issuer_id)
                          : writer.put("serial", record.serial);
    return writer.put("number", record.number).put("file", record.file).text();
}

std::int64_t IssueRegister::Key::revision() const {
    std::int64_t greatest = 1;  // the blank key's
    for (const AnswerRecord& answer : answers) {
        greatest = std::max(greatest, answer.revision);
    }
    for (const RevisionRecord& one : revisions) {
        greatest = std::max(greatest, one.revision);
    }
    return greatest;
}

const std::string& IssueRegister::Key::newest_file() const {
    return revisions.empty() ? record.file : revisions.back().file;
}

const AnswerRecord* IssueRegister::Key::first_of(int slot) const {
    const auto found = std::find_if(answers.begin(), answers.end(),
                                    [&](const AnswerRecord& one) { return one.slot == slot; });
    return found == answers.end() ? nullptr : &*found;
}

const AnswerRecord* IssueRegister::Key::of_request(std::string_view request_id) const {
    const auto found = std::find_if(answers.begin(), answers.end(), [&](const AnswerRecord& one) {
        return one.request_id == request_id;
    });
    return found == answers.end() ? nullptr : &*found;
}

const IssueRegister::Key* IssueRegister::find(std::string_view serial) const {
    const auto found = keys_.find(std::string(serial));
    return found == keys_.end() ? nullptr : &found->second;
}

bool IssueRegister::is_revoked(std::string_view serial) const {
    return std::any_of(revocations_.begin(), revocations_.end(),
                       [&](const RevocationRecord& one) { return one.serial == serial; });
}

base::Done IssueRegister::take_answer(const keys::Fields& fields) {
    AnswerRecord answer = TRY(read_answer(fields));
    const auto key = keys_.find(answer.serial);
    if (key == keys_.end()) {
        return fields.fault("an answer for a key that was never made");
    }
    key->second.answers.push_back(std::move(answer));
    return {};
}

base::Done IssueRegister::take_revision(const keys::Fields& fields) {
    RevisionRecord revision = TRY(read_revision(fields));
    const auto key = keys_.find(revision.serial);
    if (key == keys_.end()) {
        return fields.fault("a revision of a key that was never made");
    }
    key->second.revisions.push_back(std::move(revision));
    return {};
}

base::Done IssueRegister::take_fields(const keys::Fields& fields) {
    last_at_s_ = std::max(last_at_s_, TRY(fields.need_instant("at")));
    if (fields.tag() == "INIT") {
        root_id_ = TRY(fields.need("root"));
        return {};
    }
    if (fields.tag() == "ISSUER") {
        issuers_.push_back(TRY(read_issuer(fields)));
        return {};
    }
    if (fields.tag() == "KEY") {
        KeyRecord key = TRY(read_key_record(fields));
        const std::string serial = key.serial;
        keys_[serial].record = std::move(key);
        return {};
    }
    if (fields.tag() == "ANSWER") {
        return take_answer(fields);
    }
    if (fields.tag() == "REVISION") {
        return take_revision(fields);
    }
    if (fields.tag() == "REVOKE") {
        revocations_.push_back(TRY(read_revocation(fields)));
        return {};
    }
    return fields.fault(fmt::format("a record {} is not known to this version", fields.tag()));
}

base::Done IssueRegister::take(const IssueJournal::Record& record) {
    const auto fields = keys::Fields::read(record.text, record.number);
    const auto taken = fields ? take_fields(*fields) : base::Done(fields.error());
    if (!taken) {
        return base::make_error(base::ErrorCode::storage_failed,
                                fmt::format("journal: {}", taken.error().detail));
    }
    return {};
}

}  // namespace tillhost::licd::issuer
