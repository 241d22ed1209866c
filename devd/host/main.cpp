// devd-driver: the process of one device. devd starts it; see devd/runtime/host_spawner.h.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "devd/host/catalogue.h"
#include "devd/host/host.h"
#include "devd/host/host_socket.h"
#include "devd/host/line_recording.h"
#include "devd/host/speed_search.h"
#include "devd/host/udev_rules.h"
#include "hal/device/manifest.h"
#include "hal/drivers/drivers.h"
#include "hal/os/log.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"

using namespace tillhost;

namespace {

constexpr int kExitNotStartedByDevd = 2;
constexpr int kExitLinkBroken = 3;
constexpr int kExitDriverThrew = 4;

int print(const std::string& text) {
    std::string_view rest = text;
    while (!rest.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
        if (written < 0) {
            return 1;
        }
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

/// The catalogue, as `models` answers it.
contract::ModelsReply catalogue() {
    contract::ModelsReply reply;
    for (const drivers::DriverEntry& entry : drivers::all()) {
        reply.manifests.push_back(device::to_contract(entry.name, *entry.manifest));
    }
    return reply;
}

int list_drivers() {
    const contract::ModelsReply reply = catalogue();
    return print(ipc::to_json(contract::to_value(reply, contract::Style::readable), -1) + "\n");
}

int list_ports(const std::string& address) {
    const auto text = devd::host::ports_json(address);
    return text ? print(*text) : 1;
}

constexpr std::string_view kHelp =
    "devd-driver: the process of one device; devd starts it, nobody else can.\n"
    "\n"
    "usage: devd-driver DRIVER DEVICE\n"
    "       devd-driver --list             the catalogue of drivers, as JSON\n"
    "       devd-driver --ports [ADDRESS]  the ports, as JSON\n"
    "       devd-driver --find-speed DRIVER ADDRESS\n"
    "                                      the speed at which a device answers, as JSON\n"
    "       devd-driver --udev-rules       udev/60-tillhost.rules\n"
    "       devd-driver --late-udev-rules  udev/99-tillhost.rules\n"
    "\n"
    "Example: devd-driver --list\n"
    "People ask tillctl models and tillctl ports for the same.\n";

void explain(std::string_view line) {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

int find_speed(const char* driver, const char* address) {
    os::SystemClock clock;
    const drivers::DriverEntry* entry = drivers::find(driver);
    const auto text = entry == nullptr ? base::Result<std::string>(base::bad_field("driver", "one"))
                                       : devd::host::find_speed_json(*entry, address, clock);
    if (!text) {
        explain(base::to_text(text.error()) + "\n");
        return 1;
    }
    return print(*text);
}

/// What is told without a device; nothing if something else is wanted.
std::optional<int> tell(int count, char** words) {
    const std::string_view first = count > 1 ? words[1] : "";
    if (count == 2 && (first == "--help" || first == "-h")) {
        return print(std::string(kHelp));
    }
    if (count == 2 && first == "--list") {
        return list_drivers();
    }
    if ((count == 2 || count == 3) && first == "--ports") {
        return list_ports(count == 3 ? words[2] : "");
    }
    if (count == 4 && first == "--find-speed") {
        return find_speed(words[2], words[3]);
    }
    if (count == 2 && first == "--udev-rules") {
        return print(devd::host::udev_rules(catalogue().manifests));
    }
    if (count == 2 && first == "--late-udev-rules") {
        return print(devd::host::late_udev_rules(catalogue().manifests));
    }
    return std::nullopt;
}

/// Whether a descriptor is the link that devd gives its hosts.
bool is_link(int fd) {
    int type = 0;
    socklen_t length = sizeof type;
    return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET;
}

int serve(const drivers::DriverEntry& entry, const os::Logger& logger) {
    const os::SystemClock clock;
    devd::host::HostSocket link(os::Descriptor(devd::host::kLinkFd), clock);
    devd::host::RecordedDriver driver(entry, clock, logger);
    const os::Descriptor abort(devd::host::kAbortFd);
    const auto take_abort = [&abort] {
        std::uint64_t wishes = 0;
        return ::read(abort.get(), &wishes, sizeof wishes) == sizeof wishes;
    };
    const auto record = [&](const contract::RecordQuery& query) { return driver.record(query); };
    const auto place = [&driver] {
        return devd::host::Place{driver.behind().node, driver.behind().adapter};
    };
    devd::host::Host host(
        link, clock, {std::string(entry.name), ::getpid(), record, take_abort, place},
        [&](const std::vector<contract::Setting>& settings) { return driver.make(settings); });
    const base::Error end = host.run();
    if (end.code == base::ErrorCode::link_lost) {
        return 0;  // devd ended, or wants no more of this host
    }
    logger.error("driver host ends", {{"error", base::to_text(end)}});
    return kExitLinkBroken;
}

}  // namespace

int main(int count, char** arguments) {
    if (const auto told = tell(count, arguments)) {
        return *told;
    }
    if (count != 3 || !is_link(devd::host::kLinkFd) || ::fcntl(devd::host::kLockFd, F_GETFD) < 0 ||
        ::fcntl(devd::host::kAbortFd, F_GETFD) < 0) {
        explain("devd-driver: it is started by devd only; \"devd-driver --help\" says more\n");
        return kExitNotStartedByDevd;
    }
    os::StderrSink sink(os::StderrSink::under_journal());
    const os::Logger logger(sink);
    const drivers::DriverEntry* entry = drivers::find(arguments[1]);
    if (entry == nullptr) {
        logger.error("no such driver", {{"driver", arguments[1]}, {"device", arguments[2]}});
        return kExitNotStartedByDevd;
    }
    // Whatever a driver may start one day must hold neither the link nor the lock.
    ::fcntl(devd::host::kLinkFd, F_SETFD, FD_CLOEXEC);
    ::fcntl(devd::host::kLockFd, F_SETFD, FD_CLOEXEC);
    ::fcntl(devd::host::kAbortFd, F_SETFD, FD_CLOEXEC);
    try {
        return serve(*entry, logger);
    } catch (const std::exception& accident) {
        logger.error("the driver threw", {{"driver", arguments[1]}, {"what", accident.what()}});
        return kExitDriverThrew;
    }
}
