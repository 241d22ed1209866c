#pragma once

#include <gtest/gtest.h>

#include "hal/os/digest.h"
#include "licd/keys/key_file.h"

// A vendor whose keys are the same in every run, so that what it signs is too.
namespace tillhost::licd::keys::test {

inline constexpr std::int64_t kNow = 1'780'000'000;  // 2026-05-28T20:26:40Z
inline constexpr std::int64_t kDay = 86'400;

template <class T>
T taken(base::Result<T> made) {
    EXPECT_TRUE(made.has_value()) << base::to_text(made.error());
    return std::move(made).value();
}

/// The code of a failure, or unspecified.
template <class T>
base::ErrorCode code_of(const base::Result<T>& result) {
    return result ? base::ErrorCode::unspecified : result.error().code;
}

/// Whether it failed so, with these words in it.
template <class T>
testing::AssertionResult refused(const base::Result<T>& result, base::ErrorCode code,
                                 std::string_view words) {
    if (result) {
        return testing::AssertionFailure() << "not refused";
    }
    if (result.error().code != code || result.error().detail.find(words) == std::string::npos) {
        return testing::AssertionFailure() << base::to_text(result.error());
    }
    return testing::AssertionSuccess();
}

inline os::SigningKey test_key(unsigned seed) {
    const os::SecretBytes secret(base::Bytes(os::kSecretKeyBytes, base::byte(seed)));
    return taken(os::SigningKey::from_secret(secret));
}

struct Vendor {
    explicit Vendor(unsigned seed = 1)
        : root_key(test_key(seed)), issuer_key(test_key(seed + 1)), root(make_root()) {
        chain = {issuer("till")};
    }

    os::Certificate make_root() const {
        return taken(os::make_root({.name = "Test root",
                                    .key = root_key.public_key(),
                                    .not_before_s = kNow - 10 * kDay,
                                    .not_after_s = kNow + 7300 * kDay,
                                    .path_length = 2,
                                    .products = {"till", "scale"}},
                                   root_key));
    }
    os::Certificate issuer(const std::string& product) const {
        return taken(os::issue_certificate({.name = "Test issuer",
                                            .key = issuer_key.public_key(),
                                            .not_before_s = kNow - kDay,
                                            .not_after_s = kNow + 1000 * kDay,
                                            .path_length = 0,
                                            .products = {product}},
                                           root, root_key));
    }
    std::string write(const KeyContent& content) const {
        return taken(write_key(content, chain, issuer_key));
    }

    os::SigningKey root_key;
    os::SigningKey issuer_key;
    os::Certificate root;
    std::vector<os::Certificate> chain;
};

inline const std::vector<std::string>& test_pins() {
    static const std::vector<std::string> pins{Pin::make(1, 2).reveal(), Pin::make(3, 4).reveal()};
    return pins;
}

inline KeyContent blank_key() {
    KeyContent content;
    content.head = "Till of the example shop, serial 4410-0093-7721";
    content.id = "00112233445566778899aabbccddeeff";
    content.serial = "4410-0093-7721";
    content.issued_s = kNow;
    content.product = "till";
    content.lines = {
        taken(licence_line_from_words("name=till.base count=20 until=never ver=>=3.0,<4.0")),
        taken(licence_line_from_words("name=till.weigh until=2027-12-31 feat=scale,label "
                                      "offline_ok_s=900")),
        taken(licence_line_from_words("name=till.report count=2 mode=instance"))};
    for (std::size_t at = 0; at < test_pins().size(); ++at) {
        const int number = static_cast<int>(at) + 1;
        const auto key = taken(Pin::read(test_pins()[at])).key_for(content.serial, number);
        content.slots.push_back({number, key.public_key()});
    }
    return content;
}

/// What "answer" makes of it, for the server with test_key(50).
inline KeyContent bound_key() {
    KeyContent content = blank_key();
    content.id = "ffeeddccbbaa99887766554433221100";
    content.revision = 2;
    content.issued_s = kNow + kDay;
    const Traits traits{make_trait(TraitKind::disk, {"WD-123456"}, ""),
                        make_trait(TraitKind::machine_id, {"0b1c2d3e4f"}, "")};
    content.activation = Activation{.request_id = "0123456789abcdef0123456789abcdef",
                                    .slot = 1,
                                    .at_s = kNow + kDay,
                                    .traits = digests_of(content.serial, traits),
                                    .server = test_key(50).public_key()};
    return content;
}

/// A dongle whose key is the same in every run.
inline os::P256Key test_dongle(unsigned seed = 7) {
    return taken(os::P256Key::from_bytes(base::Bytes(os::kP256Bytes, base::byte(seed))));
}

inline KeyContent dongle_key() {
    KeyContent content = blank_key();
    content.kind = KeyKind::token;
    content.slots.clear();
    content.token = DongleCredential{.rp = "licence.example",
                                     .credential = base::Bytes(64, base::byte(0x4A)),
                                     .key = test_dongle().public_key(),
                                     .aaguid = {}};
    content.token->aaguid.fill(base::byte(0xF8));
    return content;
}

/// What a dongle answers to a question; nothing asked it for a touch.
inline DongleWord spoken(const os::P256Key& dongle, const DongleQuestion& question,
                         std::string_view rp = "licence.example", unsigned counter = 5) {
    const os::Sha256 name = os::sha256(base::bytes_of(rp));
    DongleWord word{question.server, question.at_s, question.nonce, {name.begin(), name.end()}, {}};
    for (const unsigned byte : {0U, 0U, 0U, counter >> 8U, counter & 0xFFU}) {
        word.data.push_back(base::byte(byte));
    }
    base::Bytes message = word.data;
    const base::Bytes hash = question.hash();
    message.insert(message.end(), hash.begin(), hash.end());
    word.signature = taken(dongle.sign(message));
    return word;
}

/// The question of the server with test_key(50) about dongle_key().
inline DongleQuestion question_at(std::int64_t at_s) {
    return {dongle_key().serial, test_key(50).public_key(), at_s,
            base::Bytes(kNonceBytes, base::byte(3))};
}

/// The text with one part in place of another, which must be there.
inline std::string with(std::string text, std::string_view part, std::string_view other) {
    const std::size_t at = text.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return at == std::string::npos ? text : text.replace(at, part.size(), other);
}

/// The lines between fence and END, for a test that signs others.
inline std::vector<std::string> lines_of(std::string_view text) {
    return taken(SealedText::split(text, FileKind::key)).lines();
}

}  // namespace tillhost::licd::keys::test
