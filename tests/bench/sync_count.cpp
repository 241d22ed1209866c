#include "tests/bench/sync_count.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "hal/os/descriptor.h"
#include "hal/os/process.h"

namespace tillhost::bench {

base::Result<std::unique_ptr<SyncCount>> SyncCount::create(const std::string& path) {
    constexpr mode_t kEverybody = 0666;
    const os::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kEverybody));
    if (!file.valid() || ::ftruncate(file.get(), sizeof(Count)) != 0 ||
        ::fchmod(file.get(), kEverybody) != 0) {
        return os::system_error(path, errno);
    }
    void* memory = ::mmap(nullptr, sizeof(Count), PROT_READ, MAP_SHARED, file.get(), 0);
    if (memory == MAP_FAILED) {
        return os::system_error(path, errno);
    }
    return std::unique_ptr<SyncCount>(new SyncCount(path, static_cast<const Count*>(memory)));
}

base::Done SyncCount::preload(bool on) const {
    if (!on) {
        ::unsetenv("LD_PRELOAD");
        return {};
    }
    const std::string library = TRY(os::program_folder()) + "sync_counter.so";
    ::setenv("TILLHOST_SYNC_COUNT", path_.c_str(), 1);
    ::setenv("LD_PRELOAD", library.c_str(), 1);
    return {};
}

}  // namespace tillhost::bench
