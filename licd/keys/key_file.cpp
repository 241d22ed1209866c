#include "licd/keys/key_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "licd/keys/base64.h"
#include "licd/keys/key_lines.h"

namespace tillhost::licd::keys {
namespace {

using base::ErrorCode;
using base::make_error;

std::string_view tag_of(std::string_view line) { return line.substr(0, line.find(' ')); }

/// The number that a licence's line gives itself, "L 2 name=…".
std::string own_number(std::string_view line) {
    const std::size_t from = std::min(line.find(' '), line.size() - 1) + 1;
    return std::string(line.substr(from, line.find(' ', from) - from));
}

/// One licence's line of a file whose END does not hold: what is wrong with it, or nothing.
std::optional<std::string> fault_of(std::string_view line, std::size_t place, std::size_t number,
                                    const Signer& signer) {
    const auto own = whole_number(own_number(line));
    const auto read = SignedLine::read(line);
    if (!own || !read) {
        return fmt::format("line {} was cut or changed", number);
    }
    const LinePlace claimed{domain::kLine, signer.file_id, signer.serial,
                            static_cast<std::size_t>(*own)};
    if (!read->signed_by(signer.key, claimed)) {
        return fmt::format("line {} (licence {}) was changed, or comes from another key", number,
                           *own);
    }
    if (claimed.number != place) {
        return fmt::format(
            "line {}: licence {} stands where {} belongs: lines were swapped, or one "
            "is missing",
            number, *own, place);
    }
    return std::nullopt;
}

/// What to tell of a file whose END does not hold. Only words: nothing is believed.
std::optional<std::string> diagnose(const SealedText& sealed, const os::PublicKey& key) {
    const std::string* const heading = sealed.first("F");
    const auto fields = Fields::read(heading == nullptr ? "" : *heading, 1);
    if (!fields || fields->find("id") == nullptr || fields->find("serial") == nullptr) {
        return std::nullopt;
    }
    const Signer signer{key, *fields->find("id"), *fields->find("serial")};
    std::size_t place = 0;
    for (std::size_t at = 0; at < sealed.lines().size(); ++at) {
        if (tag_of(sealed.lines()[at]) == "L") {
            ++place;
            auto fault = fault_of(sealed.lines()[at], place, sealed.number_of(at), signer);
            if (fault) {
                return fault;
            }
        }
    }
    return std::nullopt;
}

/// Reads the lines of a file whose END holds.
class Reader final {
public:
    Reader(const SealedText& sealed, KeyFile& file) : sealed_(sealed), file_(file) {}

    base::Done read() {
        TRY(read_first());
        for (std::size_t at = 1; at < sealed_.lines().size(); ++at) {
            TRY(read_line(sealed_.lines()[at], sealed_.number_of(at)));
        }
        return check_whole();
    }

private:
    base::Done read_first() {
        if (sealed_.lines().empty() || tag_of(sealed_.lines().front()) != "F") {
            return line_fault(sealed_.number_of(0), "the first line of a key begins with F");
        }
        const Fields fields = TRY(Fields::read(sealed_.lines().front(), sealed_.number_of(0)));
        heading_ = TRY(read_heading(fields, file_.content));
        return {};
    }

    base::Done read_line(const std::string& line, std::size_t number) {
        const std::string_view tag = tag_of(line);
        if (tag == "X") {
            return {};  // read before
        }
        if (tag == "L") {
            return read_licence(line, number);
        }
        if (tag == "S") {
            return read_seal_line(line, number);
        }
        if (tag == "T") {
            return read_dongle(line, number);
        }
        const Fields fields = TRY(Fields::read(line, number));
        if (tag == "V") {
            file_.content.slots.push_back(TRY(read_slot(fields, file_.content.slots.size() + 1)));
            return {};
        }
        if (tag == "A" && !has_activation_) {
            has_activation_ = true;
            return read_activation(fields, activation_);
        }
        if (tag == "B" && !has_binding_) {
            has_binding_ = true;
            return read_binding(fields, file_.content, activation_.traits);
        }
        if (tag == "P") {
            return read_terms(fields, file_.content.terms);
        }
        return fields.fault(fmt::format("a line {} is not known here, or stands twice", tag));
    }

