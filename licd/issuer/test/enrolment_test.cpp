// Claim: a dongle is put into a key only if its maker vouches for it, it is of a model that the
// vendor named, and the file is what it said; each refusal says which of them fails. Shown by one
// change at a time to a good enrolment.
#include "licd/issuer/enrolment.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "hal/os/digest.h"
#include "licd/issuer/flat_json.h"
#include "licd/issuer/test/makers.h"
#include "licd/keys/base64.h"
#include "licd/keys/test/vendor.h"

namespace tillhost::licd::issuer::test {
namespace {

using base::ErrorCode;
using keys::test::code_of;
using keys::test::refused;
using keys::test::taken;
using keys::test::test_dongle;
using keys::test::with;

constexpr std::string_view kModel = "f8a011f3-8c0a-4d15-8006-17111f9edc7d";

base::Bytes digest(base::ByteView bytes) {
    const os::Sha256 sum = os::sha256(bytes);
    return {sum.begin(), sum.end()};
}
void append(base::Bytes& to, base::ByteView bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

struct Shape {
    std::string rp = "licence.example";
    unsigned flags = 0x41;
    base::Bytes model = taken(base::from_hex("F8A011F38C0A4D15800617111F9EDC7D"));
    base::Bytes before_x = taken(base::from_hex("A5010203262001215820"));
    base::Bytes rest{};
};

base::Bytes data_of(const Shape& shape, const base::Bytes& credential) {
    base::Bytes data = digest(base::bytes_of(shape.rp));
    for (const unsigned byte : {shape.flags, 0U, 0U, 0U, 1U}) {
        data.push_back(base::byte(byte));
    }
    append(data, shape.model);
    data.push_back(base::byte(0));
    data.push_back(base::byte(static_cast<unsigned>(credential.size())));
    append(data, credential);
    append(data, shape.before_x);
    append(data, test_dongle().public_key().x);
    append(data, taken(base::from_hex("225820")));
    append(data, test_dongle().public_key().y);
    append(data, shape.rest);
    return data;
}

void sign(Enrolment& enrolment, const os::P256Key& key) {
    base::Bytes message = enrolment.authenticator_data;
    append(message, enrolment.challenge_hash);
    enrolment.signature = taken(key.sign(message));
}

os::P256Key maker() { return taken(os::P256Key::from_bytes(taken(base::from_hex(kMakerSecret)))); }

Enrolment enrolment(const Shape& shape = {}, std::string_view certificate = kWithModel) {
    Enrolment made;
    made.rp = "licence.example";
    made.owner = "4410-0093-7721";
    made.challenge = base::Bytes(32, base::byte(9));
    made.challenge_hash = digest(made.challenge);
    made.credential = base::Bytes(64, base::byte(0x4A));
    made.authenticator_data = data_of(shape, made.credential);
    made.format = "packed";
    made.algorithm = -7;
    made.certificates = {taken(base::from_hex(certificate))};
    sign(made, maker());
    return made;
}

AttestationPolicy policy() {
    AttestationPolicy wanted;
    wanted.roots_pem = {kMakerRoot};
    wanted.aaguids = {taken(aaguid_from_text(kModel))};
    return wanted;
}

base::Result<Attested> check(const Enrolment& made) { return check_enrolment(made, policy()); }

TEST(Enrolment, OfAGoodDongleIsTaken) {
    const Attested attested = taken(check(enrolment()));
    EXPECT_FALSE(attested.is_self);
    EXPECT_EQ(attested.dongle.rp, "licence.example");
    EXPECT_EQ(attested.dongle.key, test_dongle().public_key());
    EXPECT_EQ(attested.dongle.credential, base::Bytes(64, base::byte(0x4A)));
    EXPECT_EQ(aaguid_text(attested.dongle.aaguid), "f8a011f38c0a4d15800617111f9edc7d");
    EXPECT_TRUE(check(enrolment({}, kWithoutModel)));
}

TEST(Enrolment, ThatWasChangedIsRefused) {
    Enrolment made = enrolment();
    made.challenge[0] = base::byte(8);
    EXPECT_TRUE(refused(check(made), ErrorCode::bad_field, "challenge_hash"));
    made = enrolment();
    made.credential[3] = base::byte(1);
    EXPECT_TRUE(refused(check(made), ErrorCode::bad_field, "not the one in authenticator_data"));
    made = enrolment();
    made.authenticator_data[36] = base::byte(7);
    EXPECT_TRUE(refused(check(made), ErrorCode::key_foreign, "signature does not hold"));
    made = enrolment();
    made.signature.back() ^= base::byte(1);
    EXPECT_TRUE(refused(check(made), ErrorCode::key_foreign, "signature does not hold"));
    made = enrolment();
    made.challenge = base::Bytes(32, base::byte(8));  // of another enrolment
    made.challenge_hash = digest(made.challenge);
    EXPECT_TRUE(refused(check(made), ErrorCode::key_foreign, "signature does not hold"));
    made = enrolment();
    made.rp = "another.example";
    EXPECT_TRUE(refused(check(made), ErrorCode::key_foreign, "another relying party"));
}

TEST(Enrolment, CutAnywhereIsRefused) {
    const Enrolment whole = enrolment();
    for (std::size_t size = 0; size < whole.authenticator_data.size(); ++size) {
        Enrolment cut = whole;
        cut.authenticator_data.resize(size);
        EXPECT_FALSE(check(cut)) << size;
    }
}

TEST(Enrolment, WithoutATouchOrACredentialIsRefused) {
    Shape shape;
    shape.flags = 0x40;
    EXPECT_TRUE(refused(check(enrolment(shape)), ErrorCode::key_foreign, "nobody touched"));
    shape.flags = 0x01;
    EXPECT_TRUE(refused(check(enrolment(shape)), ErrorCode::bad_field, "no credential"));
}

TEST(Enrolment, OfAnotherKindOfKeyIsRefused) {
    Shape shape;
    shape.before_x = taken(base::from_hex("A5010203382E2001215820"));
    EXPECT_TRUE(refused(check(enrolment(shape)), ErrorCode::bad_field, "none of P-256"));
    shape = {};
    shape.rest = base::Bytes(3);
    EXPECT_TRUE(refused(check(enrolment(shape)), ErrorCode::bad_field, "none of P-256"));
    shape.flags = 0xC1;  // extensions, which are none of ours
    EXPECT_TRUE(check(enrolment(shape)));
}

TEST(Enrolment, OfAModelThatIsNotOnTheListIsRefused) {
    Shape shape;
    shape.model[0] = base::byte(1);
    EXPECT_TRUE(refused(check(enrolment(shape, kWithoutModel)), ErrorCode::key_foreign,
                        "the model 01a011f38c0a4d15800617111f9edc7d is not among"));
}

TEST(Enrolment, OfAnotherModelThanTheMakersCertificateIsRefused) {
    Shape shape;
    shape.model[0] = base::byte(1);
    AttestationPolicy both = policy();
    both.aaguids.push_back(taken(aaguid_from_text("01a011f38c0a4d15800617111f9edc7d")));
    EXPECT_TRUE(refused(check_enrolment(enrolment(shape), both), ErrorCode::key_foreign,
                        "certificate is for the model f8a011f3"));
    EXPECT_TRUE(refused(check(enrolment({}, kWithOddModel)), ErrorCode::key_foreign,
                        "names no model in a form"));
}

TEST(Enrolment, OfAnotherMakerIsRefused) {
    AttestationPolicy none = policy();
    none.roots_pem.clear();
    EXPECT_TRUE(
        refused(check_enrolment(enrolment(), none), ErrorCode::bad_field, "--attestation-roots"));
    Enrolment made = enrolment();
    made.certificates = {base::Bytes(40)};
    EXPECT_EQ(code_of(check(made)), ErrorCode::bad_field);
    // A certificate of the maker beside a signature of somebody else.
    made = enrolment();
    sign(made, test_dongle(8));
    EXPECT_TRUE(refused(check(made), ErrorCode::key_foreign, "signature does not hold"));
}

TEST(Enrolment, ThatVouchesForItselfIsTakenOnlyWhereThatIsWanted) {
    Enrolment made = enrolment();
    made.certificates.clear();
    sign(made, test_dongle());
    EXPECT_TRUE(refused(check(made), ErrorCode::key_foreign, "it may be a program"));
    AttestationPolicy lax = policy();
    lax.accepts_self = true;
    EXPECT_TRUE(taken(check_enrolment(made, lax)).is_self);
    sign(made, maker());
    EXPECT_TRUE(refused(check_enrolment(made, lax), ErrorCode::key_foreign, "does not hold"));
}

TEST(Enrolment, OfAnotherFormatIsRefused) {
    for (const char* const format : {"none", "fido-u2f", ""}) {
        Enrolment made = enrolment();
        made.format = format;
        EXPECT_TRUE(refused(check(made), ErrorCode::key_foreign, "is not taken")) << format;
    }
    Enrolment made = enrolment();
    made.algorithm = -257;
    EXPECT_TRUE(refused(check(made), ErrorCode::key_foreign, "-257"));
}

std::string file_of(const Enrolment& made) {
    const auto text = [](const base::Bytes& bytes) { return keys::to_base64(bytes); };
    return fmt::format(
        R"({{"version": 1, "rp": "{}", "owner": "{}", "challenge": "{}", "challenge_hash": "{}",
 "credential": "{}", "authenticator_data": "{}", "format": "packed", "algorithm": -7,
 "signature": "{}", "certificates": ["{}"], "later": {{"a": [1, true, null]}}}}
)",
        made.rp, made.owner, text(made.challenge), text(made.challenge_hash), text(made.credential),
        text(made.authenticator_data), text(made.signature), text(made.certificates.at(0)));
}

