#include "hal/os/certificate.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "hal/base/invariant.h"
#include "hal/os/digest.h"

namespace tillhost::os {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr long kVersion3 = 2;  // as X.509 counts
constexpr std::size_t kKeyIdBytes = 16;
constexpr std::size_t kSerialBytes = 16;
constexpr std::size_t kSaltBytes = 16;
// 16 MiB, five times over: the library refuses more memory than 32 MiB.
constexpr std::uint64_t kScryptCost = 1U << 14U;
constexpr std::uint64_t kScryptBlocks = 8;
constexpr std::uint64_t kScryptLanes = 5;
constexpr int kPathLengthMax = kChainMax - 1;

template <auto free_it>
struct End {
    template <class T>
    void operator()(T* thing) const {
        free_it(thing);
    }
};
using Sheet = std::unique_ptr<X509, End<::X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, End<::EVP_PKEY_free>>;
using Oid = std::unique_ptr<ASN1_OBJECT, End<::ASN1_OBJECT_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, End<::X509_EXTENSION_free>>;
using Octets = std::unique_ptr<ASN1_OCTET_STRING, End<::ASN1_OCTET_STRING_free>>;
using Purposes = std::unique_ptr<EXTENDED_KEY_USAGE, End<::EXTENDED_KEY_USAGE_free>>;
using Limits = std::unique_ptr<BASIC_CONSTRAINTS, End<::BASIC_CONSTRAINTS_free>>;
using Store = std::unique_ptr<X509_STORE, End<::X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, End<::X509_STORE_CTX_free>>;
using Memory = std::unique_ptr<BIO, End<::BIO_free>>;
using PlainKey = std::unique_ptr<PKCS8_PRIV_KEY_INFO, End<::PKCS8_PRIV_KEY_INFO_free>>;
using SealedKey = std::unique_ptr<X509_SIG, End<::X509_SIG_free>>;

const unsigned char* raw(base::ByteView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
base::ByteView view(const unsigned char* bytes, int length) {
    return {reinterpret_cast<const std::byte*>(bytes), static_cast<std::size_t>(length)};
}

base::Error wrong(std::string_view what) { return base::bad_field("certificate", what); }

Oid oid(const char* text) { return Oid(::OBJ_txt2obj(text, 1)); }

bool is_oid(const ASN1_OBJECT* object, const char* text) {
    return ::OBJ_cmp(object, oid(text).get()) == 0;
}

Key key_of(const SigningKey& key) {
    const base::ByteView seed = key.secret().reveal();
    return Key(::EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed), seed.size()));
}

std::string day_of(std::int64_t unix_s) {
    return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(unix_s)));
}

bool is_product(std::string_view code) {
    return !code.empty() && code.size() <= kNameBytesMax &&
           std::all_of(code.begin(), code.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
           });
}

std::vector<std::string> split_products(std::string_view text) {
    std::vector<std::string> products;
    while (!text.empty() && products.size() <= kProductsMax) {
        const std::size_t end = std::min(text.find(','), text.size());
        products.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return products;
}

base::Done check_content(const CertificateContent& content) {
    if (content.name.empty() || content.name.size() > kNameBytesMax) {
        return base::bad_field("name", fmt::format("1 to {} bytes", kNameBytesMax));
    }
    if (content.not_before_s < 0 || content.not_after_s <= content.not_before_s) {
        return base::bad_field("not_after", "later than not_before");
    }
    if (content.products.empty() || content.products.size() > kProductsMax ||
        !std::all_of(content.products.begin(), content.products.end(), is_product)) {
        return base::bad_field("products",
                               "1 to 32 codes of lower-case letters, digits, dots and dashes");
    }
    return {};
}

base::Result<std::int64_t> unix_s(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ::ASN1_TIME_to_tm(time, &parts) != 1) {
        return wrong("dates that can be read");
    }
    return static_cast<std::int64_t>(::timegm(&parts));
}

base::Result<std::string> name_of(const X509* sheet) {
    const X509_NAME* const subject = ::X509_get_subject_name(sheet);
    const int at = ::X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0) {
        return wrong("a common name");
    }
    const ASN1_STRING* const text = ::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(subject, at));
    const auto name = view(::ASN1_STRING_get0_data(text), ::ASN1_STRING_length(text));
    return base::string_of(name.first(std::min(name.size(), kNameBytesMax)));
}

