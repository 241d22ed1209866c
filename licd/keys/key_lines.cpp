#include "licd/keys/key_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "licd/keys/base64.h"
#include "licd/keys/instant.h"

namespace tillhost::licd::keys {
namespace {

constexpr std::size_t kHostsMax = 4;
constexpr std::int64_t kContactMaxH = 366 * 24;
constexpr std::int64_t kGraceMaxS = 72 * 3600;

bool is_right_product(std::string_view product) {
    return !product.empty() && product.size() <= os::kNameBytesMax && is_name(product);
}

}  // namespace

std::string_view name_of(KeyKind kind) {
    switch (kind) {
        case KeyKind::soft: return "soft";
        case KeyKind::token: return "token";
    }
    return "";
}

bool is_serial(std::string_view text) {
    return text.size() >= 4 && text.size() <= kSerialMax && text.front() != '-' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
           });
}

std::string key_text(const os::PublicKey& key) { return to_base64(key.bytes); }

base::Result<os::PublicKey> need_key(const Fields& fields, std::string_view name) {
    const auto bytes = from_base64(TRY(fields.need(name)));
    const auto key =
        bytes ? os::PublicKey::from_bytes(*bytes) : base::Result<os::PublicKey>(bytes.error());
    if (!key) {
        return fields.fault(fmt::format("{} is a key: 32 bytes in base64", name));
    }
    return *key;
}

base::Result<Heading> read_heading(const Fields& fields, KeyContent& content) {
    TRY(fields.understood({"id", "serial", "rev", "issued", "kind", "product", "lines", "slots"}));
    content.id = TRY(fields.need("id"));
    content.serial = TRY(fields.need("serial"));
    content.revision = TRY(fields.need_number("rev", 1, kRevisionMax));
    content.issued_s = TRY(fields.need_instant("issued"));
    content.product = TRY(fields.need("product"));
    const std::string kind = TRY(fields.need("kind"));
    if (kind != name_of(KeyKind::soft) && kind != name_of(KeyKind::token)) {
        return base::make_error(
            base::ErrorCode::wrong_version,
            fmt::format("line {}: keys of kind \"{}\" are not known here", fields.number(), kind));
    }
    content.kind = kind == name_of(KeyKind::soft) ? KeyKind::soft : KeyKind::token;
    if (!is_hex(content.id, kIdBytes) || !is_serial(content.serial) ||
        !is_right_product(content.product)) {
        return fields.fault("id, serial and product of the key as the vendor's tool writes them");
    }
    Heading heading;
    heading.lines = static_cast<std::size_t>(TRY(fields.need_number("lines", 1, kLinesMax)));
    heading.slots = static_cast<std::size_t>(TRY(fields.need_number("slots", 0, kSlotsMax)));
    return heading;
}

std::string write_heading(const KeyContent& content) {
    return FieldWriter("F")
        .put("id", content.id)
        .put("serial", content.serial)
        .put("rev", content.revision)
        .put("issued", instant_to_text(content.issued_s))
        .put("kind", name_of(content.kind))
        .put("product", content.product)
        .put("lines", static_cast<std::int64_t>(content.lines.size()))
        .put("slots", static_cast<std::int64_t>(content.slots.size()))
        .text();
}

base::Done read_binding(const Fields& fields, KeyContent& content, TraitDigests& traits) {
    TRY(fields.understood({"policy", "weak", "traits"}));
    const std::string policy = TRY(fields.need("policy"));
    const std::string weak = TRY(fields.need("weak"));
    if ((policy != name_of(Strictness::strict) && policy != name_of(Strictness::tolerant)) ||
        (weak != "refuse" && weak != "allow")) {
        return fields.fault("policy is strict or tolerant, weak is refuse or allow");
    }
    content.policy.strictness =
        policy == name_of(Strictness::strict) ? Strictness::strict : Strictness::tolerant;
    content.policy.weak_allowed = weak == "allow";
    if (const std::string* const text = fields.find("traits")) {
        auto digests = digests_from_text(*text);
        if (!digests) {
            return fields.fault(digests.error().detail);
        }
        traits = std::move(*digests);
    }
    return {};
}

std::string write_binding(const KeyContent& content) {
    FieldWriter writer("B");
    writer.put("policy", name_of(content.policy.strictness))
        .put("weak", content.policy.weak_allowed ? "allow" : "refuse");
    if (content.activation && !content.activation->traits.empty()) {
        writer.put("traits", digests_to_text(content.activation->traits));
    }
    return writer.text();
}

base::Done read_terms(const Fields& fields, Terms& terms) {
    TRY(fields.understood({"contact_h", "dongle_grace_s", "hosts"}));
    terms.contact_h = TRY(fields.number_or("contact_h", 0, kContactMaxH, 0));
    terms.dongle_grace_s =
        TRY(fields.number_or("dongle_grace_s", 0, kGraceMaxS, Terms{}.dongle_grace_s));
    if (const std::string* const hosts = fields.find("hosts")) {
        terms.hosts = split(*hosts, ',');
    }
    if (terms.hosts.size() > kHostsMax ||
        !std::all_of(terms.hosts.begin(), terms.hosts.end(), is_name)) {
        return fields.fault("hosts are up to four names with commas between");
    }
    return {};
}

std::string write_terms(const Terms& terms) {
    FieldWriter writer("P");
    writer.put("contact_h", terms.contact_h).put("dongle_grace_s", terms.dongle_grace_s);
    if (!terms.hosts.empty()) {
        writer.put("hosts", joined(terms.hosts, ','));
    }
    return writer.text();
}

base::Result<PinSlot> read_slot(const Fields& fields, std::size_t place) {
    TRY(fields.understood({"pin"}));
    TRY(fields.need_place(place));
    auto pin = TRY(need_key(fields, "pin"));
    return PinSlot{static_cast<int>(place), std::move(pin)};
}

std::string write_slot(const PinSlot& slot) {
    return FieldWriter("V")
        .word(std::to_string(slot.number))
        .put("pin", key_text(slot.commitment))
        .text();
}

base::Done read_activation(const Fields& fields, Activation& activation) {
    TRY(fields.understood({"request", "slot", "at"}));
    activation.request_id = TRY(fields.need("request"));
    activation.slot = static_cast<int>(TRY(fields.need_number("slot", 1, kSlotsMax)));
    activation.at_s = TRY(fields.need_instant("at"));
    if (!is_hex(activation.request_id, kIdBytes)) {
        return fields.fault("request is the id of one: 32 hex digits");
    }
    return {};
}

std::string write_activation(const Activation& activation) {
    return FieldWriter("A")
        .put("request", activation.request_id)
        .put("slot", activation.slot)
        .put("at", instant_to_text(activation.at_s))
        .text();
}

base::Result<Seal> read_seal(std::string_view text, std::size_t line_number) {
    const Fields fields = TRY(Fields::read(text, line_number));
    TRY(fields.understood({"server", "product", "issued", "host"}));
    Seal seal;
    seal.server = TRY(need_key(fields, "server"));
    seal.product = TRY(fields.need("product"));
    seal.issued_s = TRY(fields.need_instant("issued"));
    if (fields.tag() != "S") {
        return fields.fault("a seal begins with S");
    }
    return seal;
}

std::string write_seal(const Seal& seal) {
    return FieldWriter("S")
        .put("server", key_text(seal.server))
        .put("product", seal.product)
        .put("issued", instant_to_text(seal.issued_s))
        .text();
}

}  // namespace tillhost::licd::keys
