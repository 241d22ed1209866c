#include "hal/drivers/dongle/fido2/protocol.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/base/text.h"
#include "hal/codec/cbor.h"

namespace tillhost::drivers::fido2 {
namespace {

using base::Bytes;
using base::ByteView;
using base::Result;
using codec::cbor::Array;
using codec::cbor::find;
using codec::cbor::find_as;
using codec::cbor::Map;
using codec::cbor::Value;

enum Request : std::uint8_t { make_credential_request = 1, get_assertion_request = 2 };
constexpr std::uint8_t kGetInfo = 4;
constexpr std::int64_t kEs256 = -7;  // COSE: ECDSA with P-256 and SHA-256

// As in the contract.
constexpr std::size_t kVersionsMax = 16;
constexpr std::size_t kVersionBytesMax = 32;
constexpr std::size_t kAaguidBytes = 16;
constexpr std::size_t kAuthenticatorDataBytesMin = 37;
constexpr std::size_t kAuthenticatorDataBytesMax = 4096;
constexpr std::size_t kProofBytesMin = 8;
constexpr std::size_t kProofBytesMax = 256;
constexpr std::size_t kFormatBytesMax = 32;
constexpr std::size_t kSignatureBytesMax = 512;
constexpr std::size_t kCertificatesMax = 8;
constexpr std::size_t kCertificateBytesMax = 4096;
constexpr std::size_t kCredentialBytesMax = 1023;
constexpr std::int64_t kAlgorithmMax = 65535;

// Within authenticator data (WebAuthn 2, section 6.1).
constexpr std::size_t kFlagsAt = 32;
constexpr std::size_t kCredentialLengthAt = 53;
constexpr unsigned kHasCredential = 0x40;

base::Error unexpected(std::string_view what) {
    return base::make_error(base::ErrorCode::unexpected_answer,
                            fmt::format("the dongle's answer: {}", what));
}

Bytes request_of(std::uint8_t command, Map map) {
    base::ByteWriter to;
    to.u8(command).raw(codec::cbor::write(Value(std::move(map))));
    return to.take();
}

std::pair<codec::cbor::Key, Value> entry(std::int64_t key, Value value) {
    return {key, std::move(value)};
}
std::pair<codec::cbor::Key, Value> entry(const char* key, Value value) {
    return {std::string(key), std::move(value)};
}

Result<Map> read_map(ByteView answer) {
    const Value value = TRY(codec::cbor::read(answer));
    const Map* const map = value.get_if<Map>();
    if (map == nullptr) {
        return unexpected("no map");
    }
    return *map;
}

/// The byte string under that key, of a length within bounds.
Result<Bytes> bytes_at(const Map& map, std::int64_t key, std::size_t min, std::size_t max) {
    const auto* bytes = find_as<Bytes>(map, key);
    if (bytes == nullptr || bytes->size() < min || bytes->size() > max) {
        return unexpected(fmt::format("entry {} is not {} to {} bytes", key, min, max));
    }
    return *bytes;
}

bool is_on(const Map& options, std::string_view name) {
    const auto* option = find_as<bool>(options, name);
    return option != nullptr && *option;
}

Result<Bytes> credential_in(ByteView data) {
    const bool told = (base::to_unsigned(data[kFlagsAt]) & kHasCredential) != 0;
    base::ByteReader rest(data);
    rest.take(kCredentialLengthAt);
    const auto length = static_cast<std::size_t>(rest.uint_be(2));
    const ByteView id = rest.take(length);
    if (!told || rest.failed() || id.empty() || id.size() > kCredentialBytesMax) {
        return unexpected("it names no credential");
    }
    return Bytes(id.begin(), id.end());
}

/// The attestation's certificates, if there are any.
base::Done take_certificates(const Map& statement, std::vector<Bytes>& certificates) {
    const auto* chain = find_as<Array>(statement, "x5c");
    if (chain == nullptr) {
        return {};
    }
    if (chain->size() > kCertificatesMax) {
        return unexpected("too many certificates");
    }
    for (const Value& one : *chain) {
        const auto* bytes = one.get_if<Bytes>();
        if (bytes == nullptr || bytes->size() > kCertificateBytesMax) {
            return unexpected("a certificate that is none");
        }
        certificates.push_back(*bytes);
    }
    return {};
}

base::Done take_statement(const Map& statement, contract::DongleEnrolment& told) {
    if (const auto* signature = find_as<Bytes>(statement, "sig")) {
        if (signature->size() > kSignatureBytesMax) {
            return unexpected("the attestation's signature is too long");
        }
        told.signature = *signature;
        told.algorithm = kEs256;  // fido-u2f knows no other and names none
    }
    if (const auto* algorithm = find_as<std::int64_t>(statement, "alg")) {
        if (*algorithm < -kAlgorithmMax || *algorithm > kAlgorithmMax) {
            return unexpected("the attestation's algorithm is none");
        }
        told.algorithm = *algorithm;
    }
    return take_certificates(statement, told.certificates);
}

}  // namespace

Bytes get_info() { return {std::byte{kGetInfo}}; }

Bytes get_assertion(const contract::DongleProofQuery& query) {
    const Map credential{entry("id", Value(query.credential)),
                         entry("type", Value(std::string("public-key")))};
    return request_of(Request::get_assertion_request,
                      {entry(1, Value(query.rp)), entry(2, Value(query.challenge_hash)),
                       entry(3, Value(Array{Value(credential)})),
                       entry(5, Value(Map{entry("up", Value(false))}))});
}

Bytes make_credential(const NewCredential& wanted) {
    const Map kind{entry("alg", Value(kEs256)), entry("type", Value(std::string("public-key")))};
    Map map{
        entry(1, Value(wanted.client_data_hash)),
        entry(2, Value(Map{entry("id", Value(wanted.rp)), entry("name", Value(wanted.rp_name))})),
        entry(3,
              Value(Map{entry("id", Value(wanted.user)), entry("name", Value(wanted.user_name))})),
        entry(4, Value(Array{Value(kind)}))};
    if (wanted.hmac_secret) {
        map.push_back(entry(6, Value(Map{entry("hmac-secret", Value(true))})));
    }
    if (wanted.resident) {
        map.push_back(entry(7, Value(Map{entry("rk", Value(true))})));
    }
    return request_of(Request::make_credential_request, std::move(map));
}

bool Info::speaks_fido2() const {
    return std::any_of(versions.begin(), versions.end(),
                       [](const std::string& one) { return one.starts_with("FIDO_2_"); });
}

Result<Info> read_info(ByteView answer) {
    const Map map = TRY(read_map(answer));
    Info info;
    const auto* versions = find_as<Array>(map, 1);
    if (versions == nullptr) {
        return unexpected("it names no version");
    }
    for (const Value& one : *versions) {
        const auto* version = one.get_if<std::string>();
        if (version != nullptr && info.versions.size() < kVersionsMax) {
            info.versions.emplace_back(base::cut_utf8(*version, kVersionBytesMax));
        }
    }
    info.aaguid = TRY(bytes_at(map, 3, kAaguidBytes, kAaguidBytes));
    if (const auto* options = find_as<Map>(map, 4)) {
        info.pin_set = is_on(*options, "clientPin");
        info.always_verifies = is_on(*options, "alwaysUv");
    }
    const auto* bytes_max = find_as<std::int64_t>(map, 5);
    if (bytes_max != nullptr && *bytes_max > 0) {
        info.message_bytes_max = static_cast<std::size_t>(*bytes_max);
    }
    return info;
}

Result<contract::DongleProof> read_assertion(ByteView answer, ByteView credential) {
    const Map map = TRY(read_map(answer));
    if (const auto* named = find_as<Map>(map, 1)) {
        const auto* id = find_as<Bytes>(*named, "id");
        if (id == nullptr ||
            !std::equal(id->begin(), id->end(), credential.begin(), credential.end())) {
            return unexpected("it is for another credential");
        }
    }
    contract::DongleProof proof;
    proof.authenticator_data =
        TRY(bytes_at(map, 2, kAuthenticatorDataBytesMin, kAuthenticatorDataBytesMax));
    proof.signature = TRY(bytes_at(map, 3, kProofBytesMin, kProofBytesMax));
    return proof;
}

Result<contract::DongleEnrolment> read_credential(ByteView answer) {
    const Map map = TRY(read_map(answer));
    contract::DongleEnrolment told;
    const auto* format = find_as<std::string>(map, 1);
    if (format == nullptr || format->size() > kFormatBytesMax) {
        return unexpected("it names no format");
    }
    told.format = *format;
    told.authenticator_data =
        TRY(bytes_at(map, 2, kAuthenticatorDataBytesMin, kAuthenticatorDataBytesMax));
    told.credential = TRY(credential_in(told.authenticator_data));
    const auto* statement = find_as<Map>(map, 3);
    if (statement == nullptr) {
        return unexpected("it has no attestation");
    }
    TRY(take_statement(*statement, told));
    return told;
}

}  // namespace tillhost::drivers::fido2
