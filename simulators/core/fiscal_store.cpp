#include "simulators/core/fiscal_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "hal/os/descriptor.h"
#include "simulators/core/checksum.h"

namespace tillhost::simulators {
namespace {

using base::ErrorCode;

constexpr std::string_view kMagic = "TILLSIM1";
constexpr std::size_t kFamilyBytes = 24;  // zero padded
constexpr std::size_t kHeaderBytes = 8 + kFamilyBytes;
constexpr std::size_t kRecordHeadBytes = 8;  // length and CRC

base::Error storage_error(const std::string& path, std::string_view what) {
    return base::make_error(ErrorCode::storage_failed, fmt::format("{}: {}", path, what));
}

base::Bytes header_of(std::string_view family) {
    base::ByteWriter header;
    header.raw(base::bytes_of(kMagic)).raw(base::bytes_of(family.substr(0, kFamilyBytes)));
    header.fill(base::byte(0), kHeaderBytes - header.bytes().size());
    return header.take();
}

void append_to(FiscalStore::Content& content, const FiscalStore::Change& change) {
    if (!change.state.empty()) {
        content.state.assign(change.state.begin(), change.state.end());
    }
    content.documents.insert(content.documents.end(), change.documents.begin(),
                             change.documents.end());
    content.tape.insert(content.tape.end(), change.tape.begin(), change.tape.end());
}

}  // namespace

base::Done MemoryFiscalStore::commit(const Change& change) {
    append_to(content_, change);
    return {};
}

base::Bytes encode_record(const FiscalStore::Change& change) {
    base::ByteWriter payload;
    payload.u32_le(change.state.size()).raw(change.state);
    payload.u32_le(change.documents.size());
    for (const base::Bytes& document : change.documents) {
        payload.u32_le(document.size()).raw(document);
    }
    payload.u32_le(change.tape.size());
    for (const std::string& line : change.tape) {
        payload.u32_le(line.size()).raw(base::bytes_of(line));
    }
    base::ByteWriter record;
    record.u32_le(payload.bytes().size()).u32_le(crc32_of(payload.bytes())).raw(payload.bytes());
    return record.take();
}

bool apply_record(base::ByteView payload, FiscalStore::Content& content) {
    base::ByteReader reader(payload);
    FiscalStore::Content added;
    const base::ByteView state = reader.take(reader.u32_le());
    added.state.assign(state.begin(), state.end());
    const std::uint32_t documents = reader.u32_le();
    for (std::uint32_t i = 0; i < documents && !reader.failed(); ++i) {
        const base::ByteView document = reader.take(reader.u32_le());
        added.documents.emplace_back(document.begin(), document.end());
    }
    const std::uint32_t lines = reader.u32_le();
    for (std::uint32_t i = 0; i < lines && !reader.failed(); ++i) {
        added.tape.push_back(base::string_of(reader.take(reader.u32_le())));
    }
    if (reader.failed() || reader.left() != 0) {
        return false;
    }
    append_to(content, {.state = added.state, .documents = added.documents, .tape = added.tape});
    return true;
}

base::Result<std::unique_ptr<FileFiscalStore>> FileFiscalStore::open(const std::string& path,
                                                                     std::string_view family,
                                                                     Durability durability) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        return storage_error(path, os::errno_text(errno));
    }
    std::unique_ptr<FileFiscalStore> store(new FileFiscalStore(fd, path, durability));
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return base::make_error(ErrorCode::already_running, path + " is in use");
    }
    TRY(store->read_all(family));
    return store;
}

FileFiscalStore::~FileFiscalStore() { ::close(fd_); }

base::Done FileFiscalStore::read_all(std::string_view family) {
    const off_t end = ::lseek(fd_, 0, SEEK_END);
    if (end < 0 || static_cast<std::size_t>(end) > kStoreBytesMax) {
        return base::make_error(ErrorCode::too_large, path_);
    }
    base::Bytes all(static_cast<std::size_t>(end));
    std::size_t got = 0;
    while (got < all.size()) {
        const ssize_t count =
            ::pread(fd_, all.data() + got, all.size() - got, static_cast<off_t>(got));
        if (count <= 0) {
            return storage_error(path_, "cannot be read");
        }
        got += static_cast<std::size_t>(count);
    }
    const base::Bytes header = header_of(family);
    if (all.size() < header.size() &&
        std::equal(all.begin(), all.end(), header.begin())) {  // new, or torn while being made
        cut_off_bytes_ = all.size();
        return ::ftruncate(fd_, 0) == 0 ? append(header) : storage_error(path_, "cannot be cut");
    }
    if (all.size() < header.size() || !std::equal(header.begin(), header.end(), all.begin())) {
        return storage_error(path_, fmt::format("not the memory of a simulated {}", family));
    }
    base::ByteReader reader(base::ByteView(all).subspan(header.size()));
    while (reader.left() != 0) {
        const std::size_t begin = all.size() - reader.left();
        const std::uint32_t length = reader.u32_le();
        const std::uint32_t crc = reader.u32_le();
        const base::ByteView payload = reader.take(length);
        const bool torn = reader.failed();
        if (!torn && crc32_of(payload) == crc && apply_record(payload, content_)) {
            continue;
        }
        if (!torn && reader.left() != 0) {  // a bad record with good ones behind it is no tear
            return storage_error(path_, fmt::format("damaged at byte {}", begin));
        }
        cut_off_bytes_ = all.size() - begin;
        if (::ftruncate(fd_, static_cast<off_t>(begin)) != 0) {
            return storage_error(path_, "cannot be cut");
        }
        break;
    }
    return ::lseek(fd_, 0, SEEK_END) < 0 ? storage_error(path_, "cannot be read") : base::Done{};
}

base::Done FileFiscalStore::append(base::ByteView bytes) {
    const off_t begin = ::lseek(fd_, 0, SEEK_END);
    std::size_t written = 0;
    while (written < bytes.size()) {
        const ssize_t count = ::write(fd_, bytes.data() + written, bytes.size() - written);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            const int number = errno;
            broken_ = begin < 0 || ::ftruncate(fd_, begin) != 0;
            return storage_error(path_, os::errno_text(number));
        }
        written += static_cast<std::size_t>(count);
    }
    if (durability_ == Durability::disk && ::fdatasync(fd_) != 0) {
        const int number = errno;
        broken_ = true;  // what the disk has of it nobody knows
        return storage_error(path_, os::errno_text(number));
    }
    return {};
}

base::Done FileFiscalStore::commit(const Change& change) {
    const base::Bytes record = encode_record(change);
    if (broken_ || record.size() > kStoreRecordBytesMax + kRecordHeadBytes) {
        return storage_error(path_, broken_ ? "broken by an earlier write" : "record too large");
    }
    TRY(append(record));
    append_to(content_, change);
    return {};
}

}  // namespace tillhost::simulators