base::Result<PublicKey> public_key_of(const X509* sheet) {
    EVP_PKEY* const key = ::X509_get0_pubkey(sheet);
    PublicKey found;
    std::size_t length = found.bytes.size();
    if (key == nullptr || ::EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519 ||
        ::X509_get_signature_nid(sheet) != NID_ED25519 ||
        ::EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(found.bytes.data()),
                                      &length) != 1) {
        return wrong("one with Ed25519");
    }
    return found;
}

base::Result<std::vector<std::string>> products_of(const X509* sheet) {
    const int at = ::X509_get_ext_by_OBJ(sheet, oid(kLicenceProductsOid).get(), -1);
    if (at < 0) {
        return wrong("one that names its products");
    }
    const ASN1_OCTET_STRING* const value = ::X509_EXTENSION_get_data(::X509_get_ext(sheet, at));
    const unsigned char* from = ::ASN1_STRING_get0_data(value);
    const unsigned char* const end = from + ::ASN1_STRING_length(value);
    const std::unique_ptr<ASN1_UTF8STRING, End<::ASN1_UTF8STRING_free>> text(
        ::d2i_ASN1_UTF8STRING(nullptr, &from, ::ASN1_STRING_length(value)));
    if (text == nullptr || from != end) {
        return wrong("one whose products can be read");
    }
    auto products = split_products(base::string_of(
        view(::ASN1_STRING_get0_data(text.get()), ::ASN1_STRING_length(text.get()))));
    if (products.empty() || products.size() > kProductsMax ||
        !std::all_of(products.begin(), products.end(), is_product)) {
        return wrong("one whose products can be read");
    }
    return products;
}

base::Done check_extensions(const X509* sheet) {
    for (int at = 0; at < ::X509_get_ext_count(sheet); ++at) {
        X509_EXTENSION* const one = ::X509_get_ext(sheet, at);
        const ASN1_OBJECT* const object = ::X509_EXTENSION_get_object(one);
        const int nid = ::OBJ_obj2nid(object);
        const bool known = nid == NID_basic_constraints || nid == NID_key_usage ||
                           nid == NID_ext_key_usage || is_oid(object, kLicenceProductsOid);
        if (::X509_EXTENSION_get_critical(one) == 1 && !known) {
            return wrong("one without critical extensions that are not known here");
        }
    }
    const Purposes purposes(static_cast<EXTENDED_KEY_USAGE*>(
        ::X509_get_ext_d2i(sheet, NID_ext_key_usage, nullptr, nullptr)));
    if (purposes == nullptr || sk_ASN1_OBJECT_num(purposes.get()) != 1 ||
        !is_oid(sk_ASN1_OBJECT_value(purposes.get(), 0), kLicencePurposeOid)) {
        return wrong("one that is for licences, and for nothing else");
    }
    return {};
}

base::Result<int> path_length_of(const X509* sheet) {
    const Limits limits(static_cast<BASIC_CONSTRAINTS*>(
        ::X509_get_ext_d2i(sheet, NID_basic_constraints, nullptr, nullptr)));
    if (limits == nullptr || limits->ca == 0 || limits->pathlen == nullptr) {
        return wrong("an authority with a path length");
    }
    const long length = ::ASN1_INTEGER_get(limits->pathlen);
    if (length < 0 || length > kPathLengthMax) {
        return wrong(fmt::format("an authority with a path length of 0 to {}", kPathLengthMax));
    }
    return static_cast<int>(length);
}

Sheet sheet_of(base::ByteView der) {
    const unsigned char* from = raw(der);
    const unsigned char* const end = from + der.size();
    Sheet sheet(::d2i_X509(nullptr, &from, static_cast<long>(der.size())));
    return from == end ? std::move(sheet) : nullptr;
}

void add(X509* sheet, X509V3_CTX* context, int nid, const char* value) {
    const Extension made(::X509V3_EXT_conf_nid(nullptr, context, nid, value));
    INVARIANT(made != nullptr && ::X509_add_ext(sheet, made.get(), -1) == 1);  // memory
}

void add_products(X509* sheet, const std::vector<std::string>& products) {
    const std::string list = fmt::format("{}", fmt::join(products, ","));
    const std::unique_ptr<ASN1_UTF8STRING, End<::ASN1_UTF8STRING_free>> text(
        ::ASN1_UTF8STRING_new());
    unsigned char* der = nullptr;
    INVARIANT(::ASN1_STRING_set(text.get(), list.data(), static_cast<int>(list.size())) == 1);
    const int length = ::i2d_ASN1_UTF8STRING(text.get(), &der);
    const Octets octets(::ASN1_OCTET_STRING_new());
    INVARIANT(length > 0 && ::ASN1_OCTET_STRING_set(octets.get(), der, length) == 1);
    ::OPENSSL_free(der);
    const Extension made(
        ::X509_EXTENSION_create_by_OBJ(nullptr, oid(kLicenceProductsOid).get(), 1, octets.get()));
    INVARIANT(made != nullptr && ::X509_add_ext(sheet, made.get(), -1) == 1);
}