TEST(EnrolmentFile, IsReadAsItWasWritten) {
    const Enrolment made = enrolment();
    const Enrolment read = taken(read_enrolment(file_of(made)));
    EXPECT_EQ(read.authenticator_data, made.authenticator_data);
    EXPECT_EQ(read.certificates, made.certificates);
    EXPECT_TRUE(check(read));
}

TEST(EnrolmentFile, OfAnotherFormIsRefusedByItsName) {
    const std::string good = file_of(enrolment());
    EXPECT_TRUE(refused(read_enrolment(with(good, "\"version\": 1", "\"version\": 2")),
                        ErrorCode::wrong_version, "version 2"));
    for (const auto& [part, other, told] : std::vector<std::array<std::string, 3>>{
             {"\"rp\"", "\"pr\"", "rp, a text"},
             {"\"challenge\": \"", "\"challenge\": \"*", "challenge, bytes in base64"},
             {"\"algorithm\": -7", "\"algorithm\": \"-7\"", "algorithm, a whole number"},
             {"\"algorithm\": -7", "\"algorithm\": -7.5", "algorithm, a whole number"},
             {"\"certificates\": [", "\"certificates\": [1, ", "certificates, a list"},
             {"\"owner\"", "\"rp\"", "stands once"}}) {
        EXPECT_TRUE(refused(read_enrolment(with(good, part, other)), ErrorCode::bad_field, told))
            << told;
    }
    EXPECT_EQ(code_of(read_enrolment(std::string(kEnrolmentBytesMax + 1, ' '))),
              ErrorCode::too_large);
    for (std::size_t size = 0; size + 2 < good.size(); size += 7) {
        EXPECT_FALSE(read_enrolment(good.substr(0, size))) << size;
    }
}

