#include "hal/os/server_certificate.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <utility>

#include "hal/os/digest.h"
#include "hal/os/files.h"

namespace tillhost::os {
namespace {

using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr long kVersion3 = 2;  // as X.509 counts
constexpr int kSerialBits = 127;
constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kDaysGood = 3650;

template <auto free_it>
struct End {
    template <class T>
    void operator()(T* thing) const {
        free_it(thing);
    }
};
using Key = std::unique_ptr<EVP_PKEY, End<::EVP_PKEY_free>>;
using Sheet = std::unique_ptr<X509, End<::X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, End<::X509_EXTENSION_free>>;
using Number = std::unique_ptr<BIGNUM, End<::BN_free>>;
using Memory = std::unique_ptr<BIO, End<::BIO_free>>;

constexpr std::size_t kPemBytesMax = 64 * 1024;
constexpr unsigned kSecretMode = 0600;

Result<std::string> text_of_file(const std::string& path) {
    return base::string_of(TRY(read_file(path, kPemBytesMax)));
}

base::Error failed() { return make_error(ErrorCode::system_failed, "no certificate can be made"); }

bool is_address(const std::string& name) {
    unsigned char bytes[sizeof(in6_addr)];
    return ::inet_pton(AF_INET, name.c_str(), bytes) == 1 ||
           ::inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

/// Letters of the syntax of extensions must not come in through a name.
bool is_dns_name(const std::string& name) {
    return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    });
}

Result<std::string> alternative_names(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        const bool address = is_address(name);
        if (!address && !is_dns_name(name)) {
            return base::bad_field("names", "DNS names and addresses");
        }
        text += fmt::format("{}{}:{}", text.empty() ? "" : ",", address ? "IP" : "DNS", name);
    }
    if (names.empty() || names.size() > kServerNamesMax) {
        return base::bad_field("names", fmt::format("1 to {} of them", kServerNamesMax));
    }
    return text;
}

bool add_extension(X509* sheet, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, sheet, sheet, nullptr, nullptr, 0);
    const Extension extension(::X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
    return extension && ::X509_add_ext(sheet, extension.get(), -1) == 1;
}

bool number_it(X509* sheet) {
    const Number number(::BN_new());
    return number && ::BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
           ::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(sheet)) != nullptr;
}

bool fill_in(X509* sheet, EVP_PKEY* key, const std::string& common_name, const std::string& others,
             std::int64_t now_s) {
    const auto* name = reinterpret_cast<const unsigned char*>(common_name.c_str());
    X509_NAME* subject = ::X509_get_subject_name(sheet);
    const auto begin = static_cast<std::time_t>(now_s - kDaySeconds);
    const auto end = static_cast<std::time_t>(now_s + kDaysGood * kDaySeconds);
    return ::X509_set_version(sheet, kVersion3) == 1 && number_it(sheet) &&
           ::ASN1_TIME_set(::X509_getm_notBefore(sheet), begin) != nullptr &&
           ::ASN1_TIME_set(::X509_getm_notAfter(sheet), end) != nullptr &&
           ::X509_set_pubkey(sheet, key) == 1 &&
           ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, name, -1, -1, 0) == 1 &&
           ::X509_set_issuer_name(sheet, subject) == 1 &&
           add_extension(sheet, NID_subject_alt_name, others) &&
           add_extension(sheet, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(sheet, NID_key_usage, "critical,digitalSignature") &&
           add_extension(sheet, NID_ext_key_usage, "serverAuth") &&
           ::X509_sign(sheet, key, ::EVP_sha256()) != 0;
}

std::string text_in(BIO* memory) {
    char* text = nullptr;
    const long length = BIO_get_mem_data(memory, &text);
    return {text, static_cast<std::size_t>(length)};
}

}  // namespace

Result<ServerCertificate> make_server_certificate(const std::vector<std::string>& names,
                                                  std::int64_t now_s) {
    const std::string others = TRY(alternative_names(names));
    const Key key(EVP_EC_gen("P-256"));
    const Sheet sheet(::X509_new());
    constexpr std::size_t kCommonNameMax = 64;
    if (!key || !sheet ||
        !fill_in(sheet.get(), key.get(), names.front().substr(0, kCommonNameMax), others, now_s)) {
        return failed();
    }
    const Memory certificate(::BIO_new(::BIO_s_mem()));
    const Memory secret(::BIO_new(::BIO_s_secmem()));
    if (!certificate || !secret || ::PEM_write_bio_X509(certificate.get(), sheet.get()) != 1 ||
        ::PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                        nullptr) != 1) {
        return failed();
    }
    return ServerCertificate{text_in(certificate.get()), text_in(secret.get())};
}

Result<ServerCertificate> load_server_certificate(const CertificatePlace& place,
                                                  const std::vector<std::string>& names,
                                                  std::int64_t now_s) {
    const bool own = place.certificate.empty();
    const std::string certificate =
        own ? fmt::format("{}/{}.crt", place.folder, place.name) : place.certificate;
    const std::string key = own ? fmt::format("{}/{}.key", place.folder, place.name) : place.key;
    if (!own || ::access(certificate.c_str(), F_OK) == 0) {
        // One behind the other: g++ 12 leaks a member when the next one's TRY returns.
        std::string certificate_pem = TRY(text_of_file(certificate));
        std::string key_pem = TRY(text_of_file(key));
        return ServerCertificate{std::move(certificate_pem), std::move(key_pem)};
    }
    auto made = TRY(make_server_certificate(names, now_s));
    // The key is written first: a certificate without one would be of no use.
    TRY(write_atomically(key, base::bytes_of(made.key_pem), kSecretMode));
    TRY(write_atomically(certificate, base::bytes_of(made.certificate_pem)));
    return made;
}

Result<std::string> public_key_pin(const std::string& certificate_pem) {
    const Memory memory(
        ::BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
    const Sheet sheet(memory ? ::PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr)
                             : nullptr);
    unsigned char* der = nullptr;
    const int size = sheet ? ::i2d_X509_PUBKEY(::X509_get_X509_PUBKEY(sheet.get()), &der) : -1;
    if (size <= 0) {
        return base::bad_field("certificate", "one in PEM");
    }
    const base::ByteView bytes(reinterpret_cast<const std::byte*>(der),
                               static_cast<std::size_t>(size));
    std::string pin = sha256_hex(bytes);
    ::OPENSSL_free(der);
    return pin;
}

}  // namespace tillhost::os
