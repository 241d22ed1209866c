#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

namespace tillhost::simulators {

/// Where a simulated device keeps what outlives its power: a state that is replaced as a whole, and
/// documents and paper that only grow. The bytes' meaning is the family's own.
class FiscalStore {
public:
    struct Content {
        base::Bytes state;  ///< empty: a new device
        std::vector<base::Bytes> documents;
        std::vector<std::string> tape;
    };
    struct Change {
        base::ByteView state{};  ///< empty: unchanged
        std::span<const base::Bytes> documents{};
        std::span<const std::string> tape{};
    };
    virtual ~FiscalStore() = default;

    /// Everything committed so far.
    virtual base::Result<Content> load() const = 0;
    /// All of the change or nothing of it, before the device says that it did the thing.
    /// Errors: storage_failed.
    virtual base::Done commit(const Change& change) = 0;
};

/// A memory that lives as long as the object: it outlives a simulated power cut, and also the
/// simulator itself where the next one is given the same object.
class MemoryFiscalStore final : public FiscalStore {
public:
    base::Result<Content> load() const override { return content_; }
    base::Done commit(const Change& change) override;

private:
    Content content_;
};

/// What a commit() has outlived when it returns: the death of the process, or the machine's too.
enum class Durability : std::uint8_t { kernel, disk };

/// A memory in one file, described in docs/formats/simulator-fiscal-memory.md. It outlives kill -9:
/// each change is one record, in the kernel's hands when commit() returns; with Durability::disk it
/// is synced before (fdatasync), else a power cut of the real machine may take the newest. One
/// process a file (flock).
class FileFiscalStore final : public FiscalStore {
public:
    /// Opens or makes the file. A torn record at its end is cut off; anything else wrong is
    /// refused. Errors: already_running, storage_failed (no such folder, not our file, damaged at
    /// offset n), too_large above kStoreBytesMax.
    static base::Result<std::unique_ptr<FileFiscalStore>> open(
        const std::string& path, std::string_view family,
        Durability durability = Durability::kernel);
    ~FileFiscalStore() override;
    FileFiscalStore(const FileFiscalStore&) = delete;
    FileFiscalStore& operator=(const FileFiscalStore&) = delete;

    base::Result<Content> load() const override { return content_; }
    base::Done commit(const Change& change) override;
    /// Bytes of a torn record that open() cut off.
    std::size_t cut_off_bytes() const { return cut_off_bytes_; }

private:
    FileFiscalStore(int fd, std::string path, Durability durability)
        : fd_(fd), path_(std::move(path)), durability_(durability) {}
    base::Done read_all(std::string_view family);
    base::Done append(base::ByteView bytes);

    int fd_;
    std::string path_;
    Durability durability_;
    Content content_;
    std::size_t cut_off_bytes_ = 0;
    bool broken_ = false;  ///< a record could not be taken back: nothing more is written
};

/// Largest file that is read; years of a simulated counter.
inline constexpr std::size_t kStoreBytesMax = 256UL * 1024 * 1024;
/// Largest record: one command's change.
inline constexpr std::size_t kStoreRecordBytesMax = 1024UL * 1024;

/// One record of the file: length, CRC-32 and payload.
base::Bytes encode_record(const FiscalStore::Change& change);
/// Adds a record's payload to the content. False if the bytes are not a payload. Total.
bool apply_record(base::ByteView payload, FiscalStore::Content& content);

}  // namespace tillhost::simulators
