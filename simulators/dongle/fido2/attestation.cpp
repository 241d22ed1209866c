#include "simulators/dongle/fido2/attestation.h"

#include <algorithm>
#include <initializer_list>

namespace tillhost::simulators::fido2 {

namespace {

using base::Bytes;
using base::ByteView;

// Tags of DER (X.690).
constexpr unsigned kBoolean = 0x01, kInteger = 0x02, kBits = 0x03, kOctets = 0x04, kOid = 0x06;
constexpr unsigned kUtf8 = 0x0C, kPrintable = 0x13, kUtcTime = 0x17, kSequence = 0x30, kSet = 0x31;
constexpr unsigned kVersionTag = 0xA0, kExtensionsTag = 0xA3;

constexpr std::string_view kCountryOid = "550406", kOrganisationOid = "55040A";
constexpr std::string_view kUnitOid = "55040B", kCommonNameOid = "550403";
constexpr std::string_view kConstraintsOid = "551D13";             // basicConstraints
constexpr std::string_view kAaguidOid = "2B0601040182E51C010104";  // id-fido-gen-ce-aaguid
constexpr std::string_view kSignatureOid = "2A8648CE3D040302";     // ecdsa-with-SHA256
constexpr std::string_view kEcKeyOid = "2A8648CE3D0201", kP256Oid = "2A8648CE3D030107";

// Nobody's token outlives them, and a simulator has no clock to go by.
constexpr std::string_view kBegin = "200101000000Z", kEnd = "491231235959Z";

Bytes hex(std::string_view text) { return MUST(base::from_hex(text)); }  // of this file

Bytes der(unsigned tag, ByteView content) {
    base::ByteWriter writer;
    writer.u8(tag);
    if (content.size() >= 0x100) {
        writer.u8(0x82).uint_be(content.size(), 2);
    } else if (content.size() >= 0x80) {
        writer.u8(0x81).u8(content.size());
    } else {
        writer.u8(content.size());
    }
    return writer.raw(content).take();
}

Bytes der(unsigned tag, std::initializer_list<Bytes> parts) {
    base::ByteWriter content;
    for (const Bytes& part : parts) {
        content.raw(part);
    }
    return der(tag, content.bytes());
}

Bytes text(unsigned tag, std::string_view value) { return der(tag, base::bytes_of(value)); }

Bytes bits(ByteView content) {
    base::ByteWriter writer;
    return der(kBits, writer.u8(0).raw(content).bytes());
}

Bytes name_part(std::string_view oid, unsigned tag, std::string_view value) {
    return der(kSet, {der(kSequence, {der(kOid, hex(oid)), text(tag, value)})});
}

Bytes name(std::string_view unit, std::string_view common) {
    return der(kSequence,
               {name_part(kCountryOid, kPrintable, "ZZ"),
                name_part(kOrganisationOid, kUtf8, "Simulated devices: no real maker"),
                name_part(kUnitOid, kUtf8, unit), name_part(kCommonNameOid, kUtf8, common)});
}

Bytes maker_name() { return name("Maker", "Maker of simulated FIDO2 tokens"); }

Bytes key_info(const os::P256PublicKey& key) {
    base::ByteWriter point;
    point.u8(4).raw(key.x).raw(key.y);
    return der(kSequence, {der(kSequence, {der(kOid, hex(kEcKeyOid)), der(kOid, hex(kP256Oid))}),
                           bits(point.bytes())});
}

Bytes constraints(bool authority) {
    const Bytes truth = der(kBoolean, hex("FF"));
    const Bytes value = der(kSequence, authority ? ByteView(truth) : ByteView());
    return der(kSequence, {der(kOid, hex(kConstraintsOid)), truth, der(kOctets, value)});
}

Bytes aaguid_extension() {
    return der(kSequence,
               {der(kOid, hex(kAaguidOid)), der(kOctets, der(kOctets, ByteView(kAaguid)))});
}

struct Sheet {
    unsigned number;
    Bytes subject;
    os::P256PublicKey key;
    Bytes extensions;
};

base::Result<Bytes> sign(const Sheet& sheet, const os::P256Key& root) {
    constexpr unsigned kVersion3 = 2;  // as X.509 counts
    const auto number = [](unsigned value) { return der(kInteger, Bytes{base::byte(value)}); };
    const Bytes algorithm = der(kSequence, {der(kOid, hex(kSignatureOid))});
    const Bytes body =
        der(kSequence,
            {der(kVersionTag, number(kVersion3)), number(sheet.number), algorithm, maker_name(),
             der(kSequence, {text(kUtcTime, kBegin), text(kUtcTime, kEnd)}), sheet.subject,
             key_info(sheet.key), der(kExtensionsTag, der(kSequence, sheet.extensions))});
    const Bytes signature = bits(TRY(root.sign(body)));
    return der(kSequence, {body, algorithm, signature});
}

}  // namespace

base::Result<Bytes> make_root_certificate(const os::P256Key& root) {
    return sign({.number = 1,
                 .subject = maker_name(),
                 .key = root.public_key(),
                 .extensions = constraints(true)},
                root);
}

base::Result<Bytes> make_attestation_certificate(const os::P256PublicKey& token,
                                                 const os::P256Key& root) {
    base::ByteWriter extensions;
    extensions.raw(constraints(false)).raw(aaguid_extension());
    return sign({.number = 2,
                 .subject = name("Authenticator Attestation", "Simulated FIDO2 token"),
                 .key = token,
                 .extensions = extensions.take()},
                root);
}

std::string certificate_pem(ByteView der) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::size_t kThree = 3, kLineGroups = 16;  // groups of four letters in a line
    std::string pem = "-----BEGIN CERTIFICATE-----\n";
    for (std::size_t at = 0; at < der.size(); at += kThree) {
        const std::size_t count = std::min(kThree, der.size() - at);
        unsigned group = 0;
        for (std::size_t i = 0; i < kThree; ++i) {
            group = group << 8U | (i < count ? base::to_unsigned(der[at + i]) : 0U);
        }
        for (std::size_t i = 0; i <= kThree; ++i) {
            pem += i <= count ? kDigits[group >> (18U - 6U * i) & 0x3FU] : '=';
        }
        const bool line_ends = (at / kThree + 1) % kLineGroups == 0 || at + kThree >= der.size();
        pem += line_ends ? "\n" : "";
    }
    return pem + "-----END CERTIFICATE-----\n";
}

}  // namespace tillhost::simulators::fido2
