#include "licd/keys/revocations.h"

#include <fmt/format.h>

#include <algorithm>

#include "licd/keys/instant.h"

namespace tillhost::licd::keys {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::int64_t kNumberMax = 1'000'000'000;
constexpr std::int64_t kNoticeMaxS = 90 * kDayS;

base::Done read_one(const Fields& fields, Revocations& list) {
    if (fields.tag() != "R") {
        return fields.fault("a line of a revocation list begins with R");
    }
    TRY(fields.understood({"serial", "at", "notice_s", "issuer", "issued_after"}));
    if (fields.find("serial") != nullptr) {
        RevokedSerial one{.serial = TRY(fields.need("serial"))};
        one.at_s = TRY(fields.need_instant("at"));
        one.notice_s = TRY(fields.number_or("notice_s", 0, kNoticeMaxS, 0));
        if (!is_serial(one.serial)) {
            return fields.fault("serial is one of a key");
        }
        list.serials.push_back(std::move(one));
        return {};
    }
    RevokedIssuer one{.key_id = TRY(fields.need("issuer")), .after_s = {}};
    if (!is_hex(one.key_id, kIdBytes)) {
        return fields.fault("issuer is the id of a key: 32 hex digits");
    }
    if (fields.find("issued_after") != nullptr) {
        one.after_s = TRY(fields.need_instant("issued_after"));
    }
    list.issuers.push_back(std::move(one));
    return {};
}

std::string text_of(const RevokedSerial& one) {
    FieldWriter writer("R");
    writer.put("serial", one.serial).put("at", instant_to_text(one.at_s));
    if (one.notice_s != 0) {
        writer.put("notice_s", one.notice_s);
    }
    return writer.text();
}

std::string text_of(const RevokedIssuer& one) {
    FieldWriter writer("R");
    writer.put("issuer", one.key_id);
    if (one.after_s) {
        writer.put("issued_after", instant_to_text(*one.after_s));
    }
    return writer.text();
}

}  // namespace

const RevokedSerial* Revocations::find(std::string_view serial) const {
    const auto found = std::find_if(serials.begin(), serials.end(),
                                    [&](const RevokedSerial& one) { return one.serial == serial; });
    return found == serials.end() ? nullptr : &*found;
}

const RevokedIssuer* Revocations::find(const KeyFile& key) const {
    const auto found = std::find_if(issuers.begin(), issuers.end(), [&](const RevokedIssuer& one) {
        const bool is_in_chain =
            std::any_of(key.chain.begin(), key.chain.end(),
                        [&](const os::Certificate& above) { return above.key_id() == one.key_id; });
        return is_in_chain && (!one.after_s || key.content.issued_s > *one.after_s);
    });
    return found == issuers.end() ? nullptr : &*found;
}

base::Result<Revocations> read_revocations(std::string_view text, const os::Certificate& root) {
    const SealedText sealed = TRY(SealedText::split(text, FileKind::revocations));
    TRY(sealed.signed_by(root.content().key));
    if (sealed.lines().empty()) {
        return line_fault(sealed.number_of(0), "the first line of a list begins with F");
    }
    const Fields first = TRY(Fields::read(sealed.lines().front(), sealed.number_of(0)));
    TRY(first.understood({"id", "number", "issued"}));
    Revocations list;
    list.text = text;
    list.id = TRY(first.need("id"));
    list.number = TRY(first.need_number("number", 1, kNumberMax));
    list.issued_s = TRY(first.need_instant("issued"));
    if (first.tag() != "F" || !is_hex(list.id, kIdBytes)) {
        return first.fault("the first line of a list begins with F and has its id");
    }
    for (std::size_t at = 1; at < sealed.lines().size(); ++at) {
        const Fields fields = TRY(Fields::read(sealed.lines()[at], sealed.number_of(at)));
        TRY(read_one(fields, list));
    }
    return list;
}

base::Result<std::string> write_revocations(const Revocations& list, const os::SigningKey& root) {
    std::vector<std::string> lines{FieldWriter("F")
                                       .put("id", list.id)
                                       .put("number", list.number)
                                       .put("issued", instant_to_text(list.issued_s))
                                       .text()};
    for (const RevokedSerial& one : list.serials) {
        lines.push_back(text_of(one));
    }
    for (const RevokedIssuer& one : list.issuers) {
        lines.push_back(text_of(one));
    }
    const std::string head = fmt::format("Revocation list {}", list.number);
    return seal_text(FileKind::revocations, head, lines, root);
}

base::Done check_newer(const Revocations& old, const Revocations& fresh) {
    if (fresh.number > old.number || fresh.text == old.text) {
        return {};
    }
    return make_error(ErrorCode::key_foreign,
                      fmt::format("the revocation list has the number {}, and number {} is here "
                                  "already: ask the vendor for the newest",
                                  fresh.number, old.number));
}

base::Done check_not_revoked(const KeyFile& key, const Revocations& list, std::int64_t now_s) {
    const RevokedSerial* const serial = list.find(key.content.serial);
    if (serial != nullptr && now_s >= serial->at_s + serial->notice_s) {
        return make_error(
            ErrorCode::key_revoked,
            fmt::format("the vendor revoked the key {} on {} (list {}): ask the vendor",
                        key.content.serial, day_to_text(serial->at_s), list.number));
    }
    if (const RevokedIssuer* const issuer = list.find(key)) {
        return make_error(
            ErrorCode::key_revoked,
            fmt::format("the vendor no longer stands for the signer of this key ({}{}; list {}): "
                        "ask the vendor for the key again",
                        issuer->key_id,
                        issuer->after_s ? ", after " + instant_to_text(*issuer->after_s) : "",
                        list.number));
    }
    return {};
}

}  // namespace tillhost::licd::keys