    base::Done read_licence(const std::string& line, std::size_t number) {
        const std::size_t place = file_.content.lines.size() + 1;
        const LinePlace where{domain::kLine, file_.content.id, file_.content.serial, place};
        const SignedLine licence = TRY(signed_line(line, number, where));
        const Fields fields = TRY(Fields::read(licence.text, number));
        TRY(fields.need_place(place));
        file_.content.lines.push_back(TRY(read_licence_line(licence.text, number)));
        file_.line_texts.push_back(line);
        return {};
    }

    base::Done read_seal_line(const std::string& line, std::size_t number) {
        const LinePlace where{domain::kSeal, file_.content.id, file_.content.serial};
        const SignedLine read = TRY(signed_line(line, number, where));
        const Seal seal = TRY(read_seal(read.text, number));
        if (!file_.seal.empty() || seal.product != file_.content.product ||
            seal.issued_s != file_.content.issued_s) {
            return line_fault(number, "the seal is not the one of this key");
        }
        activation_.server = seal.server;
        file_.seal = line;
        return {};
    }

    base::Done read_dongle(const std::string& line, std::size_t number) {
        const LinePlace where{domain::kToken, file_.content.id, file_.content.serial};
        const SignedLine read = TRY(signed_line(line, number, where));
        DongleLine dongle = TRY(read_dongle_line(read.text, number));
        if (file_.content.token || dongle.product != file_.content.product ||
            dongle.issued_s != file_.content.issued_s) {
            return line_fault(number, "the dongle's line is not the one of this key");
        }
        file_.content.token = std::move(dongle.dongle);
        file_.dongle = line;
        return {};
    }

    base::Result<SignedLine> signed_line(const std::string& line, std::size_t number,
                                         const LinePlace& where) const {
        auto read = SignedLine::read(line);
        if (!read) {
            return line_fault(number, read.error().detail);
        }
        if (!read->signed_by(file_.chain.front().content().key, where)) {
            return make_error(ErrorCode::key_foreign,
                              fmt::format("line {} belongs to another key, or to another place in "
                                          "this one: ask the vendor for the file again",
                                          number));
        }
        return read;
    }

    base::Done check_whole() {
        KeyContent& content = file_.content;
        const std::size_t number = sealed_.number_of(0);
        if (content.lines.size() != heading_.lines || content.slots.size() != heading_.slots) {
            return line_fault(
                number, fmt::format("the key should have {} licences and {} PINs, there are {} "
                                    "and {}",
                                    heading_.lines, heading_.slots, content.lines.size(),
                                    content.slots.size()));
        }
        TRY(check_kind());
        const bool is_bound = has_activation_ && !file_.seal.empty();
        const bool has_traits = !activation_.traits.empty();
        if (!has_binding_ || has_activation_ != !file_.seal.empty() || (has_traits && !is_bound) ||
            (is_bound && !has_traits)) {
            return line_fault(number, "a bound key has traits, activation and seal; another none");
        }
        if (is_bound) {
            content.activation = activation_;
        }
        return check_names();
    }

    /// A dongle goes from machine to machine: it is its own proof, and nothing binds its key.
    base::Done check_kind() const {
        const KeyContent& content = file_.content;
        const std::size_t number = sealed_.number_of(0);
        if (content.token.has_value() != (content.kind == KeyKind::token)) {
            return line_fault(number, "a key of kind token names its token, and no other does");
        }
        if (content.token && (has_activation_ || !file_.seal.empty() || !content.slots.empty())) {
            return line_fault(number, "a key of kind token has no PINs and is not activated");
        }
        return {};
    }

    base::Done check_names() const {
        const auto& lines = file_.content.lines;
        for (auto one = lines.begin(); one != lines.end(); ++one) {
            if (std::any_of(lines.begin(), one,
                            [&](const LicenceLine& other) { return other.name == one->name; })) {
                return line_fault(sealed_.number_of(0),
                                  fmt::format("the licence {} stands twice", one->name));
            }
        }
        return {};
    }

