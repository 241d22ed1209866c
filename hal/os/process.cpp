#include "hal/os/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "hal/os/files.h"

namespace tillhost::os {
namespace {

constexpr int kReapOnDestroyMs = 1000;
constexpr int kExecFailed = 127;
constexpr std::size_t kProgramNameBytesMax = 256;

/// What the child needs, made before fork: after it nothing may be allocated.
struct Plan {
    std::vector<char*> argv;
    std::vector<int> inherited;
    const char* program = nullptr;
    int nice = 0;
    int output = -1;
    pid_t parent = 0;
    int report_fd = -1;  ///< where exec's errno is written; closed by a good exec
};

[[noreturn]] void give_up(const Plan& plan) {
    const int number = errno;
    [[maybe_unused]] const auto written = ::write(plan.report_fd, &number, sizeof number);
    ::_exit(kExecFailed);
}

/// Moves the inherited descriptors to 3, 4, …; the report descriptor to the place behind them.
bool place_descriptors(Plan& plan) {
    const int count = static_cast<int>(plan.inherited.size());
    const int above = kInheritedFdFirst + count + 1;
    for (int& fd : plan.inherited) {
        fd = ::fcntl(fd, F_DUPFD_CLOEXEC, above);  // out of the way of the final numbers
        if (fd < 0) {
            return false;
        }
    }
    plan.output = plan.output < 0 ? -1 : ::fcntl(plan.output, F_DUPFD_CLOEXEC, above);
    const int report = ::fcntl(plan.report_fd, F_DUPFD_CLOEXEC, above);
    if (report < 0 || ::dup3(report, kInheritedFdFirst + count, O_CLOEXEC) < 0) {
        return false;
    }
    plan.report_fd = kInheritedFdFirst + count;
    for (int i = 0; i < count; ++i) {
        if (::dup2(plan.inherited[static_cast<std::size_t>(i)], kInheritedFdFirst + i) < 0) {
            return false;
        }
    }
    return true;
}

bool close_others(const Plan& plan) {
    return ::close_range(static_cast<unsigned>(plan.report_fd) + 1, ~0U, 0) == 0;
}

bool place_standard_streams(const Plan& plan) {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    const int output = plan.output < 0 ? null : plan.output;
    return null >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 && ::dup2(null, STDIN_FILENO) >= 0;
}

[[noreturn]] void run_child(Plan& plan) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != plan.parent) {
        ::_exit(kExecFailed);  // the parent ended before the line above
    }
    ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + plan.nice);
    if (!place_descriptors(plan) || !place_standard_streams(plan) || !close_others(plan)) {
        give_up(plan);
    }
    ::execv(plan.program, plan.argv.data());
    give_up(plan);
}

/// 0 when exec succeeded, else its errno.
int exec_errno(int fd) {
    int number = 0;
    ssize_t taken = 0;
    do {
        taken = ::read(fd, &number, sizeof number);
    } while (taken < 0 && errno == EINTR);
    return taken == sizeof number ? number : 0;
}

std::string how_it_ended(const siginfo_t& info) {
    if (info.si_code == CLD_EXITED) {
        return fmt::format("exit {}", info.si_status);
    }
    const char* name = ::sigdescr_np(info.si_status);
    return fmt::format("signal {} ({})", info.si_status, name == nullptr ? "?" : name);
}

/// Whether a process holds the path open, by the links of its descriptors.
bool holds_open(const std::string& process_folder, const std::string& real_path) {
    DIR* folder = ::opendir((process_folder + "/fd").c_str());
    if (folder == nullptr) {
        return false;  // another user's
    }
    bool found = false;
    std::array<char, PATH_MAX> target{};
    while (const dirent* entry = found ? nullptr : ::readdir(folder)) {
        const ssize_t length =
            ::readlinkat(::dirfd(folder), entry->d_name, target.data(), target.size());
        found = length > 0 &&
                std::string_view(target.data(), static_cast<std::size_t>(length)) == real_path;
    }
    ::closedir(folder);
    return found;
}

std::string name_of_process(const std::string& folder) {
    const auto bytes = read_file(folder + "/comm", kProgramNameBytesMax);
    std::string name = bytes ? base::string_of(*bytes) : "?";
    while (!name.empty() && name.back() == '\n') {
        name.pop_back();
    }
    return name;
}

}  // namespace

base::Result<std::unique_ptr<Child>> Child::spawn(const SpawnOptions& options) {
    std::vector<std::string> words{options.program};
    words.insert(words.end(), options.arguments.begin(), options.arguments.end());
    Plan plan;
    for (std::string& word : words) {
        plan.argv.push_back(word.data());
    }
    plan.argv.push_back(nullptr);
    plan.inherited = options.inherited;
    plan.program = options.program.c_str();
    plan.nice = options.nice;
    plan.output = options.output;
    plan.parent = ::getpid();
    std::array<int, 2> report{};
    if (::pipe2(report.data(), O_CLOEXEC) != 0) {
        return system_error("pipe2", errno);
    }
    const Descriptor report_read(report[0]);
    Descriptor report_write(report[1]);
    plan.report_fd = report_write.get();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return system_error("fork", errno);
    }
    if (pid == 0) {
        run_child(plan);
    }
    report_write.reset();
    Descriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    std::unique_ptr<Child> child(new Child(pid, std::move(pidfd)));
    if (!child->pidfd_.valid()) {
        return system_error("pidfd_open", errno);
    }
    if (const int number = exec_errno(report_read.get()); number != 0) {
        return system_error("cannot start " + options.program, number);
    }
    return child;
}

Child::~Child() {
    if (reaped_) {
        return;
    }
    ::kill(pid_, SIGKILL);
    if (pidfd_.valid()) {
        pollfd gone{pidfd_.get(), POLLIN, 0};
        ::poll(&gone, 1, kReapOnDestroyMs);
    }
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG);
}

void Child::kill() const {
    if (!reaped_) {
        ::kill(pid_, SIGKILL);  // not reaped: the number is still its own
    }
}

bool Child::reap(std::string& how) {
    siginfo_t info{};
    if (reaped_) {
        return true;
    }
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) != 0 ||
        info.si_pid != pid_) {
        return false;
    }
    reaped_ = true;
    how = how_it_ended(info);
    return true;
}

base::Result<std::string> program_folder() {
    std::array<char, PATH_MAX> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
    if (length <= 0) {
        return system_error("/proc/self/exe", errno);
    }
    const std::string_view whole(path.data(), static_cast<std::size_t>(length));
    return std::string(whole.substr(0, whole.rfind('/') + 1));
}

std::string holder_of(const std::string& real_path) {
    DIR* proc = ::opendir("/proc");
    if (proc == nullptr) {
        return {};
    }
    std::string holder;
    while (const dirent* entry = holder.empty() ? ::readdir(proc) : nullptr) {
        const int pid = std::atoi(entry->d_name);
        const std::string folder = std::string("/proc/") + entry->d_name;
        if (pid > 0 && pid != ::getpid() && holds_open(folder, real_path)) {
            holder = fmt::format("{} ({})", pid, name_of_process(folder));
        }
    }
    ::closedir(proc);
    return holder;
}

}  // namespace tillhost::os
