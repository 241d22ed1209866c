// Any bytes are a key, a request, a revocation list, a line, a PIN, traits or a clock's state, or a
// typed error; what was read is written in a form that reads back the same.
#include <cstdint>

#include "hal/base/invariant.h"
#include "licd/keys/activation.h"
#include "licd/keys/base64.h"
#include "licd/keys/clock_guard.h"
#include "licd/keys/instant.h"
#include "licd/keys/proof.h"

namespace {

using namespace tillhost;
using namespace tillhost::licd::keys;

os::SigningKey root_key() {
    const os::SecretBytes seed(base::Bytes(os::kSecretKeyBytes, base::byte(1)));
    return MUST(os::SigningKey::from_secret(seed));
}

/// The one that the corpus was signed under (licd/keys/test/vendor.h).
const os::Certificate& root() {
    static const os::Certificate one = [] {
        const os::SigningKey key = root_key();
        const os::CertificateContent content{.name = "Test root",
                                             .key = key.public_key(),
                                             .not_before_s = 1'780'000'000 - 864'000,
                                             .not_after_s = 1'780'000'000 + 7300 * 86'400LL,
                                             .path_length = 2,
                                             .products = {"till", "scale"}};
        return MUST(os::make_root(content, key));
    }();
    return one;
}

void try_files(std::string_view text) {
    if (const auto key = read_key(text, root())) {
        INVARIANT(key->text == text && !key->content.lines.empty());
        for (const LicenceLine& line : key->content.lines) {
            INVARIANT(!key->content.activation || proof_of(*key, line.name));
        }
        INVARIANT(key->content.token.has_value() == !key->dongle.empty());
    }
    if (const auto list = read_revocations(text, root())) {
        INVARIANT(list->text == text && list->number > 0);
    }
    if (const auto request = read_request(text)) {
        INVARIANT(is_serial(request->content.serial) && request->content.slot > 0);
    }
    (void)os::certificate_from_pem(text);
    (void)os::Certificate::from_der(base::bytes_of(text));
}

/// The signatures of a file keep a fuzzer out of its grammar, so its lines are tried alone.
void try_lines(std::string_view text) {
    if (const auto line = read_licence_line(text, 1)) {
        const std::string written = write_licence_line(*line, 1);
        const auto again = read_licence_line(written, 1);
        INVARIANT(again && write_licence_line(*again, 1) == written);
    }
    if (const auto fields = Fields::read(text, 1)) {
        INVARIANT(!fields->tag().empty());
    }
    if (const auto signed_line = SignedLine::read(text)) {
        INVARIANT(signed_line->signature.size() == os::kSignatureBytes);
    }
    const Proof proof{.chain = {std::string(text)},
                      .file_id = std::string(32, '0'),
                      .serial = "AAAA-1111",
                      .seal = std::string(text),
                      .licence = std::string(text)};
    INVARIANT(!check_proof(root(), proof, "till"));
}

void try_dongle(std::string_view text) {
    if (const auto line = read_dongle_line(text, 1)) {
        const std::string written = write_dongle_line(*line);
        INVARIANT(write_dongle_line(MUST(read_dongle_line(written, 1))) == written);
    }
    if (const auto word = read_dongle_word(text)) {
        const std::string written = write_dongle_word(*word);
        INVARIANT(write_dongle_word(MUST(read_dongle_word(written))) == written);
        INVARIANT(!check_dongle_word({}, "AAAA-1111", *word));
        (void)counter_of(word->data);
    }
}

void try_parts(std::string_view text) {
    if (const auto digests = digests_from_text(text)) {
        INVARIANT(MUST(digests_from_text(digests_to_text(*digests))) == *digests);
    }
    if (const auto pin = Pin::read(text)) {
        INVARIANT(MUST(Pin::read(pin->reveal())).reveal() == pin->reveal());
    }
    if (const auto state = ClockState::read(text)) {
        INVARIANT(MUST(ClockState::read(state->text())) == *state);
        ClockGuard guard(*state, 1'780'000'000);
        guard.step(1'780'000'060, 60);
        INVARIANT(guard.told().empty() == (guard.condition() == ClockCondition::good));
    }
    if (const auto instant = instant_from_text(text)) {
        INVARIANT(instant_to_text(*instant) == text);
    }
    if (const auto bytes = from_base64(text)) {
        INVARIANT(to_base64(*bytes) == text);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try_files(text);
    try_lines(text);
    try_dongle(text);
    try_parts(text);
    return 0;
}
