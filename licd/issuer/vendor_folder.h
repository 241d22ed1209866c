#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/os/certificate.h"
#include "hal/os/clock.h"
#include "hal/os/files.h"
#include "licd/issuer/issue_register.h"

namespace tillhost::licd::issuer {

/// Where passphrases come from: a file, a terminal, a test.
class PassphraseSource {
public:
    virtual ~PassphraseSource() = default;
    /// `what` is for people: "the root key". Empty: there is none.
    /// Errors: not_permitted (none can be asked for).
    virtual base::Result<os::SecretBytes> passphrase(const std::string& what, bool is_new) = 0;
};

/// What the tool uses of the world.
struct Means {
    const os::Clock& clock;
    std::function<std::uint64_t()> random;  ///< 64 bits that nobody can guess
    PassphraseSource& passphrases;
};

/// The vendor's folder, locked while this lives:
///
///   root.crt root.key        the root; the key may be kept elsewhere, and should be
///   issuers/ID.crt ID.key    the issuing authorities, the newest in use
///   journal                  every act, hash-chained; the truth
///   files/SHA256             every file that was given out, as it was
///   lock
///
/// All of mode 0600 in folders of mode 0700.
class VendorFolder final {
public:
    /// Makes the folders and takes the lock. Errors: already_running, wrong_state (it has a vendor
    /// already), system_failed.
    static base::Result<VendorFolder> make(const std::string& path);
    /// Errors: already_running (another licissue works in it), wrong_state (none was made there),
    /// storage_failed (the journal is damaged), system_failed.
    static base::Result<VendorFolder> open(const std::string& path);

    const IssueRegister& acts() const { return acts_; }
    const IssueJournal& journal() const { return journal_; }
    const os::Certificate& root() const { return *root_; }
    /// The newest issuing authority. Errors: wrong_state, bad_field.
    base::Result<os::Certificate> issuer() const;

    std::string root_key_path() const { return path_ + "/root.key"; }
    std::string root_path() const { return path_ + "/root.crt"; }
    std::string issuer_key_path(const std::string& id) const;
    std::string issuer_path(const std::string& id) const;

    /// Keeps a file before it is given out; its SHA-256. Errors: system_failed, storage_full.
    base::Result<std::string> keep(const std::string& text) const;
    /// Errors: storage_failed (it is gone or was changed).
    base::Result<std::string> kept(const std::string& sha256) const;

    /// One act: on the disk when it returns.
    base::Done record(const std::string& text);
    void set_root(os::Certificate root) { root_ = std::move(root); }

    /// The wall clock, but never before the last act: a clock that was set back must not make an
    /// answer look older than its key.
    std::int64_t now_s(const os::Clock& clock) const;

private:
    VendorFolder(std::string path, std::unique_ptr<os::FileLock> lock, IssueJournal journal)
        : path_(std::move(path)), lock_(std::move(lock)), journal_(std::move(journal)) {}
    static base::Result<VendorFolder> locked(const std::string& path);

    std::string path_;
    std::unique_ptr<os::FileLock> lock_;
    IssueJournal journal_;
    IssueRegister acts_;
    std::optional<os::Certificate> root_;
};

/// Keys are files of mode 0600. Errors: system_failed; not_permitted (others may read it, or the
/// passphrase is wrong); bad_field.
base::Result<os::SigningKey> load_key(const std::string& path, const std::string& what,
                                      PassphraseSource& passphrases);
/// Whether it got a passphrase. Errors: system_failed, storage_full.
base::Result<bool> save_key(const std::string& path, const std::string& what,
                            const os::SigningKey& key, PassphraseSource& passphrases);

base::Result<os::Certificate> load_certificate(const std::string& path);

}  // namespace tillhost::licd::issuer
