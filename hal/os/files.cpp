#include "hal/os/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace tillhost::os {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::size_t kReadStepBytes = 65536;
constexpr std::size_t kPidBytesMax = 16;

base::Error file_error(const std::string& path, int number) {
    if (number == ENOSPC || number == EDQUOT || number == EFBIG) {
        return make_error(ErrorCode::storage_full, fmt::format("{}: {}", path, errno_text(number)));
    }
    return system_error(path, number);
}

base::Done write_all(int fd, base::ByteView content, const std::string& path) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return file_error(path, errno);
        }
        content = content.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

base::Done sync_folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid() || ::fsync(fd.get()) != 0) {
        return system_error(folder, errno);
    }
    return {};
}

}  // namespace

base::Result<base::Bytes> read_file(const std::string& path, std::size_t bytes_max) {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) {
        return system_error(path, errno);
    }
    base::Bytes content;
    while (true) {
        const std::size_t had = content.size();
        content.resize(had + kReadStepBytes);
        const ssize_t taken = ::read(fd.get(), content.data() + had, kReadStepBytes);
        content.resize(had + static_cast<std::size_t>(std::max<ssize_t>(taken, 0)));
        if (taken < 0 && errno != EINTR) {
            return system_error(path, errno);
        }
        if (taken == 0) {
            return content;
        }
        if (content.size() > bytes_max) {
            return make_error(ErrorCode::too_large,
                              fmt::format("{}: larger than {} bytes", path, bytes_max));
        }
    }
}

base::Done write_atomically(const std::string& path, base::ByteView content, unsigned mode) {
    const auto writer = TRY(FileWriter::create(path, mode));
    TRY(writer->write(content));
    return writer->finish();
}

base::Result<std::unique_ptr<FileWriter>> FileWriter::create(const std::string& path,
                                                             unsigned mode) {
    const std::string beside = path + ".new";
    Descriptor fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!fd.valid()) {
        return file_error(beside, errno);
    }
    return std::unique_ptr<FileWriter>(new FileWriter(path, std::move(fd)));
}

FileWriter::~FileWriter() {
    if (!finished_) {
        ::unlink((path_ + ".new").c_str());
    }
}

base::Done FileWriter::write(base::ByteView bytes) {
    return write_all(fd_.get(), bytes, path_ + ".new");
}

base::Done FileWriter::finish() {
    const std::string beside = path_ + ".new";
    if (::fsync(fd_.get()) != 0) {
        return file_error(beside, errno);
    }
    if (::rename(beside.c_str(), path_.c_str()) != 0) {
        return file_error(path_, errno);
    }
    finished_ = true;
    return sync_folder_of(path_);
}

base::Result<base::Bytes> read_file_at(const std::string& path, std::uint64_t offset,
                                       std::size_t bytes_max) {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) {
        return system_error(path, errno);
    }
    base::Bytes content(bytes_max);
    std::size_t had = 0;
    while (had < bytes_max) {
        const ssize_t taken = ::pread(fd.get(), content.data() + had, bytes_max - had,
                                      static_cast<off_t>(offset + had));
        if (taken < 0 && errno != EINTR) {
            return system_error(path, errno);
        }
        if (taken == 0) {
            break;
        }
        had += static_cast<std::size_t>(std::max<ssize_t>(taken, 0));
    }
    content.resize(had);
    return content;
}

base::Done append_durably(const std::string& path, base::ByteView content, unsigned mode) {
    const Descriptor fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, mode));
    struct stat before {};
    if (!fd.valid() || ::fstat(fd.get(), &before) != 0) {
        return file_error(path, errno);
    }
    auto written = write_all(fd.get(), content, path);
    if (written && ::fsync(fd.get()) != 0) {
        written = file_error(path, errno);
    }
    if (!written) {
        // What fails here too is found by whoever reads the file: it ends amid a record.
        [[maybe_unused]] const int cut = ::ftruncate(fd.get(), before.st_size);
        return written;
    }
    return before.st_size == 0 ? sync_folder_of(path) : base::Done();
}

base::Result<std::vector<std::string>> list_files(const std::string& folder,
                                                  const std::string& ending) {
    DIR* stream = ::opendir(folder.c_str());
    if (stream == nullptr) {
        return system_error(folder, errno);
    }
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(stream)) {
        const std::string_view name = entry->d_name;
        if (name.size() > ending.size() && name.ends_with(ending) && name.front() != '.') {
            names.emplace_back(name);
        }
    }
    ::closedir(stream);
    std::sort(names.begin(), names.end());
    return names;
}

base::Done make_folder(const std::string& path, unsigned mode) {
    struct stat state {};
    if (::stat(path.c_str(), &state) == 0 && S_ISDIR(state.st_mode)) {
        return {};
    }
    if (::mkdir(path.c_str(), mode) != 0) {
        return system_error(path, errno);
    }
    return {};
}

base::Done reserve_file(const std::string& path, std::uint64_t bytes) {
    const Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    if (!fd.valid()) {
        return file_error(path, errno);
    }
    const int failed = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes));
    if (failed != 0) {
        return file_error(path, failed);
    }
    return {};
}

base::Done remove_file(const std::string& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return system_error(path, errno);
    }
    return {};
}

base::Result<std::uint64_t> free_bytes(const std::string& path) {
    struct statvfs state {};
    if (::statvfs(path.c_str(), &state) != 0) {
        return system_error(path, errno);
    }
    return static_cast<std::uint64_t>(state.f_bavail) * state.f_frsize;
}

base::Result<std::unique_ptr<FileLock>> FileLock::take(const std::string& path) {
    Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    if (!fd.valid()) {
        return system_error(path, errno);
    }
    std::array<char, kPidBytesMax> pid{};
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return system_error(path, errno);
        }
        const ssize_t length = ::pread(fd.get(), pid.data(), pid.size(), 0);
        const std::string_view holder(pid.data(),
                                      static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
        return make_error(
            ErrorCode::already_running,
            fmt::format("process {} holds {}", holder.substr(0, holder.find('\n')), path));
    }
    const std::string text = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), text.data(), text.size(), 0) < 0) {
        return file_error(path, errno);
    }
    return std::unique_ptr<FileLock>(new FileLock(std::move(fd)));
}

}  // namespace tillhost::os
