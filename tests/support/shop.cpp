#include "tests/support/shop.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "hal/os/descriptor.h"

namespace tillhost::support {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr int kReadyTimeMaxMs = 20'000;

struct Pipe {
    os::Descriptor read;
    os::Descriptor write;
};

Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        return os::system_error("pipe", errno);
    }
    return Pipe{os::Descriptor(ends[0]), os::Descriptor(ends[1])};
}

/// Up to the end, or up to the first line.
Result<std::string> read_from(int fd, bool one_line) {
    std::string text;
    char buffer[4096];
    while (!one_line || text.find('\n') == std::string::npos) {
        pollfd wait{fd, POLLIN, 0};
        if (::poll(&wait, 1, kReadyTimeMaxMs) <= 0) {
            return make_error(ErrorCode::deadline_passed, "the program says nothing");
        }
        const ssize_t count = ::read(fd, buffer, sizeof buffer);
        if (count <= 0) {
            break;
        }
        text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
}

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The parent in "PID (NAME) STATE PARENT …"; 0 if the process is gone.
pid_t parent_of(const std::string& pid) {
    const std::string stat = content_of("/proc/" + pid + "/stat");
    const std::size_t behind_name = stat.rfind(')');
    if (behind_name == std::string::npos) {
        return 0;
    }
    std::istringstream rest(stat.substr(behind_name + 1));
    std::string state;
    pid_t parent = 0;
    rest >> state >> parent;
    return parent;
}

}  // namespace

Result<std::unique_ptr<Shop>> Shop::create(std::string programs) {
    const char* parent = std::getenv("TMPDIR");
    std::string folder = std::string(parent == nullptr ? "/tmp" : parent) + "/tillhost-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) {
        return os::system_error("mkdtemp", errno);
    }
    for (const char* name : {"/config", "/config/devices.d", "/run", "/state", "/memory"}) {
        ::mkdir((folder + name).c_str(), 0750);
    }
    std::ofstream(folder + "/config/devd.toml") << "log = \"info\"\n";
    ::setenv("TILLHOST_RUNTIME_DIR", (folder + "/run").c_str(), 1);
    ::setenv("LC_ALL", "C", 1);  // what programs say is compared
    ::setenv("TILLHOST_STATE_DIR", (folder + "/state").c_str(), 1);
    return std::unique_ptr<Shop>(new Shop(folder, std::move(programs)));
}

Shop::~Shop() {
    end(devd_);
    for (auto& [id, simulator] : simulators_) {
        end(simulator);
    }
    if (!keep_) {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
}

Done Shop::configure(const std::string& id, const std::string& body) {
    std::ofstream file(folder_ + "/config/devices.d/" + id + ".toml");
    file << body;
    file.close();
    if (!file) {
        return make_error(ErrorCode::system_failed, "the device's file cannot be written");
    }
    return {};
}

Done Shop::start_simulator(const std::string& id, const std::string& family,
                           std::vector<std::string> more) {
    const std::string memory = folder_ + "/memory/" + id;
    ::mkdir(memory.c_str(), 0750);
    std::vector<std::string> words{
        family, "--pty", pty(id), "--state", memory, "--control", folder_ + "/" + id + ".ctl"};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.begin(), programs_ + "devsim");
    words.insert(words.begin(), runner_.begin(), runner_.end());
    const std::string program = words.front();
    words.erase(words.begin());
    Pipe pipe = TRY(make_pipe());
    simulators_[id] = TRY(os::Child::spawn(
        {.program = program, .arguments = std::move(words), .output = pipe.write.get()}));
    pipe.write.reset();
    const std::string said = TRY(read_from(pipe.read.get(), true));
    if (said.rfind("ready ", 0) != 0) {
        return make_error(ErrorCode::system_failed, "devsim is not ready: " + said);
    }
    return {};
}

Done Shop::start_devd() {
    devd_ = TRY(os::Child::spawn(
        {.program = programs_ + "devd", .arguments = {"--config", folder_ + "/config"}}));
    return {};
}

std::string Shop::devd_ended() {
    std::string how;
    if (devd_ && devd_->reap(how)) {
        devd_.reset();
        return how;
    }
    return devd_ ? "" : "not started";
}

void Shop::end(std::unique_ptr<os::Child>& child) const {
    if (!child) {
        return;
    }
    child->kill();
    std::string how;
    while (!child->reap(how)) {
        pollfd wait{child->pidfd(), POLLIN, 0};
        ::poll(&wait, 1, 1000);
    }
    child.reset();
}

pid_t Shop::host_of(const std::string& id) const {
    if (!devd_) {
        return 0;
    }
    DIR* processes = ::opendir("/proc");
    pid_t found = 0;
    while (const dirent* entry = ::readdir(processes)) {
        const std::string pid = entry->d_name;
        if (pid.find_first_not_of("0123456789") != std::string::npos ||
            parent_of(pid) != devd_->pid()) {
            continue;
        }
        const std::string command = content_of("/proc/" + pid + "/cmdline");
        if (command.find(std::string(1, '\0') + id + '\0') != std::string::npos) {
            found = static_cast<pid_t>(std::stoi(pid));
            break;
        }
    }
    ::closedir(processes);
    return found;
}

bool Shop::kill_host(const std::string& id) const {
    const pid_t host = host_of(id);
    return host != 0 && ::kill(host, SIGKILL) == 0;
}

Result<std::string> Shop::output_of(const std::string& program,
                                    std::vector<std::string> words) const {
    Pipe pipe = TRY(make_pipe());
    const auto child = TRY(os::Child::spawn(
        {.program = program, .arguments = std::move(words), .output = pipe.write.get()}));
    pipe.write.reset();
    return read_from(pipe.read.get(), false);
}

Result<std::string> Shop::ctl(const std::string& id, std::vector<std::string> words) const {
    words.insert(words.begin(), {"ctl", folder_ + "/" + id + ".ctl"});
    return output_of(programs_ + "devsim", std::move(words));
}

}  // namespace tillhost::support