TEST(FlatJson, ReadsWhatJsonIs) {
    const auto object = taken(read_flat_json(
        " { \"a\" : \"x\\n\\u00e9\\ud83d\\ude00\" , \"b\":-12,\"c\":[],\"d\":{}, \"e\":1e3 } "));
    EXPECT_EQ(std::get<std::string>(object.at("a")), "x\n\xC3\xA9\xF0\x9F\x98\x80");
    EXPECT_EQ(std::get<std::int64_t>(object.at("b")), -12);
    EXPECT_TRUE(std::get<std::vector<std::string>>(object.at("c")).empty());
    EXPECT_TRUE(std::holds_alternative<std::monostate>(object.at("e")));
    for (const char* const bad :
         {"", "[]", "{", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":01}", "{\"a\":-}", "{\"a\":1,}",
          "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\n\"}",
          "{\"a\":\"\xFF\"}", "{\"a\":tru}", "{a:1}"}) {
        EXPECT_EQ(code_of(read_flat_json(bad)), ErrorCode::bad_field) << bad;
    }
    const std::string deep = "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}";
    EXPECT_TRUE(refused(read_flat_json(deep), ErrorCode::bad_field, "levels"));
}

TEST(Aaguid, IsReadWithAndWithoutDashes) {
    EXPECT_EQ(taken(aaguid_from_text(kModel)),
              taken(aaguid_from_text("F8A011F38C0A4D15800617111F9EDC7D")));
    for (const char* const bad : {"", "f8", "f8a011f38c0a4d15800617111f9edc7dff", "hello"}) {
        EXPECT_EQ(code_of(aaguid_from_text(bad)), ErrorCode::bad_field) << bad;
    }
}

}  // namespace
}  // namespace tillhost::licd::issuer::test
