#include "licd/keys/dongle.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/os/digest.h"
#include "licd/keys/base64.h"
#include "licd/keys/instant.h"

namespace tillhost::licd::keys {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::string_view kQuestion = "licd-server-1";
constexpr std::string_view kAlgorithm = "es256";
constexpr std::size_t kCounterAt = 33;  // behind hash and flags

std::string hex(base::ByteView bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        text += fmt::format("{:02x}", base::to_unsigned(byte));
    }
    return text;
}

/// Bytes of a field in base64, so many of them.
base::Result<base::Bytes> need_bytes(const Fields& fields, std::string_view name, std::size_t least,
                                     std::size_t most) {
    auto bytes = from_base64(TRY(fields.need(name)));
    if (!bytes || bytes->size() < least || bytes->size() > most) {
        return fields.fault(fmt::format("{} has {} to {} bytes in base64", name, least, most));
    }
    return bytes;
}

template <std::size_t N>
base::Result<std::array<std::byte, N>> need_array(const Fields& fields, std::string_view name) {
    const base::Bytes bytes = TRY(need_bytes(fields, name, N, N));
    std::array<std::byte, N> array{};
    std::copy(bytes.begin(), bytes.end(), array.begin());
    return array;
}

base::Result<std::array<std::byte, kAaguidBytes>> need_aaguid(const Fields& fields) {
    const std::string text = TRY(fields.need("aaguid"));
    if (!is_hex(text, kAaguidBytes)) {
        return fields.fault("aaguid has 32 hex digits");
    }
    const base::Bytes read = TRY(base::from_hex(text));
    std::array<std::byte, kAaguidBytes> bytes{};
    std::copy(read.begin(), read.end(), bytes.begin());
    return bytes;
}

base::Done check_tag(const Fields& fields, std::string_view tag) {
    return fields.tag() == tag && fields.words().empty()
               ? base::Done()
               : base::Done(fields.fault(fmt::format("a line {} belongs here", tag)));
}

base::Error not_believed(std::string_view what) {
    return make_error(ErrorCode::key_foreign, fmt::format("the dongle's word: {}", what));
}

}  // namespace

bool is_relying_party(std::string_view text) {
    return !text.empty() && text.size() <= kRelyingPartyBytesMax &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
           });
}

base::Result<DongleLine> read_dongle_line(std::string_view text, std::size_t line_number) {
    const Fields fields = TRY(Fields::read(text, line_number));
    TRY(check_tag(fields, "T"));
    TRY(fields.understood({"alg", "rp", "cred", "x", "y", "aaguid", "product", "issued"}));
    if (const std::string algorithm = TRY(fields.need("alg")); algorithm != kAlgorithm) {
        return make_error(ErrorCode::wrong_version,
                          fmt::format("line {}: dongles that sign with \"{}\" are not known here",
                                      line_number, algorithm));
    }
    DongleLine line;
    line.dongle.rp = TRY(fields.need("rp"));
    line.dongle.credential = TRY(need_bytes(fields, "cred", 1, kCredentialBytesMax));
    line.dongle.key.x = TRY(need_array<os::kP256Bytes>(fields, "x"));
    line.dongle.key.y = TRY(need_array<os::kP256Bytes>(fields, "y"));
    line.dongle.aaguid = TRY(need_aaguid(fields));
    line.product = TRY(fields.need("product"));
    line.issued_s = TRY(fields.need_instant("issued"));
    if (!is_relying_party(line.dongle.rp)) {
        return fields.fault("rp is a name of lower-case letters, digits, dots and dashes");
    }
    return line;
}

std::string write_dongle_line(const DongleLine& line) {
    return FieldWriter("T")
        .put("alg", kAlgorithm)
        .put("rp", line.dongle.rp)
        .put("cred", to_base64(line.dongle.credential))
        .put("x", to_base64(line.dongle.key.x))
        .put("y", to_base64(line.dongle.key.y))
        .put("aaguid", hex(line.dongle.aaguid))
        .put("product", line.product)
        .put("issued", instant_to_text(line.issued_s))
        .text();
}

std::string DongleQuestion::text() const {
    return fmt::format("{}\n{}\n{}\n{}\n{}\n", kQuestion, serial, to_base64(server.bytes),
                       instant_to_text(at_s), to_base64(nonce));
}

base::Bytes DongleQuestion::hash() const {
    const os::Sha256 sum = os::sha256(base::bytes_of(text()));
    return {sum.begin(), sum.end()};
}

base::Result<DongleWord> read_dongle_word(std::string_view line) {
    const Fields fields = TRY(Fields::read(line, 1));
    TRY(check_tag(fields, "D"));
    TRY(fields.understood({"server", "at", "nonce", "data", "sig"}));
    DongleWord word;
    word.server.bytes = TRY(need_array<os::kPublicKeyBytes>(fields, "server"));
    word.at_s = TRY(fields.need_instant("at"));
    word.nonce = TRY(need_bytes(fields, "nonce", kNonceBytes, kNonceBytes));
    word.data = TRY(need_bytes(fields, "data", kAssertionBytesMin, kAssertionBytesMax));
    word.signature = TRY(need_bytes(fields, "sig", 1, os::kP256SignatureBytesMax));
    return word;
}

std::string write_dongle_word(const DongleWord& word) {
    return FieldWriter("D")
        .put("server", to_base64(word.server.bytes))
        .put("at", instant_to_text(word.at_s))
        .put("nonce", to_base64(word.nonce))
        .put("data", to_base64(word.data))
        .put("sig", to_base64(word.signature))
        .text();
}

base::Done check_dongle_word(const DongleCredential& dongle, std::string_view serial,
                             const DongleWord& word) {
    if (word.data.size() < kAssertionBytesMin || word.data.size() > kAssertionBytesMax) {
        return not_believed("it is cut, or too long");
    }
    const os::Sha256 rp = os::sha256(base::bytes_of(dongle.rp));
    if (!std::equal(rp.begin(), rp.end(), word.data.begin())) {
        return not_believed(
            fmt::format("it was given for another relying party than {}", dongle.rp));
    }
    const DongleQuestion question{std::string(serial), word.server, word.at_s, word.nonce};
    base::Bytes message = word.data;
    const base::Bytes hash = question.hash();
    message.insert(message.end(), hash.begin(), hash.end());
    if (!dongle.key.verifies(message, word.signature)) {
        return not_believed("the signature is not of the dongle that the key names");
    }
    return {};
}

std::uint32_t counter_of(base::ByteView assertion) {
    std::uint32_t counter = 0;
    for (const std::byte byte : assertion.subspan(kCounterAt, sizeof counter)) {
        counter = counter << 8U | base::to_unsigned(byte);
    }
    return counter;
}

base::Done check_word_age(std::int64_t at_s, std::int64_t now_s) {
    if (now_s - at_s <= kDongleWordAgeMaxS && at_s - now_s <= kDongleWordAheadMaxS) {
        return {};
    }
    return not_believed(
        fmt::format("it is of {}, and this machine's clock says {}: the dongle is gone for long, "
                    "or one of the two clocks is wrong",
                    instant_to_text(at_s), instant_to_text(now_s)));
}

}  // namespace tillhost::licd::keys
