#include "hal/os/digest.h"

#include <openssl/evp.h>

#include <array>

#include "hal/base/invariant.h"

namespace tillhost::os {

std::string sha256_hex(base::ByteView bytes) {
    constexpr std::size_t kSha256Bytes = 32;
    // EVP_sha256() is looked up by its name at each use, which costs more than a short digest.
    static const EVP_MD* const sha256 = ::EVP_MD_fetch(nullptr, "SHA256", nullptr);
    std::array<unsigned char, kSha256Bytes> sum{};
    unsigned int length = 0;
    const int done = ::EVP_Digest(bytes.data(), bytes.size(), sum.data(), &length, sha256, nullptr);
    INVARIANT(done == 1 && length == kSha256Bytes);  // fails only without memory
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    text.reserve(2 * kSha256Bytes);
    for (const unsigned byte : sum) {
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 15U];
    }
    return text;
}

}  // namespace tillhost::os
