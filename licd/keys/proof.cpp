#include "licd/keys/proof.h"

#include <fmt/format.h>

#include <algorithm>

#include "licd/keys/base64.h"
#include "licd/keys/key_lines.h"

namespace tillhost::licd::keys {
namespace {

using base::ErrorCode;
using base::make_error;

base::Result<std::vector<os::Certificate>> chain_of(const std::vector<std::string>& texts) {
    if (texts.empty() || texts.size() >= os::kChainMax) {
        return make_error(ErrorCode::key_foreign, "the proof has too few or too many certificates");
    }
    std::vector<os::Certificate> chain;
    for (const std::string& text : texts) {
        if (text.size() > kLineBytesMax) {
            return make_error(ErrorCode::too_large, "a certificate of the proof");
        }
        const base::Bytes der = TRY(from_base64(text));
        chain.push_back(TRY(os::Certificate::from_der(der)));
    }
    return chain;
}

base::Result<SignedLine> signed_part(const std::string& line, const os::PublicKey& key,
                                     const LinePlace& place) {
    if (line.size() > kLineBytesMax) {
        return make_error(ErrorCode::too_large, "a line of the proof");
    }
    auto read = TRY(SignedLine::read(line));
    if (!read.signed_by(key, place)) {
        return make_error(
            ErrorCode::key_foreign,
            "the licence server's proof is not whole: its parts are of different keys");
    }
    return read;
}

/// The number that the licence's line gives itself is under its own signature.
base::Result<std::size_t> number_of(const std::string& licence) {
    const std::size_t from = std::min(licence.find(' '), licence.size());
    const std::size_t end = licence.find(' ', from + (from < licence.size() ? 1 : 0));
    const auto number = whole_number(
        std::string_view(licence).substr(std::min(from + 1, licence.size()), end - from - 1));
    if (!number || *number < 1) {
        return make_error(ErrorCode::key_damaged, "the licence's line has no number");
    }
    return static_cast<std::size_t>(*number);
}

/// Who may sign leases, and of which product the key is.
struct Standing {
    Seal seal;
    std::optional<std::int64_t> word_at_s{};
};

base::Result<Standing> sealed_server(const Proof& proof, const os::PublicKey& signer) {
    const SignedLine line =
        TRY(signed_part(proof.seal, signer, {domain::kSeal, proof.file_id, proof.serial}));
    return Standing{.seal = TRY(read_seal(line.text, 1))};
}

/// The vendor's word on the dongle, and the dongle's on the server.
base::Result<Standing> dongle_server(const Proof& proof, const os::PublicKey& signer) {
    const std::size_t end = proof.seal.find('\n');
    if (end == std::string::npos || proof.seal.size() > kLineBytesMax) {
        return make_error(ErrorCode::key_damaged,
                          "the proof of a dongle's key is a line of the vendor and one of the "
                          "dongle");
    }
    const std::string vendors = proof.seal.substr(0, end);
    const SignedLine line =
        TRY(signed_part(vendors, signer, {domain::kToken, proof.file_id, proof.serial}));
    const DongleLine named = TRY(read_dongle_line(line.text, 1));
    const DongleWord word = TRY(read_dongle_word(std::string_view(proof.seal).substr(end + 1)));
    TRY(check_dongle_word(named.dongle, proof.serial, word));
    return Standing{.seal = {word.server, named.product, named.issued_s}, .word_at_s = word.at_s};
}

base::Done check_issuer(const os::Certificate& root, const std::vector<os::Certificate>& chain,
                        const Seal& seal, std::string_view product) {
    TRY(os::verify_chain(root, chain, seal.issued_s));
    const auto& allowed = chain.front().content().products;
    if (seal.product != product ||
        std::find(allowed.begin(), allowed.end(), seal.product) == allowed.end()) {
        return make_error(
            ErrorCode::key_foreign,
            fmt::format("the key is for the product {}, not for {}", seal.product, product));
    }
    return {};
}

}  // namespace

base::Result<Proof> proof_of(const KeyFile& key, std::string_view licence, std::string_view word) {
    const auto& lines = key.content.lines;
    const auto found = std::find_if(lines.begin(), lines.end(),
                                    [&](const LicenceLine& line) { return line.name == licence; });
    if (found == lines.end()) {
        return make_error(ErrorCode::licence_unknown,
                          fmt::format("the key {} has no licence {}", key.content.serial, licence));
    }
    const bool is_of_dongle = key.content.kind == KeyKind::token;
    if (is_of_dongle ? word.empty() : key.seal.empty()) {
        return make_error(
            ErrorCode::key_foreign,
            fmt::format("the key {} {}", key.content.serial,
                        is_of_dongle ? "has no word of its dongle" : "is not activated"));
    }
    Proof proof{.chain = {},
                .file_id = key.content.id,
                .serial = key.content.serial,
                .seal = is_of_dongle ? fmt::format("{}\n{}", key.dongle, word) : key.seal,
                .licence = key.line_texts[static_cast<std::size_t>(found - lines.begin())]};
    for (const os::Certificate& certificate : key.chain) {
        proof.chain.push_back(to_base64(certificate.der()));
    }
    return proof;
}

base::Result<ProvenLicence> check_proof(const os::Certificate& root, const Proof& proof,
                                        std::string_view product, const Revocations* list) {
    if (!is_hex(proof.file_id, kIdBytes) || !is_serial(proof.serial)) {
        return make_error(ErrorCode::key_damaged, "the proof names no key");
    }
    KeyFile key;
    key.chain = TRY(chain_of(proof.chain));
    const os::PublicKey& signer = key.chain.front().content().key;
    TRY(os::verify_chain(root, key.chain, std::nullopt));
    const Standing standing = TRY(proof.seal.starts_with("T ") ? dongle_server(proof, signer)
                                                               : sealed_server(proof, signer));
    const Seal& seal = standing.seal;
    TRY(check_issuer(root, key.chain, seal, product));
    const std::size_t number = TRY(number_of(proof.licence));
    const LinePlace place{domain::kLine, proof.file_id, proof.serial, number};
    const SignedLine licence = TRY(signed_part(proof.licence, signer, place));
    auto line = TRY(read_licence_line(licence.text, 1));
    ProvenLicence proven{.serial = proof.serial,
                         .product = seal.product,
                         .line = std::move(line),
                         .issued_s = seal.issued_s,
                         .server = seal.server,
                         .word_at_s = standing.word_at_s};
    if (list != nullptr) {
        key.content.serial = proof.serial;
        key.content.issued_s = seal.issued_s;
        TRY(check_not_revoked(key, *list, list->issued_s));
    }
    return proven;
}

}  // namespace tillhost::licd::keys