    const SealedText& sealed_;
    KeyFile& file_;
    Heading heading_;
    Activation activation_;
    bool has_activation_ = false;
    bool has_binding_ = false;
};

base::Done check_product(const KeyFile& file) {
    const auto& allowed = file.chain.front().content().products;
    if (std::find(allowed.begin(), allowed.end(), file.content.product) != allowed.end()) {
        return {};
    }
    return make_error(
        ErrorCode::key_foreign,
        fmt::format("its issuer \"{}\" may not sign keys for the product {}: ask the vendor",
                    file.chain.front().content().name, file.content.product));
}

std::vector<std::string> unsealed_lines(const KeyContent& content, const os::SigningKey& issuer) {
    std::vector<std::string> lines{write_heading(content), write_binding(content),
                                   write_terms(content.terms)};
    for (const LicenceLine& line : content.lines) {
        const std::size_t number = lines.size() - 2;
        lines.push_back(sign_line({domain::kLine, content.id, content.serial, number},
                                  write_licence_line(line, number), issuer));
    }
    for (const PinSlot& slot : content.slots) {
        lines.push_back(write_slot(slot));
    }
    if (content.token) {
        lines.push_back(sign_line(
            {domain::kToken, content.id, content.serial},
            write_dongle_line({*content.token, content.product, content.issued_s}), issuer));
    }
    if (content.activation) {
        lines.push_back(write_activation(*content.activation));
        const Seal seal{content.activation->server, content.product, content.issued_s};
        lines.push_back(
            sign_line({domain::kSeal, content.id, content.serial}, write_seal(seal), issuer));
    }
    return lines;
}

}  // namespace

const PinSlot* KeyFile::slot(int number) const {
    const auto found = std::find_if(content.slots.begin(), content.slots.end(),
                                    [&](const PinSlot& one) { return one.number == number; });
    return found == content.slots.end() ? nullptr : &*found;
}

base::Result<std::vector<os::Certificate>> read_chain(const SealedText& sealed) {
    std::vector<os::Certificate> chain;
    for (std::size_t at = 0; at < sealed.lines().size(); ++at) {
        const std::string_view line = sealed.lines()[at];
        if (tag_of(line) != "X") {
            continue;
        }
        const auto der = from_base64(line.substr(std::min(line.size(), std::size_t{2})));
        auto certificate =
            der ? os::Certificate::from_der(*der) : base::Result<os::Certificate>(der.error());
        if (!certificate) {
            return line_fault(sealed.number_of(at),
                              fmt::format("it holds no certificate of a licence issuer: {}",
                                          certificate.error().detail));
        }
        chain.push_back(std::move(*certificate));
        if (chain.size() >= os::kChainMax) {
            return line_fault(sealed.number_of(at), "one certificate too many");
        }
    }
    return chain;
}

base::Result<KeyFile> read_key(std::string_view text, const os::Certificate& root) {
    const SealedText sealed = TRY(SealedText::split(text, FileKind::key));
    KeyFile file;
    file.chain = TRY(read_chain(sealed));
    if (file.chain.empty()) {
        return make_error(ErrorCode::key_damaged, "the certificate of its issuer is missing");
    }
    const os::PublicKey& signer = file.chain.front().content().key;
    TRY(os::verify_chain(root, file.chain, std::nullopt));
    if (!sealed.is_signed_by(signer)) {
        TRY(sealed.signed_by(signer, diagnose(sealed, signer)));
    }
    file.content.head = sealed.head();
    file.text = text;
    TRY(Reader(sealed, file).read());
    TRY(os::verify_chain(root, file.chain, file.content.issued_s));
    TRY(check_product(file));
    return file;
}

base::Result<std::string> write_key(const KeyContent& content,
                                    std::span<const os::Certificate> chain,
                                    const os::SigningKey& issuer) {
    if (chain.empty() || chain.front().content().key != issuer.public_key()) {
        return base::bad_field("chain", "the issuer's certificate first");
    }
    if (!is_serial(content.serial)) {
        return base::bad_field(
            "serial", fmt::format("4 to {} capitals, digits and dashes, no dash first, not \"{}\"",
                                  kSerialMax, content.serial));
    }
    if (!is_hex(content.id, kIdBytes) || content.lines.empty()) {
        return base::bad_field("key", "an id and a licence");
    }
    std::vector<std::string> lines = unsealed_lines(content, issuer);
    for (const os::Certificate& certificate : chain) {
        lines.push_back("X " + to_base64(certificate.der()));
    }
    return seal_text(FileKind::key, content.head, lines, issuer);
}

}  // namespace tillhost::licd::keys
