#include "licd/keys/activation.h"

#include <fmt/format.h>

#include "licd/keys/base64.h"
#include "licd/keys/instant.h"
#include "licd/keys/key_lines.h"

namespace tillhost::licd::keys {
namespace {

using base::ErrorCode;
using base::make_error;

std::string heading_of(const RequestContent& content) {
    return FieldWriter("F")
        .put("id", content.id)
        .put("serial", content.serial)
        .put("key", content.key_id)
        .put("rev", content.revision)
        .put("slot", content.slot)
        .put("made", instant_to_text(content.made_s))
        .put("software", content.software)
        .put("nonce", content.nonce)
        .text();
}

LinePlace pin_place(const RequestContent& content) {
    return {domain::kPin, content.id, content.serial, static_cast<std::size_t>(content.slot)};
}

base::Result<Fields> line_of(const SealedText& sealed, std::size_t at, std::string_view tag) {
    if (at >= sealed.lines().size()) {
        return line_fault(sealed.number_of(at), fmt::format("a line {} belongs here", tag));
    }
    const std::string_view line = sealed.lines()[at];
    const std::string_view plain = line.substr(0, line.find(" ~ "));
    auto fields = TRY(Fields::read(plain, sealed.number_of(at)));
    if (fields.tag() != tag) {
        return fields.fault(fmt::format("a line {} belongs here", tag));
    }
    return fields;
}

base::Done read_heading(const Fields& fields, RequestContent& content) {
    TRY(fields.understood({"id", "serial", "key", "rev", "slot", "made", "software", "nonce"}));
    content.id = TRY(fields.need("id"));
    content.serial = TRY(fields.need("serial"));
    content.key_id = TRY(fields.need("key"));
    content.nonce = TRY(fields.need("nonce"));
    content.software = TRY(fields.need("software"));
    content.revision = TRY(fields.need_number("rev", 1, kRevisionMax));
    content.slot = static_cast<int>(TRY(fields.need_number("slot", 1, kSlotsMax)));
    content.made_s = TRY(fields.need_instant("made"));
    if (!is_hex(content.id, kIdBytes) || !is_hex(content.key_id, kIdBytes) ||
        !is_hex(content.nonce, kIdBytes) || !is_serial(content.serial) ||
        !is_name(content.software)) {
        return fields.fault("id, key, nonce, serial and software as a licence server writes them");
    }
    return {};
}

base::Error other_machine(std::string_view what) {
    return make_error(ErrorCode::key_other_machine, std::string(what));
}
base::Error foreign(std::string_view what) {
    return make_error(ErrorCode::key_foreign, std::string(what));
}

base::Done check_answer(const KeyFile& answer, const RequestContent& request,
                        const KeyFile& installed) {
    if (!answer.content.activation) {
        return foreign("this is a blank key and no answer: send the request to the vendor first");
    }
    if (answer.content.serial != installed.content.serial ||
        answer.content.product != installed.content.product) {
        return foreign(fmt::format("the answer is for the key {}, and {} is installed",
                                   answer.content.serial, installed.content.serial));
    }
    if (answer.content.activation->request_id != request.id ||
        answer.content.activation->slot != request.slot) {
        return foreign(
            fmt::format("the answer is for another request ({}, ours is {}): make a new "
                        "request and have it answered",
                        answer.content.activation->request_id, request.id));
    }
    if (answer.content.revision <= installed.content.revision && answer.text != installed.text) {
        return foreign(fmt::format("the answer has revision {}, and {} is installed already",
                                   answer.content.revision, installed.content.revision));
    }
    return {};
}

}  // namespace

base::Result<int> slot_of(const KeyFile& key, const Pin& pin) {
    for (const PinSlot& slot : key.content.slots) {
        if (pin.key_for(key.content.serial, slot.number).public_key() == slot.commitment) {
            return slot.number;
        }
    }
    return make_error(ErrorCode::pin_wrong,
                      fmt::format("this PIN belongs to another key than {}", key.content.serial));
}

base::Result<std::string> write_request(const RequestContent& content, const os::SigningKey& pin,
                                        const os::SigningKey& server) {
    if (content.server != server.public_key() || content.traits.empty()) {
        return base::bad_field("request", "the server's own key, and traits of its machine");
    }
    const std::string head = fmt::format(
        "Activation request for the key {}.\nSend this file to the vendor; the answer "
        "is for this machine only.",
        content.serial);
    const std::string pin_text = FieldWriter("V")
                                     .word(std::to_string(content.slot))
                                     .put("server", key_text(content.server))
                                     .text();
    return seal_text(FileKind::request, head,
                     {heading_of(content),
                      FieldWriter("B").put("traits", digests_to_text(content.traits)).text(),
                      sign_line(pin_place(content), pin_text, pin),
                      FieldWriter("K").put("server", key_text(content.server)).text()},
                     server);
}

base::Result<RequestFile> read_request(std::string_view text) {
    const SealedText sealed = TRY(SealedText::split(text, FileKind::request));
    const Fields key = TRY(line_of(sealed, 3, "K"));
    RequestFile file;
    file.content.server = TRY(need_key(key, "server"));
    TRY(sealed.signed_by(file.content.server));
    file.text = text;
    const Fields heading = TRY(line_of(sealed, 0, "F"));
    TRY(read_heading(heading, file.content));
    const Fields traits = TRY(line_of(sealed, 1, "B"));
    TRY(traits.understood({"traits"}));
    auto digests = digests_from_text(TRY(traits.need("traits")));
    if (!digests) {
        return traits.fault(digests.error().detail);
    }
    file.content.traits = std::move(*digests);
    const Fields pin = TRY(line_of(sealed, 2, "V"));
    TRY(pin.understood({"server"}));
    TRY(pin.need_place(static_cast<std::size_t>(file.content.slot)));
    if (TRY(need_key(pin, "server")) != file.content.server) {
        return pin.fault("the PIN was given for another server");
    }
    file.pin_line = sealed.lines()[2];
    return file;
}

base::Done check_request(const RequestFile& request, const KeyFile& key) {
    const RequestContent& content = request.content;
    if (content.serial != key.content.serial) {
        return foreign(fmt::format("the request is for the key {}, not for {}", content.serial,
                                   key.content.serial));
    }
    const PinSlot* const slot = key.slot(content.slot);
    const SignedLine line = TRY(SignedLine::read(request.pin_line));
    if (slot == nullptr || !line.signed_by(slot->commitment, pin_place(content))) {
        return make_error(
            ErrorCode::pin_wrong,
            fmt::format("the request was made with a PIN that is not number {} of the "
                        "key {}",
                        content.slot, content.serial));
    }
    return check_strong_enough(key.content.policy, content.traits);
}

KeyContent bind(const KeyContent& key, const RequestContent& request, std::string_view id,
                std::int64_t revision, std::int64_t issued_s) {
    KeyContent bound = key;
    bound.id = id;
    bound.revision = revision;
    bound.issued_s = issued_s;
    bound.activation = Activation{.request_id = request.id,
                                  .slot = request.slot,
                                  .at_s = issued_s,
                                  .traits = request.traits,
                                  .server = request.server};
    return bound;
}

base::Result<BindingVerdict> check_bound_here(const KeyFile& key, const Traits& own,
                                              const os::PublicKey& server) {
    if (!key.content.activation) {
        return foreign(
            fmt::format("the key {} is not activated: make a request with one of its "
                        "PINs",
                        key.content.serial));
    }
    if (key.content.activation->server != server) {
        return other_machine(
            fmt::format("the key {} belongs to another licence server than this "
                        "one: activate it here",
                        key.content.serial));
    }
    const BindingVerdict verdict = judge(key.content.policy, key.content.activation->traits,
                                         digests_of(key.content.serial, own), own);
    if (!verdict.accepted) {
        return other_machine(
            fmt::format("the key {} is bound to another machine, or this one has "
                        "changed too much: {}",
                        key.content.serial, verdict.told()));
    }
    return verdict;
}

base::Result<KeyFile> apply_answer(const RequestContent& request, const KeyFile& installed,
                                   std::string_view answer, const Traits& own,
                                   const os::Certificate& root, const Revocations& list,
                                   std::int64_t now_s) {
    KeyFile file = TRY(read_key(answer, root));
    TRY(check_answer(file, request, installed));
    TRY(check_bound_here(file, own, request.server));
    TRY(check_not_revoked(file, list, now_s));
    return file;
}

}  // namespace tillhost::licd::keys
