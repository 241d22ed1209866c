#include "sumpd/store/server_key.h"

#include <sys/stat.h>

#include <cstring>

#include "hal/os/digest.h"
#include "hal/os/files.h"
#include "hal/os/random.h"

namespace tillhost::sumpd::store {
namespace {

constexpr mode_t kMode = 0600;
constexpr mode_t kOthers = 077;

base::Bytes random_key() {
    base::Bytes bytes(kServerKeyBytes);
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
        const std::uint64_t random = os::random_u64();
        std::memcpy(bytes.data() + at, &random, sizeof random);
    }
    return bytes;
}

}  // namespace

base::Result<ServerKey> ServerKey::open(const std::string& folder) {
    const std::string path = folder + "/server.key";
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) {
        base::Bytes made = random_key();
        TRY(os::write_atomically(path, made, kMode));
        return ServerKey(std::move(made));
    }
    if ((found.st_mode & kOthers) != 0) {
        return base::bad_field(path, "a file that nobody else may read (chmod 600)");
    }
    base::Bytes bytes = TRY(os::read_file(path, kServerKeyBytes + 1));
    if (bytes.size() != kServerKeyBytes) {
        return base::bad_field(path, "32 bytes; without the file another key is made");
    }
    return ServerKey(std::move(bytes));
}

std::string ServerKey::digest(std::string_view purpose, std::string_view text) const {
    std::string both(purpose);
    both.push_back('\0');
    both.append(text);
    return base::to_hex(os::hmac_sha256(key_, base::bytes_of(both)));
}

}  // namespace tillhost::sumpd::store
