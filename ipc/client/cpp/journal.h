#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hal/base/ids.h"
#include "hal/base/result.h"
#include "hal/os/files.h"
#include "ipc/contract/messages.h"

namespace tillhost::client {

/// Largest journal file. A program has one or two operations in it; a thousand are a program that
/// does not acknowledge.
inline constexpr std::size_t kJournalBytesMax = 1024 * 1024;
inline constexpr std::size_t kJournalOperationsMax = 1000;

/// A file of operations that are not finished, so that a program that ends in the middle finds them
/// again. It holds everything that is needed to hand them over once more: device and content too.
/// JSON, replaced as a whole (docs/formats/client-journal.md); the clients of every language read
/// it. For one process at a time.
class Journal final {
public:
    /// Reads the file, or begins one. Its folder exists. Errors: already_running (another process
    /// has it), system_failed, malformed and bad_field (it is no journal; nothing is changed).
    static base::Result<std::unique_ptr<Journal>> open(std::string path);

    /// On disk when it returns; nothing happens if the id is there. Errors: too_large (too much is
    /// unfinished), storage_full, system_failed.
    base::Done keep(const contract::KeptOperation& operation);
    /// The operation is finished: it was acknowledged, or nothing can come of it. Errors as above.
    base::Done forget(const base::OperationId& id);

    bool holds(const base::OperationId& id) const;
    /// Oldest first.
    const std::vector<contract::KeptOperation>& unfinished() const { return kept_.operations; }

private:
    Journal(std::string path, std::unique_ptr<os::FileLock> lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}
    base::Done write(contract::Journal next);

    std::string path_;
    std::unique_ptr<os::FileLock> lock_;
    contract::Journal kept_;
};

}  // namespace tillhost::client
