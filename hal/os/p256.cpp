#include "hal/os/p256.h"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

namespace tillhost::os {
namespace {

using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr std::size_t kPointBytes = 1 + 2 * kP256Bytes;
constexpr unsigned kUncompressed = 0x04;  // SEC 1 §2.3.3
constexpr std::string_view kCurve = "prime256v1";

// What stands before the key in DER, so that the library's readers check what they are given: a
// SubjectPublicKeyInfo (RFC 5480 §2) with an uncompressed point, and an ECPrivateKey (RFC 5915 §3)
// with the name of the curve behind the secret.
constexpr std::string_view kPublicHead = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
constexpr std::string_view kSecretHead = "30310201010420";
constexpr std::string_view kSecretTail = "a00a06082a8648ce3d030107";

template <auto free_it>
struct End {
    template <class T>
    void operator()(T* thing) const {
        free_it(thing);
    }
};
using Key = std::unique_ptr<EVP_PKEY, End<::EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, End<::EVP_PKEY_CTX_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, End<::EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, End<::BN_clear_free>>;
using Sheet = std::unique_ptr<X509, End<::X509_free>>;
using Store = std::unique_ptr<X509_STORE, End<::X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, End<::X509_STORE_CTX_free>>;
using Memory = std::unique_ptr<BIO, End<::BIO_free>>;

const unsigned char* raw(base::ByteView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

Context context() {
    Context made(::EVP_MD_CTX_new());
    INVARIANT(made != nullptr);  // fails only without memory
    return made;
}

Key key_of(const P256PublicKey& key) {
    base::ByteWriter der;
    der.raw(MUST(base::from_hex(kPublicHead))).u8(kUncompressed).raw(key.x).raw(key.y);
    const unsigned char* at = raw(der.bytes());
    return Key(::d2i_PUBKEY(nullptr, &at, static_cast<long>(der.bytes().size())));
}

/// Nothing where the key is of another kind or curve.
Result<P256PublicKey> public_key_of(EVP_PKEY* key) {
    std::array<char, 32> curve{};
    std::size_t length = 0;
    unsigned char* point = nullptr;
    const bool ours = key != nullptr &&
                      ::EVP_PKEY_get_group_name(key, curve.data(), curve.size(), &length) == 1 &&
                      std::string_view(curve.data(), length) == kCurve;
    const std::size_t bytes = ours ? ::EVP_PKEY_get1_encoded_public_key(key, &point) : 0;
    const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owned(
        point, [](unsigned char* memory) { ::OPENSSL_free(memory); });
    if (bytes != kPointBytes || point[0] != kUncompressed) {
        return make_error(ErrorCode::key_foreign, "its key is not one of the curve P-256");
    }
    P256PublicKey read;
    const auto* const first = reinterpret_cast<const std::byte*>(point) + 1;
    std::copy_n(first, kP256Bytes, read.x.begin());
    std::copy_n(first + kP256Bytes, kP256Bytes, read.y.begin());
    return read;
}

base::Error bad_chain() {
    return base::bad_field("certificates",
                           fmt::format("1 to {} of X.509 in DER", kAttestationChainMax));
}

Result<std::vector<Sheet>> sheets_of(std::span<const base::Bytes> chain) {
    if (chain.empty() || chain.size() > kAttestationChainMax) {
        return bad_chain();
    }
    std::vector<Sheet> sheets;
    for (const base::Bytes& der : chain) {
        const unsigned char* at = raw(der);
        sheets.emplace_back(der.size() > kAttestationBytesMax
                                ? nullptr
                                : ::d2i_X509(nullptr, &at, static_cast<long>(der.size())));
        if (sheets.back() == nullptr || at != raw(der) + der.size()) {
            return bad_chain();
        }
    }
    return sheets;
}

/// How many certificates of the text went into the store.
std::size_t add_all(X509_STORE* store, std::string_view pem) {
    const Memory memory(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    INVARIANT(memory != nullptr);
    std::size_t added = 0;
    while (added <= kAttestationRootsMax) {
        const Sheet sheet(::PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
        if (sheet == nullptr) {
            break;
        }
        INVARIANT(::X509_STORE_add_cert(store, sheet.get()) == 1);
        ++added;
    }
    return added;
}

Result<Store> store_of(std::span<const std::string> roots_pem) {
    Store store(::X509_STORE_new());
    INVARIANT(store != nullptr);
    std::size_t all = 0;
    for (const std::string& pem : roots_pem) {
        const bool fits = pem.size() <= 2 * kAttestationBytesMax * kAttestationRootsMax;
        const std::size_t added = fits ? add_all(store.get(), pem) : 0;
        all += added;
        if (added == 0 || all > kAttestationRootsMax) {
            return base::bad_field(
                "roots", fmt::format("X.509 in PEM, at most {} of them", kAttestationRootsMax));
        }
    }
    if (all == 0) {
        return base::bad_field("roots", "at least one certificate that is trusted");
    }
    return store;
}

base::Done verify(X509_STORE* roots, const std::vector<Sheet>& sheets) {
    const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> between(
        sk_X509_new_null(), [](STACK_OF(X509) * all) { sk_X509_free(all); });
    INVARIANT(between != nullptr);
    for (const Sheet& sheet : sheets) {
        INVARIANT(sk_X509_push(between.get(), sheet.get()) > 0);
    }
    const Verification verification(::X509_STORE_CTX_new());
    INVARIANT(
        verification != nullptr &&
        ::X509_STORE_CTX_init(verification.get(), roots, sheets.front().get(), between.get()) == 1);
    X509_VERIFY_PARAM_set_flags(::X509_STORE_CTX_get0_param(verification.get()),
                                X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN);
    if (::X509_verify_cert(verification.get()) != 1) {
        const int reason = ::X509_STORE_CTX_get_error(verification.get());
        return make_error(ErrorCode::key_foreign,
                          fmt::format("no trusted maker vouches for the dongle: {}",
                                      ::X509_verify_cert_error_string(reason)));
    }
    return {};
}

}  // namespace

bool P256PublicKey::verifies(base::ByteView message, base::ByteView signature) const {
    const Key key = key_of(*this);
    if (key == nullptr || signature.size() > kP256SignatureBytesMax) {
        return false;
    }
    const Context verifying = context();
    return ::EVP_DigestVerifyInit(verifying.get(), nullptr, ::EVP_sha256(), nullptr, key.get()) ==
               1 &&
           ::EVP_DigestVerify(verifying.get(), raw(signature), signature.size(), raw(message),
                              message.size()) == 1;
}

struct P256Key::Prepared {
    Key key;
    P256PublicKey public_key;
};

Result<P256Key> P256Key::make() {
    auto prepared = std::make_shared<Prepared>();
    prepared->key.reset(EVP_EC_gen("P-256"));
    if (prepared->key == nullptr) {
        return make_error(ErrorCode::system_failed, "no key can be made");
    }
    prepared->public_key = TRY(public_key_of(prepared->key.get()));
    return P256Key(std::move(prepared));
}

Result<P256Key> P256Key::from_bytes(base::ByteView secret) {
    base::ByteWriter der;
    der.raw(MUST(base::from_hex(kSecretHead))).raw(secret).raw(MUST(base::from_hex(kSecretTail)));
    const unsigned char* at = raw(der.bytes());
    auto prepared = std::make_shared<Prepared>();
    if (secret.size() == kP256Bytes) {
        prepared->key.reset(
            ::d2i_PrivateKey(EVP_PKEY_EC, nullptr, &at, static_cast<long>(der.bytes().size())));
    }
    const KeyContext checking(
        prepared->key == nullptr
            ? nullptr
            : ::EVP_PKEY_CTX_new_from_pkey(nullptr, prepared->key.get(), nullptr));
    if (checking == nullptr || ::EVP_PKEY_private_check(checking.get()) != 1) {
        return base::bad_field("secret key", "32 bytes, a number below the order of P-256");
    }
    prepared->public_key = TRY(public_key_of(prepared->key.get()));
    return P256Key(std::move(prepared));
}

base::Bytes P256Key::bytes() const {
    BIGNUM* number = nullptr;
    const bool told = ::EVP_PKEY_get_bn_param(key_->key.get(), "priv", &number) == 1;
    const Number secret(number);
    base::Bytes bytes(kP256Bytes);
    INVARIANT(told && ::BN_bn2binpad(secret.get(), reinterpret_cast<unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size())) == kP256Bytes);
    return bytes;
}

const P256PublicKey& P256Key::public_key() const { return key_->public_key; }

Result<base::Bytes> P256Key::sign(base::ByteView message) const {
    const Context signing = context();
    base::Bytes signature(kP256SignatureBytesMax);
    std::size_t length = signature.size();
    if (::EVP_DigestSignInit(signing.get(), nullptr, ::EVP_sha256(), nullptr, key_->key.get()) !=
            1 ||
        ::EVP_DigestSign(signing.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                         raw(message), message.size()) != 1) {
        return make_error(ErrorCode::system_failed, "no signature can be made");
    }
    signature.resize(length);
    return signature;
}

Result<P256PublicKey> attested_key(std::span<const base::Bytes> chain_der,
                                   std::span<const std::string> roots_pem) {
    const std::vector<Sheet> sheets = TRY(sheets_of(chain_der));
    const Store store = TRY(store_of(roots_pem));
    TRY(verify(store.get(), sheets));
    return public_key_of(::X509_get0_pubkey(sheets.front().get()));
}

}  // namespace tillhost::os
