#include "licd/runtime/identity.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "hal/os/certificate.h"
#include "hal/os/files.h"
#include "hal/os/random.h"
#include "licd/keys/base64.h"

namespace tillhost::licd::runtime {
namespace {

constexpr std::size_t kPemBytesMax = 4096;
constexpr mode_t kOthers = 077;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kUserEntryBytesMax = 4096;

}  // namespace

base::Result<os::SigningKey> load_or_make_identity(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) {
        const auto key = os::SigningKey::make();
        const std::string pem = os::secret_key_to_pem(key, {});
        TRY(os::write_atomically(path, std::as_bytes(std::span(pem)), 0600));
        return key;
    }
    if ((found.st_mode & kOthers) != 0) {
        return base::bad_field(path, "a file that nobody else may read (chmod 600)");
    }
    const base::Bytes pem = TRY(os::read_file(path, kPemBytesMax));
    return os::secret_key_from_pem(base::string_of(pem), {});
}

base::Bytes random_bytes(std::size_t count) {
    base::Bytes bytes(count);
    for (std::size_t at = 0; at < count; at += sizeof(std::uint64_t)) {
        const std::uint64_t random = os::random_u64();
        std::memcpy(bytes.data() + at, &random, std::min(sizeof random, count - at));
    }
    return bytes;
}

OwnProcess own_process() {
    OwnProcess own;
    own.uid = ::getuid();
    own.pid = ::getpid();
    own.user = "uid " + std::to_string(own.uid);
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, kUserEntryBytesMax> buffer{};
    if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr) {
        own.user = found->pw_name;
    }
    return own;
}

base::Bytes load_or_make_salt(LicenceStore& store) {
    constexpr const char* kName = "code_salt";
    if (const auto kept = keys::from_base64(store.value(kName));
        kept && kept->size() == kSaltBytes) {
        return *kept;
    }
    base::Bytes salt = random_bytes(kSaltBytes);
    store.put_value(kName, keys::to_base64(salt));
    return salt;
}

}  // namespace tillhost::licd::runtime