/// The same for the same content: a certificate can be made again.
void set_serial(X509* sheet, const CertificateContent& content) {
    const std::string all = fmt::format("{} {} {} {}", key_id_of(content.key), content.name,
                                        content.not_before_s, content.not_after_s);
    Sha256 sum = sha256(base::bytes_of(all));
    sum[0] = sum[0] & base::byte(0x7F);  // positive
    const std::unique_ptr<BIGNUM, End<::BN_free>> number(
        ::BN_bin2bn(raw(sum), kSerialBytes, nullptr));
    INVARIANT(::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(sheet)) != nullptr);
}

Sheet unsigned_sheet(const CertificateContent& content) {
    Sheet sheet(::X509_new());
    INVARIANT(sheet != nullptr && ::X509_set_version(sheet.get(), kVersion3) == 1);
    set_serial(sheet.get(), content);
    INVARIANT(::ASN1_TIME_set(::X509_getm_notBefore(sheet.get()), content.not_before_s) != nullptr);
    INVARIANT(::ASN1_TIME_set(::X509_getm_notAfter(sheet.get()), content.not_after_s) != nullptr);
    const Key key(::EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(content.key.bytes),
                                                content.key.bytes.size()));
    INVARIANT(key != nullptr && ::X509_set_pubkey(sheet.get(), key.get()) == 1);
    const std::string& name = content.name;
    INVARIANT(::X509_NAME_add_entry_by_NID(::X509_get_subject_name(sheet.get()), NID_commonName,
                                           MBSTRING_UTF8,
                                           reinterpret_cast<const unsigned char*>(name.data()),
                                           static_cast<int>(name.size()), -1, 0) == 1);
    return sheet;
}

base::Result<Certificate> sign(const CertificateContent& content, X509* issuer_sheet,
                               const SigningKey& key) {
    const Sheet sheet = unsigned_sheet(content);
    X509* const issuer = issuer_sheet == nullptr ? sheet.get() : issuer_sheet;
    INVARIANT(::X509_set_issuer_name(sheet.get(), ::X509_get_subject_name(issuer)) == 1);
    X509V3_CTX context{};
    ::X509V3_set_ctx(&context, issuer, sheet.get(), nullptr, nullptr, 0);
    const std::string limits = fmt::format("critical,CA:TRUE,pathlen:{}", content.path_length);
    add(sheet.get(), &context, NID_basic_constraints, limits.c_str());
    add(sheet.get(), &context, NID_key_usage, "critical,keyCertSign,digitalSignature");
    add(sheet.get(), &context, NID_ext_key_usage, kLicencePurposeOid);
    add(sheet.get(), &context, NID_subject_key_identifier, "hash");
    add(sheet.get(), &context, NID_authority_key_identifier, "keyid:always");
    add_products(sheet.get(), content.products);
    const Key signing = key_of(key);
    INVARIANT(::X509_sign(sheet.get(), signing.get(), nullptr) > 0);
    unsigned char* der = nullptr;
    const int length = ::i2d_X509(sheet.get(), &der);
    INVARIANT(length > 0);
    const base::ByteView made = view(der, length);
    const base::Bytes copy(made.begin(), made.end());
    ::OPENSSL_free(der);
    return Certificate::from_der(copy);
}

bool has_all_of(const std::vector<std::string>& all, const std::vector<std::string>& some) {
    return std::all_of(some.begin(), some.end(), [&](const std::string& one) {
        return std::find(all.begin(), all.end(), one) != all.end();
    });
}

/// What RFC 5280 does not say: the products, and how long a certificate may last.
base::Done check_own_rules(const CertificateContent& issuer, const CertificateContent& subject) {
    if (!has_all_of(issuer.products, subject.products)) {
        return make_error(
            ErrorCode::key_foreign,
            fmt::format("the certificate \"{}\" names products that \"{}\" may not pass on",
                        subject.name, issuer.name));
    }
    if (subject.path_length < 0 || subject.path_length >= issuer.path_length) {
        return make_error(ErrorCode::key_foreign,
                          fmt::format("the certificate \"{}\" may have none below it, or not one "
                                      "as far up as \"{}\"",
                                      issuer.name, subject.name));
    }
    if (subject.not_after_s - subject.not_before_s > kIssuerSecondsMax) {
        return make_error(
            ErrorCode::key_foreign,
            fmt::format("the certificate \"{}\" lasts longer than three years", subject.name));
    }
    return {};
}

