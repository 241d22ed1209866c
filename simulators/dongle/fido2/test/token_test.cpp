// Claim: a token makes credentials when it is touched, signs with them without a touch, and says
// for each why it does not. Shown by the requests that a licence server sends, byte by byte, and by
// signatures and certificates checked with another library's code.
#include "hal/os/p256.h"
#include "simulators/dongle/fido2/cbor.h"
#include "simulators/dongle/fido2/test/host.h"

namespace tillhost::simulators::fido2 {
namespace {

using base::Bytes;
using base::ByteView;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kRpHash =
    "0B 48 BC 01 3A 1A 76 86 3A 08 59 41 C6 7E 69 FA A8 5D 2C 28 D5 B4 FA F9 C2 85 74 3E FC 38 F5 "
    "6F";

Bytes hex(std::string_view text) { return *base::from_hex(text); }

Bytes joined(ByteView one, ByteView other) {
    Bytes all(one.begin(), one.end());
    all.insert(all.end(), other.begin(), other.end());
    return all;
}

os::P256PublicKey key_of(const Cbor& cose) {
    os::P256PublicKey key;
    const Bytes& x = cose.at(-2)->bytes;
    const Bytes& y = cose.at(-3)->bytes;
    std::copy(x.begin(), x.end(), key.x.begin());
    std::copy(y.begin(), y.end(), key.y.begin());
    return key;
}

/// What a maker of licences keeps of an enrolment.
struct Enrolled {
    Bytes id;
    os::P256PublicKey key;
    Bytes data;
    Cbor answer;
};

Enrolled enrolled_in(const Bytes& answer) {
    constexpr std::size_t kHead = 37, kAaguidBytes = 16;
    Enrolled enrolled;
    EXPECT_FALSE(answer.empty());
    EXPECT_EQ(answer.at(0), std::byte{0});
    const auto map = decode_cbor(ByteView(answer).subspan(1));
    EXPECT_TRUE(map);
    enrolled.answer = *map;
    enrolled.data = map->at(2)->bytes;
    base::ByteReader reader(enrolled.data);
    EXPECT_EQ(base::to_hex(reader.take(32)), kRpHash);
    EXPECT_EQ(reader.u8(), 0x41U);  // touched, with a key
    reader.take(kHead - 33 + kAaguidBytes);
    const ByteView id = reader.take(static_cast<std::size_t>(reader.uint_be(2)));
    enrolled.id.assign(id.begin(), id.end());
    const auto cose = decode_cbor(reader.take_rest());
    EXPECT_TRUE(cose);
    EXPECT_EQ(cose->at(1)->number, 2);
    EXPECT_EQ(cose->at(3)->number, -7);
    EXPECT_EQ(cose->at(-1)->number, 1);
    enrolled.key = key_of(*cose);
    return enrolled;
}

Enrolled enrol(Host& host) {
    host.cbor(make_request());
    return enrolled_in(host.answer());
}

/// The counter of a proof; 0 where it is none.
std::uint32_t proven(const Bytes& answer, const Enrolled& enrolled, unsigned flags) {
    const auto map = answer.empty() || answer[0] != std::byte{0}
                         ? std::nullopt
                         : decode_cbor(ByteView(answer).subspan(1));
    if (!map || map->at(1)->at("id")->bytes != enrolled.id) {
        return 0;
    }
    const Bytes& data = map->at(2)->bytes;
    EXPECT_EQ(data.size(), 37U);
    EXPECT_EQ(base::to_hex(ByteView(data).first(32)), kRpHash);
    EXPECT_EQ(base::to_unsigned(data[32]), flags);
    const bool good = enrolled.key.verifies(joined(data, hex(kHash)), map->at(3)->bytes);
    base::ByteReader reader(ByteView(data).subspan(33));
    return good ? static_cast<std::uint32_t>(reader.uint_be(4)) : 0;
}

TEST(Fido2Token, TellsWhatItIs) {
    Host host;
    host.say("00 22 00 02 90 00 01 04");
    const std::string expected =
        "00 A7 01 82 68 46 49 44 4F 5F 32 5F 30 68 46 49 44 4F 5F 32 5F 31 03 50 74 69 6C 6C 68 6F "
        "73 74 20 73 69 6D 20 30 30 31 04 A5 62 72 6B F5 62 75 70 F5 64 70 6C 61 74 F4 68 61 6C 77 "
        "61 79 73 55 76 F4 69 63 6C 69 65 6E 74 50 69 6E F4 05 19 04 B0 06 81 01 09 81 63 75 73 62 "
        "0A 81 A2 63 61 6C 67 26 64 74 79 70 65 6A 70 75 62 6C 69 63 2D 6B 65 79";
    EXPECT_EQ(host.answer_hex(), expected);
    host.fault("token", {{"pin", "1"}, {"always_uv", "1"}});
    host.cbor("04");
    const auto info = decode_cbor(ByteView(host.answer()).subspan(1));
    ASSERT_TRUE(info);
    EXPECT_TRUE(info->at(4)->at("clientPin")->flag);
    EXPECT_TRUE(info->at(4)->at("alwaysUv")->flag);
}

TEST(Fido2Token, TheRequestsOfTheFactSheetHaveTheirLengths) {
    EXPECT_EQ(hex(make_request()).size(), 158U);
    EXPECT_EQ(hex(assert_request(Bytes(64))).size(), 148U);
}

TEST(Fido2Token, MakesACredentialThatItsMakerVouchesFor) {
    Host host;
    const Enrolled enrolled = enrol(host);
    EXPECT_EQ(host.keepalives(), 1U);
    EXPECT_EQ(host.last_keepalive(), 2U) << "it asked for a touch";
    EXPECT_EQ(enrolled.id.size(), 64U);
    EXPECT_EQ(enrolled.answer.at(1)->text, "packed");
    const Cbor& statement = *enrolled.answer.at(3);
    EXPECT_EQ(statement.at("alg")->number, -7);
    const std::vector<Bytes> chain{statement.at("x5c")->items.at(0).bytes};
    const std::vector<std::string> roots{host.state().attestation_root};
    const auto attested = os::attested_key(chain, roots);
    ASSERT_TRUE(attested) << base::to_text(attested.error());
    EXPECT_TRUE(attested->verifies(joined(enrolled.data, hex(kHash)), statement.at("sig")->bytes));
    EXPECT_NE(*attested, enrolled.key);
    const std::vector<std::string> foreign{Host({.seed = 2}).state().attestation_root};
    EXPECT_FALSE(os::attested_key(chain, foreign)) << "another seed is another maker";
}

TEST(Fido2Token, VouchesForItselfOrNotAtAll) {
    Host self({.attestation = Attestation::self});
    const Enrolled enrolled = enrol(self);
    const Cbor& statement = *enrolled.answer.at(3);
    EXPECT_EQ(statement.at("x5c"), nullptr);
    EXPECT_TRUE(
        enrolled.key.verifies(joined(enrolled.data, hex(kHash)), statement.at("sig")->bytes));
    Host none({.attestation = Attestation::none});
    const Enrolled bare = enrol(none);
    EXPECT_EQ(bare.answer.at(1)->text, "none");
    EXPECT_TRUE(bare.answer.at(3)->items.empty());
}

TEST(Fido2Token, SignsWithoutATouch) {
    Host host;
    const Enrolled enrolled = enrol(host);
    host.fault("touch", {{"ms", "-1"}});
    host.cbor(assert_request(enrolled.id));
    EXPECT_EQ(proven(host.answer(), enrolled, 0x00), 2U);
    host.cbor(assert_request(enrolled.id));
    EXPECT_EQ(proven(host.answer(), enrolled, 0x00), 3U);
    EXPECT_EQ(host.state().credentials.at(0).counter, 3U);
    EXPECT_EQ(host.state().credentials.at(0).rp, "licence.example");
    EXPECT_EQ(host.state().credentials.at(0).user, "store-0001");
}

TEST(Fido2Token, AnotherDongleHasNoSuchCredential) {
    Host host;
    Host other({.serial = "SIM00002"});
    const Enrolled enrolled = enrol(host);
    EXPECT_NE(enrol(other).id, enrolled.id);
    other.cbor(assert_request(enrolled.id));
    EXPECT_EQ(other.answer_hex(), "2E");
    std::string foreign_rp = assert_request(enrolled.id);
    foreign_rp.replace(foreign_rp.find("6C 69 63"), 8, "6D 69 63");
    host.cbor(foreign_rp);
    EXPECT_EQ(host.answer_hex(), "2E") << "of another relying party";
}

TEST(Fido2Token, WithoutAListItFindsItsResidentOnes) {
    Host host;
    const Enrolled enrolled = enrol(host);
    host.cbor("02 A3 01 " + std::string(kRp) + " 02 58 20 " + std::string(kHash) +
              " 05 A1 62 75 70 F4");
    const Bytes answer = host.answer();
    EXPECT_EQ(proven(answer, enrolled, 0x00), 2U);
    const auto map = decode_cbor(ByteView(answer).subspan(1));
    EXPECT_EQ(map->at(4)->at("id")->bytes, Bytes(16, std::byte{1}));
}

TEST(Fido2Token, WaitsForATouchAndGivesUp) {
    Host host({.touch_after = milliseconds(250)});
    const Enrolled enrolled = enrol(host);
    EXPECT_EQ(host.keepalives(), 3U) << "at 0, 100 and 200 ms";
    host.cbor(assert_request(enrolled.id, "F5"));
    EXPECT_EQ(proven(host.answer(), enrolled, 0x01), 2U);
    host.fault("touch", {{"ms", "-1"}});
    host.cbor(assert_request(enrolled.id, "F5"));
    EXPECT_TRUE(host.state().waits_for_touch);
    EXPECT_EQ(host.answer_hex(), "2F") << "after thirty seconds";
    host.cbor(assert_request(enrolled.id, "F5"));
    host.fault("touch", {{"ms", "0"}});
    EXPECT_EQ(proven(host.answer(), enrolled, 0x01), 3U) << "somebody comes at last";
}

TEST(Fido2Token, TakesARequestBackWhenTold) {
    Host host({.touch_after = std::nullopt});
    host.cbor(make_request());
    host.say("00 22 00 02 91 00 00");
    EXPECT_EQ(host.answer_hex(), "2D");
    host.say("00 22 00 02 91 00 00");
    EXPECT_EQ(host.hear(), "") << "nothing to take back, no answer";
    host.cbor(make_request());
    host.hear();
    host.say("00 22 00 02 86 00 08 01 02 03 04 05 06 07 08");
    EXPECT_EQ(host.hear().substr(0, 20), "00 22 00 02 86 00 11") << "INIT ends it without a word";
    EXPECT_EQ(host.hear(), "");
    EXPECT_TRUE(host.state().credentials.empty());
}

TEST(Fido2Token, WorksOnOneRequestAtATime) {
    Host host({.command_time = milliseconds(350)});
    host.say("FF FF FF FF 86 00 08 01 02 03 04 05 06 07 08");
    host.hear();
    host.say("00 22 00 02 90 00 01 04");
    host.say("00 22 00 03 90 00 01 04");
    EXPECT_EQ(host.hear(milliseconds(0)), "00 22 00 03 BF 00 01 06");
    host.say("00 22 00 02 90 00 01 04");
    EXPECT_EQ(host.hear(milliseconds(0)), "00 22 00 02 BF 00 01 06");
    EXPECT_EQ(host.hear(), "00 22 00 02 BB 00 01 01");
    EXPECT_EQ(base::to_hex(ByteView(host.answer()).first(2)), "00 A7");
    EXPECT_EQ(host.keepalives(), 2U);
}

TEST(Fido2Token, RefusesWhatItCannotDo) {
    Host host;
    const auto status = [&host](const std::string& request) {
        host.cbor(request);
        return host.answer_hex();
    };
    EXPECT_EQ(status("03"), "01");
    EXPECT_EQ(status("08"), "30");
    EXPECT_EQ(status("01"), "12");
    EXPECT_EQ(status("01 80"), "11");
    EXPECT_EQ(status("01 A0"), "14");
    EXPECT_EQ(status("02 A1 01 00"), "11");
    EXPECT_EQ(status("02 A2 02 00 01 00"), "12") << "keys out of their order";
    EXPECT_EQ(status("06 A2 01 01 02 01"), "00 A1 03 08") << "tries that a PIN has left";
    EXPECT_EQ(status("06 A2 01 01 02 02"), "3E") << "key agreement";
    std::string request = make_request();
    const std::size_t algorithm = request.find("61 6C 67 26");
    EXPECT_EQ(status(request.replace(algorithm, 11, "61 6C 67 27")), "26");
    request = make_request();
    const std::size_t option = request.rfind("72 6B F5");
    EXPECT_EQ(status(request.replace(option, 8, "75 70 F4")), "2C") << "without a touch";
    request = make_request();
    EXPECT_EQ(status(request.replace(option, 8, "75 76 F5")), "2B");
    host.send(0x10, Bytes(1201, std::byte{1}));
    EXPECT_EQ(host.answer_hex(), "39");
}

TEST(Fido2Token, AnExcludedCredentialIsToldAfterATouch) {
    Host host;
    const Enrolled enrolled = enrol(host);
    std::string request = make_request();
    request.replace(request.find("A6 01 58"), 2, "A7");
    request.replace(request.find(" 06 A1 6B"), 0,
                    " 05 81 A2 62 69 64 58 40 " + base::to_hex(enrolled.id) +
                        " 64 74 79 70 65 6A 70 75 62 6C 69 63 2D 6B 65 79");
    host.cbor(request);
    EXPECT_EQ(host.answer_hex(), "19");
    EXPECT_EQ(host.state().credentials.size(), 1U);
}

TEST(Fido2Token, IsFullAtItsLimit) {
    Host host;
    for (std::size_t i = 0; i < 64; ++i) {
        host.cbor(make_request());
        ASSERT_EQ(host.answer().at(0), std::byte{0}) << i;
    }
    host.cbor(make_request());
    EXPECT_EQ(host.answer_hex(), "28");
}

TEST(Fido2Token, APinIsWantedWhereItIsSet) {
    Host host;
    const Enrolled enrolled = enrol(host);
    host.fault("token", {{"pin", "1"}});
    host.cbor(make_request());
    EXPECT_EQ(host.answer_hex(), "36");
    host.cbor(assert_request(enrolled.id));
    EXPECT_EQ(proven(host.answer(), enrolled, 0x00), 2U) << "a proof needs none";
    host.fault("token", {{"always_uv", "1"}});
    host.cbor(assert_request(enrolled.id));
    EXPECT_EQ(host.answer_hex(), "36");
    std::string with_pin = assert_request(enrolled.id) + " 06 41 00";
    host.cbor(with_pin.replace(3, 2, "A5"));
    EXPECT_EQ(host.answer_hex(), "33");
}

TEST(Fido2Token, IsResetSoonAfterItWasPluggedIn) {
    Host host;
    const Enrolled enrolled = enrol(host);
    host.wait(seconds(10));
    host.cbor("07");
    EXPECT_EQ(host.answer_hex(), "30");
    host.replug();
    host.wait(milliseconds(9'999));
    host.cbor("07");
    EXPECT_EQ(host.answer_hex(), "00");
    EXPECT_TRUE(host.state().credentials.empty());
    host.cbor(assert_request(enrolled.id));
    EXPECT_EQ(host.answer_hex(), "2E");
    EXPECT_NE(enrol(host).id, enrolled.id) << "what is made anew is new";
}

}  // namespace
}  // namespace tillhost::simulators::fido2
