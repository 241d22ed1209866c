#include "simulators/dongle/fido2/memory.h"

#include <utility>

#include "hal/os/digest.h"
#include "simulators/dongle/fido2/attestation.h"

namespace tillhost::simulators::fido2 {
namespace {

using base::Bytes;
using base::ByteView;

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kUserIdBytesMax = 64;

/// Bytes that look random and are the same for the same name and number.
Bytes derive(ByteView master, std::string_view name, std::uint32_t number) {
    base::ByteWriter what;
    what.raw(base::bytes_of(name)).u32_le(number);
    const os::Sha256 sum = os::hmac_sha256(master, what.bytes());
    return {sum.begin(), sum.end()};
}

/// A secret of P-256: one digest in 2^32 is none, and then the next one is taken.
Bytes derive_secret(ByteView master, std::string_view name, std::uint32_t number) {
    Bytes secret = derive(master, name, number);
    while (!os::P256Key::from_bytes(secret)) {
        secret = derive(secret, name, number);
    }
    return secret;
}

Bytes master_of(std::string_view name, std::uint64_t seed, std::string_view serial) {
    base::ByteWriter what;
    what.raw(base::bytes_of(name)).uint_le(seed, 8).raw(base::bytes_of(serial));
    const os::Sha256 sum = os::sha256(what.bytes());
    return {sum.begin(), sum.end()};
}

void put_bytes(base::ByteWriter& writer, ByteView bytes) { writer.u32_le(bytes.size()).raw(bytes); }

Bytes get_bytes(base::ByteReader& reader) {
    const ByteView bytes = reader.take(reader.u32_le());
    return {bytes.begin(), bytes.end()};
}

Credential get_credential(base::ByteReader& reader) {
    Credential one;
    one.id = get_bytes(reader);
    one.secret = get_bytes(reader);
    one.rp = base::string_of(get_bytes(reader));
    one.user_id = get_bytes(reader);
    one.user_name = base::string_of(get_bytes(reader));
    one.resident = reader.u8() == 1;
    one.counter = reader.u32_le();
    return one;
}

bool is_sound(const Credential& one) {
    return one.id.size() == kCredentialIdBytes && os::P256Key::from_bytes(one.secret) &&
           one.rp.size() <= kNameBytesMax && one.user_id.size() <= kUserIdBytesMax &&
           one.user_name.size() <= kNameBytesMax;
}

}  // namespace

Bytes encode_content(const Content& content) {
    base::ByteWriter writer;
    writer.u8(kFormat);
    put_bytes(writer, content.attestation_secret);
    put_bytes(writer, content.attestation_certificate);
    put_bytes(writer, content.root_certificate);
    writer.u32_le(content.made).u32_le(content.counter).u8(content.counts ? 1 : 0);
    writer.u16_le(content.credentials.size());
    for (const Credential& one : content.credentials) {
        put_bytes(writer, one.id);
        put_bytes(writer, one.secret);
        put_bytes(writer, base::bytes_of(one.rp));
        put_bytes(writer, one.user_id);
        put_bytes(writer, base::bytes_of(one.user_name));
        writer.u8(one.resident ? 1 : 0).u32_le(one.counter);
    }
    return writer.take();
}

std::optional<Content> decode_content(ByteView bytes) {
    base::ByteReader reader(bytes);
    Content content;
    const std::uint8_t format = reader.u8();
    content.attestation_secret = get_bytes(reader);
    content.attestation_certificate = get_bytes(reader);
    content.root_certificate = get_bytes(reader);
    content.made = reader.u32_le();
    content.counter = reader.u32_le();
    content.counts = reader.u8() == 1;
    const std::size_t count = reader.u16_le();
    for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
        content.credentials.push_back(get_credential(reader));
        if (!is_sound(content.credentials.back())) {
            return std::nullopt;
        }
    }
    const bool whole = !reader.failed() && reader.left() == 0 && format == kFormat;
    return whole && count <= kCredentialsMax && os::P256Key::from_bytes(content.attestation_secret)
               ? std::optional(std::move(content))
               : std::nullopt;
}

Memory::Memory(std::shared_ptr<FiscalStore> store, std::uint64_t seed, const std::string& serial)
    : store_(std::move(store)), master_(master_of("simulated FIDO2 token", seed, serial)) {}

base::Result<Memory> Memory::open(std::shared_ptr<FiscalStore> store, std::uint64_t seed,
                                  const std::string& serial) {
    const FiscalStore::Content kept = TRY(store->load());
    Memory memory(std::move(store), seed, serial);
    if (kept.state.empty()) {
        TRY(memory.begin_anew(seed));
        return memory;
    }
    auto content = decode_content(kept.state);
    if (!content) {
        return base::make_error(base::ErrorCode::storage_failed, "not a FIDO2 token's memory");
    }
    memory.content_ = std::move(*content);
    return memory;
}

base::Done Memory::begin_anew(std::uint64_t seed) {
    const Bytes maker = master_of("maker of simulated FIDO2 tokens", seed, "");
    const os::P256Key root = TRY(os::P256Key::from_bytes(derive_secret(maker, "root", 0)));
    const os::P256Key batch = TRY(os::P256Key::from_bytes(derive_secret(maker, "batch", 0)));
    Content content;
    content.attestation_secret = batch.bytes();
    content.root_certificate = TRY(make_root_certificate(root));
    content.attestation_certificate = TRY(make_attestation_certificate(batch.public_key(), root));
    return set(std::move(content));
}

base::Done Memory::set(Content content) {
    TRY(store_->commit({.state = encode_content(content)}));
    content_ = std::move(content);
    return {};
}

Credential Memory::fresh_credential() const {
    Credential fresh;
    fresh.secret = derive_secret(master_, "key", content_.made);
    fresh.id = derive(master_, "first half of an id", content_.made);
    const Bytes second = derive(master_, "second half of an id", content_.made);
    fresh.id.insert(fresh.id.end(), second.begin(), second.end());
    return fresh;
}

}  // namespace tillhost::simulators::fido2
