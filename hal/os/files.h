#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/os/descriptor.h"

namespace tillhost::os {

/// The whole file. Errors: system_failed (the detail names the path and says why), too_large above
/// `bytes_max`.
base::Result<base::Bytes> read_file(const std::string& path, std::size_t bytes_max);

/// Replaces the file as one step: whoever reads it, and whoever comes after a power cut, finds the
/// old content or the new one. Written beside it, fsync, renamed, folder fsync. Blocks for two
/// syncs. Errors: system_failed, storage_full.
base::Done write_atomically(const std::string& path, base::ByteView content, unsigned mode = 0640);

/// A file that is made piece by piece and is not there before finish(): write_atomically() for
/// what is too large for memory. Dropped unfinished, it leaves nothing.
class FileWriter final {
public:
    /// Errors: system_failed, storage_full.
    static base::Result<std::unique_ptr<FileWriter>> create(const std::string& path,
                                                            unsigned mode = 0640);
    ~FileWriter();
    /// Errors: system_failed, storage_full.
    base::Done write(base::ByteView bytes);
    /// The file is there and on the disk. Once. Errors: system_failed, storage_full.
    base::Done finish();

private:
    FileWriter(std::string path, Descriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}
    const std::string path_;
    Descriptor fd_;
    bool finished_ = false;
};

/// At most `bytes_max` bytes from that place on; fewer only at the end of the file. Errors:
/// system_failed.
base::Result<base::Bytes> read_file_at(const std::string& path, std::uint64_t offset,
                                       std::size_t bytes_max);

/// Puts the bytes behind the end of the file, which is made if needed, and sees them to the disk
/// before it returns. After an error the file has its former length, unless the power is cut: then
/// a beginning of the bytes may be there. Blocks for a sync. Errors: system_failed, storage_full.
base::Done append_durably(const std::string& path, base::ByteView content, unsigned mode = 0640);

/// Names (without folder) that end so, sorted. Errors: system_failed.
base::Result<std::vector<std::string>> list_files(const std::string& folder,
                                                  const std::string& ending);

/// Makes the folder with this mode unless it is there. Errors: system_failed.
base::Done make_folder(const std::string& path, unsigned mode);

/// Makes the file if needed and sees to it that the disk has that many bytes for it (fallocate).
/// Errors: system_failed, storage_full.
base::Done reserve_file(const std::string& path, std::uint64_t bytes);
/// Removes a file; one that is not there is fine. Errors: system_failed.
base::Done remove_file(const std::string& path);

/// Bytes that this user may still write to the file system of the path. Errors: system_failed.
base::Result<std::uint64_t> free_bytes(const std::string& path);

/// An exclusive lock on a file (flock). It belongs to the open file: a child that inherits the
/// descriptor holds it too, and it is free when the last copy is closed.
class FileLock final {
public:
    /// Makes the file if needed and takes its lock without waiting. The file then holds our pid,
    /// for people. Errors: already_running (another holds it; the detail gives the pid it wrote),
    /// system_failed.
    static base::Result<std::unique_ptr<FileLock>> take(const std::string& path);

    int fd() const { return fd_.get(); }

private:
    explicit FileLock(Descriptor fd) : fd_(std::move(fd)) {}
    Descriptor fd_;
};

}  // namespace tillhost::os