base::Done check_dates(const CertificateContent& content, std::optional<std::int64_t> instant_s) {
    if (instant_s && (*instant_s < content.not_before_s || *instant_s > content.not_after_s)) {
        return make_error(
            ErrorCode::key_foreign,
            fmt::format("the file was made on {}, when the certificate \"{}\" ({} to {}) was not "
                        "valid: ask the vendor for it again",
                        day_of(*instant_s), content.name, day_of(content.not_before_s),
                        day_of(content.not_after_s)));
    }
    return {};
}

base::Done verify_by_library(X509* root, std::span<const Certificate> chain) {
    const Store store(::X509_STORE_new());
    const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> between(
        sk_X509_new_null(), [](STACK_OF(X509) * all) { sk_X509_free(all); });
    std::vector<Sheet> sheets;
    for (const Certificate& one : chain) {
        sheets.push_back(sheet_of(one.der()));
        INVARIANT(sheets.back() != nullptr && sk_X509_push(between.get(), sheets.back().get()) > 0);
    }
    const Verification verification(::X509_STORE_CTX_new());
    INVARIANT(store != nullptr && ::X509_STORE_add_cert(store.get(), root) == 1 &&
              ::X509_STORE_CTX_init(verification.get(), store.get(), sheets.front().get(),
                                    between.get()) == 1);
    // Dates and critical extensions are looked at by us: the first with words of our own, the
    // second when a certificate is read.
    X509_VERIFY_PARAM_set_flags(
        ::X509_STORE_CTX_get0_param(verification.get()),
        X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_IGNORE_CRITICAL | X509_V_FLAG_X509_STRICT);
    if (::X509_verify_cert(verification.get()) != 1) {
        const int reason = ::X509_STORE_CTX_get_error(verification.get());
        return make_error(ErrorCode::key_foreign,
                          fmt::format("its certificates do not lead to this vendor's root: {}",
                                      ::X509_verify_cert_error_string(reason)));
    }
    return {};
}

/// Whoever asks for no passphrase must not be asked at the terminal by the library.
int give_passphrase(char* to, int size, int, void* passphrase) {
    const base::ByteView bytes = static_cast<const SecretBytes*>(passphrase)->reveal();
    if (bytes.empty() || bytes.size() > static_cast<std::size_t>(size)) {
        return -1;
    }
    std::memcpy(to, bytes.data(), bytes.size());
    return static_cast<int>(bytes.size());
}

std::string text_of(BIO* memory) {
    char* text = nullptr;
    const long length = BIO_get_mem_data(memory, &text);
    return std::string(text, static_cast<std::size_t>(length));
}

