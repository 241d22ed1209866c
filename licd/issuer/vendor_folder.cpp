#include "licd/issuer/vendor_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "hal/os/digest.h"
#include "licd/keys/sealed_text.h"

namespace tillhost::licd::issuer {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr unsigned kFolderMode = 0700;
constexpr unsigned kFileMode = 0600;
constexpr std::size_t kPemBytesMax = 16 * 1024;

}  // namespace

std::string VendorFolder::issuer_key_path(const std::string& id) const {
    return fmt::format("{}/issuers/{}.key", path_, id);
}
std::string VendorFolder::issuer_path(const std::string& id) const {
    return fmt::format("{}/issuers/{}.crt", path_, id);
}

base::Result<VendorFolder> VendorFolder::locked(const std::string& path) {
    auto lock = TRY(os::FileLock::take(path + "/lock"));
    auto journal = TRY(IssueJournal::open(path + "/journal"));
    VendorFolder folder(path, std::move(lock), std::move(journal));
    for (const IssueJournal::Record& record : folder.journal_.records()) {
        TRY(folder.acts_.take(record));
    }
    return folder;
}

base::Result<VendorFolder> VendorFolder::make(const std::string& path) {
    for (const char* below : {"", "/issuers", "/files"}) {
        TRY(os::make_folder(path + below, kFolderMode));
    }
    auto folder = TRY(locked(path));
    if (!folder.acts().root_id().empty()) {
        return make_error(
            ErrorCode::wrong_state,
            fmt::format("{} holds a vendor's keys already: take another folder", path));
    }
    return folder;
}

base::Result<VendorFolder> VendorFolder::open(const std::string& path) {
    struct stat state {};
    const bool is_there = ::stat((path + "/journal").c_str(), &state) == 0;
    if (!is_there) {
        return make_error(ErrorCode::wrong_state,
                          fmt::format("{} holds no vendor's keys: licissue init makes them", path));
    }
    auto folder = TRY(locked(path));
    folder.root_ = TRY(load_certificate(folder.root_path()));
    if (folder.root_->key_id() != folder.acts().root_id()) {
        return make_error(
            ErrorCode::storage_failed,
            fmt::format("{} is not the root that the journal names", folder.root_path()));
    }
    return folder;
}

base::Result<os::Certificate> VendorFolder::issuer() const {
    if (acts_.issuers().empty()) {
        return make_error(ErrorCode::wrong_state,
                          "there is no issuing authority: licissue ca renew makes one");
    }
    return load_certificate(issuer_path(acts_.issuers().back().id));
}

base::Result<std::string> VendorFolder::keep(const std::string& text) const {
    const std::string name = os::sha256_hex(base::bytes_of(text));
    TRY(os::write_atomically(fmt::format("{}/files/{}", path_, name), base::bytes_of(text),
                             kFileMode));
    return name;
}

base::Result<std::string> VendorFolder::kept(const std::string& sha256) const {
    const auto bytes =
        os::read_file(fmt::format("{}/files/{}", path_, sha256), keys::kFileBytesMax);
    if (!bytes || os::sha256_hex(*bytes) != sha256) {
        return make_error(
            ErrorCode::storage_failed,
            fmt::format("{}/files/{} is gone or was changed: put the folder back from "
                        "a copy",
                        path_, sha256));
    }
    return base::string_of(*bytes);
}

base::Done VendorFolder::record(const std::string& text) {
    TRY(journal_.append(text));
    return acts_.take(journal_.records().back());
}

std::int64_t VendorFolder::now_s(const os::Clock& clock) const {
    return std::max(clock.unix_ms() / 1000, acts_.last_at_s());
}

base::Result<os::SigningKey> load_key(const std::string& path, const std::string& what,
                                      PassphraseSource& passphrases) {
    struct stat state {};
    if (::stat(path.c_str(), &state) == 0 && (state.st_mode & 0077U) != 0) {
        return make_error(ErrorCode::not_permitted,
                          fmt::format("{} can be read by others: chmod 600", path));
    }
    const os::SecretBytes pem(TRY(os::read_file(path, kPemBytesMax)));
    const std::string_view text(reinterpret_cast<const char*>(pem.reveal().data()),
                                pem.reveal().size());
    if (!os::is_encrypted_pem(text)) {
        return os::secret_key_from_pem(text, {});
    }
    const os::SecretBytes passphrase = TRY(passphrases.passphrase(what, false));
    return os::secret_key_from_pem(text, passphrase);
}

base::Result<bool> save_key(const std::string& path, const std::string& what,
                            const os::SigningKey& key, PassphraseSource& passphrases) {
    const os::SecretBytes passphrase = TRY(passphrases.passphrase(what, true));
    std::string text = os::secret_key_to_pem(key, passphrase);
    const os::SecretBytes pem(base::bytes_of(text));
    ::explicit_bzero(text.data(), text.size());
    TRY(os::write_atomically(path, pem.reveal(), kFileMode));
    return !passphrase.empty();
}

base::Result<os::Certificate> load_certificate(const std::string& path) {
    const std::string pem = base::string_of(TRY(os::read_file(path, kPemBytesMax)));
    auto certificate = os::certificate_from_pem(pem);
    if (!certificate) {
        return base::with_context(certificate.error(), path);
    }
    return certificate;
}

}  // namespace tillhost::licd::issuer