Memory memory_of(std::string_view text) {
    return Memory(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

std::string key_id_of(const PublicKey& key) {
    return sha256_hex(key.bytes).substr(0, 2 * kKeyIdBytes);
}

base::Result<Certificate> Certificate::from_der(base::ByteView der) {
    if (der.empty() || der.size() > kCertificateBytesMax) {
        return wrong(fmt::format("at most {} bytes", kCertificateBytesMax));
    }
    const Sheet sheet = sheet_of(der);
    if (sheet == nullptr) {
        return wrong("an X.509 certificate in DER");
    }
    Certificate read;
    read.der_.assign(der.begin(), der.end());
    read.content_.key = TRY(public_key_of(sheet.get()));
    TRY(check_extensions(sheet.get()));
    read.content_.path_length = TRY(path_length_of(sheet.get()));
    read.content_.products = TRY(products_of(sheet.get()));
    read.content_.name = TRY(name_of(sheet.get()));
    read.content_.not_before_s = TRY(unix_s(::X509_get0_notBefore(sheet.get())));
    read.content_.not_after_s = TRY(unix_s(::X509_get0_notAfter(sheet.get())));
    read.key_id_ = key_id_of(read.content_.key);
    return read;
}

base::Result<Certificate> make_root(const CertificateContent& content, const SigningKey& key) {
    TRY(check_content(content));
    if (content.key != key.public_key()) {
        return base::bad_field("key", "the one that signs");
    }
    return sign(content, nullptr, key);
}

base::Result<Certificate> issue_certificate(const CertificateContent& content,
                                            const Certificate& issuer, const SigningKey& key) {
    TRY(check_content(content));
    if (issuer.content().key != key.public_key()) {
        return base::bad_field("key", "the issuer's");
    }
    if (auto allowed = check_own_rules(issuer.content(), content); !allowed) {
        return base::bad_field("content", allowed.error().detail);
    }
    const Sheet sheet = sheet_of(issuer.der());
    return sign(content, sheet.get(), key);
}

base::Done verify_chain(const Certificate& root, std::span<const Certificate> chain,
                        std::optional<std::int64_t> instant_s) {
    if (chain.size() >= kChainMax) {
        return make_error(ErrorCode::key_foreign, "the file has too many certificates");
    }
    TRY(check_dates(root.content(), instant_s));
    if (chain.empty()) {
        return {};
    }
    const Sheet root_sheet = sheet_of(root.der());
    TRY(verify_by_library(root_sheet.get(), chain));
    for (std::size_t at = 0; at < chain.size(); ++at) {
        const Certificate& issuer = at + 1 < chain.size() ? chain[at + 1] : root;
        TRY(check_own_rules(issuer.content(), chain[at].content()));
        TRY(check_dates(chain[at].content(), instant_s));
    }
    return {};
}

std::string secret_key_to_pem(const SigningKey& key, const SecretBytes& passphrase) {
    const Key signing = key_of(key);
    PlainKey plain(::EVP_PKEY2PKCS8(signing.get()));
    const Memory memory(::BIO_new(::BIO_s_secmem()));
    INVARIANT(plain != nullptr && memory != nullptr);
    if (passphrase.empty()) {
        INVARIANT(::PEM_write_bio_PKCS8_PRIV_KEY_INFO(memory.get(), plain.get()) == 1);
        return text_of(memory.get());
    }
    X509_ALGOR* const method =
        ::PKCS5_pbe2_set_scrypt(::EVP_aes_256_cbc(), nullptr, kSaltBytes, nullptr, kScryptCost,
                                kScryptBlocks, kScryptLanes);
    INVARIANT(method != nullptr);
    const base::ByteView secret = passphrase.reveal();
    const SealedKey sealed(::PKCS8_set0_pbe(reinterpret_cast<const char*>(secret.data()),
                                            static_cast<int>(secret.size()), plain.get(), method));
    INVARIANT(sealed != nullptr && ::PEM_write_bio_PKCS8(memory.get(), sealed.get()) == 1);
    return text_of(memory.get());
}

bool is_encrypted_pem(std::string_view pem) {
    return pem.find("BEGIN ENCRYPTED PRIVATE KEY") != std::string_view::npos;
}

base::Result<SigningKey> secret_key_from_pem(std::string_view pem, const SecretBytes& passphrase) {
    const Memory memory = memory_of(pem);
    SecretBytes given = passphrase;
    const Key key(::PEM_read_bio_PrivateKey(memory.get(), nullptr, give_passphrase, &given));
    base::Bytes seed(kSecretKeyBytes);
    std::size_t length = seed.size();
    if (key == nullptr && is_encrypted_pem(pem)) {
        return make_error(ErrorCode::not_permitted,
                          passphrase.empty() ? "the secret key has a passphrase: give it"
                                             : "the passphrase is not the one of the secret key");
    }
    if (key == nullptr || ::EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519 ||
        ::EVP_PKEY_get_raw_private_key(key.get(), reinterpret_cast<unsigned char*>(seed.data()),
                                       &length) != 1) {
        return base::bad_field("secret key", "one of Ed25519 in PEM");
    }
    return SigningKey::from_secret(SecretBytes(std::move(seed)));
}

std::string certificate_to_pem(const Certificate& certificate) {
    const Sheet sheet = sheet_of(certificate.der());
    const Memory memory(::BIO_new(::BIO_s_mem()));
    INVARIANT(sheet != nullptr && ::PEM_write_bio_X509(memory.get(), sheet.get()) == 1);
    return text_of(memory.get());
}

base::Result<Certificate> certificate_from_pem(std::string_view pem) {
    const Memory memory = memory_of(pem);
    const Sheet sheet(::PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
    unsigned char* der = nullptr;
    const int length = sheet == nullptr ? 0 : ::i2d_X509(sheet.get(), &der);
    if (length <= 0) {
        return wrong("one in PEM");
    }
    const base::ByteView made = view(der, length);
    const base::Bytes copy(made.begin(), made.end());
    ::OPENSSL_free(der);
    return Certificate::from_der(copy);
}

}  // namespace tillhost::os
