// devd: the daemon. The list of its parts, and nothing else.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>

#include "devd/runtime/access_requests.h"
#include "devd/runtime/administration.h"
#include "devd/runtime/command_check.h"
#include "devd/runtime/config.h"
#include "devd/runtime/driver_list.h"
#include "devd/runtime/network.h"
#include "devd/runtime/relay.h"
#include "devd/runtime/remote_devices.h"
#include "devd/runtime/service.h"
#include "hal/os/journal.h"
#include "hal/os/local_time.h"
#include "hal/os/random.h"
#include "hal/transport/udev_monitor.h"

namespace tillhost::devd {
namespace {

enum Exit : int { done = 0, failed = 1, usage = 2 };

constexpr std::string_view kHelp =
    "devd: the device host of a shop; carries each operation to its device exactly once.\n"
    "\n"
    "usage: devd --config DIR [--check | --restore FILE]\n"
    "\n"
    "  --config DIR    holds devd.toml and devices.d/*.toml\n"
    "  --check         only look whether the configuration, the folders and the drivers are in\n"
    "                  order; starts nothing, opens no device, touches no book\n"
    "  --restore FILE  put a copy of the operation book (tillctl backup) in the book's place "
    "while\n"
    "                  devd does not run; see docs/operation.md first. \"none\": the book is lost "
    "and\n"
    "                  there is no copy\n"
    "  -h, --help      this text\n"
    "\n"
    "TILLHOST_RUNTIME_DIR (default /run/tillhost) holds the socket devd.sock,\n"
    "TILLHOST_STATE_DIR (default /var/lib/tillhost) the operation book and the devices that were\n"
    "made by tillctl add. When it is ready it says so to systemd, and tillctl devices answers.\n"
    "\n"
    "Example: look, then serve until Ctrl-C\n"
    "  devd --config /etc/tillhost --check && devd --config /etc/tillhost\n"
    "\n"
    "Exit: 0 stopped by SIGTERM or SIGINT, all in order, or restored; 1 a fault at the start, not\n"
    "in order, or not restored; 2 usage; 74 the book cannot be written\n";
constexpr os::Duration kDriverListTimeMax = std::chrono::seconds(10);
constexpr unsigned kFolderMode = 0750;
/// In the place of a copy's path: there is none. A file of that name is "./none".
constexpr std::string_view kNoCopy = "none";

/// Of an empty devd.toml, beside a check.
constexpr std::string_view kNothingSaid =
    "hint     devd.toml says nothing, which is in order. A shop that makes sales names its devices "
    "there\n"
    "         (docs/configuration.md has all keys):\n"
    "           [shop]\n"
    "           registrar = \"kassa\"\n"
    "           terminal = \"pos\"\n";

struct Arguments {
    bool help = false;
    std::string config;
    bool check = false;
    std::string restore;  ///< empty: serve
};

/// Where everything is.
struct Places {
    std::string config;
    std::string runtime;
    std::string state;
    std::string driver_program;

    std::string locks() const { return runtime + "/devices"; }
    std::string endpoint() const { return "ipc://" + runtime + "/devd.sock"; }
};

void print(std::FILE* to, std::string_view text) { std::fwrite(text.data(), 1, text.size(), to); }

std::string environment(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr || *value == '\0' ? otherwise : value;
}

/// Errors: bad_field, naming the word.
base::Result<Arguments> parse(int count, char** words) {
    Arguments arguments;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--help" || word == "-h") {
            arguments.help = true;
            return arguments;
        }
        if (word == "--check") {
            arguments.check = true;
        } else if (word != "--config" && word != "--restore") {
            return base::bad_field(word, "one of --config, --check, --restore, --help");
        } else if (i + 1 == count) {
            return base::bad_field(
                word, word == "--config" ? "a folder behind it" : "a file, or none, behind it");
        } else {
            (word == "--config" ? arguments.config : arguments.restore) = words[++i];
        }
    }
    if (arguments.config.empty()) {
        return base::bad_field("--config", "it is required: the folder with devd.toml");
    }
    if (arguments.check && !arguments.restore.empty()) {
        return base::bad_field("--check", "without --restore");
    }
    return arguments;
}

base::Result<Places> find_places(const std::string& config) {
    const std::string programs = TRY(os::program_folder());
    return Places{config, environment("TILLHOST_RUNTIME_DIR", "/run/tillhost"),
                  environment("TILLHOST_STATE_DIR", "/var/lib/tillhost"), programs + "devd-driver"};
}

/// What the files and the drivers say.
struct Loaded {
    std::vector<contract::Manifest> manifests;
    runtime::Config config;
};

base::Result<Loaded> load(const Places& places, const os::Clock& clock) {
    Loaded loaded;
    loaded.manifests =
        TRY(runtime::list_drivers(places.driver_program, clock, clock.now() + kDriverListTimeMax));
    loaded.config = TRY(runtime::load_config(places.config, places.state, loaded.manifests));
    return loaded;
}

std::vector<runtime::KnownDevice> known_devices(const runtime::Config& config) {
    std::vector<runtime::KnownDevice> known;
    for (const core::DeviceConfig& device : config.devices) {
        known.push_back({device, contract::DeviceOrigin::administrator});
    }
    for (const core::DeviceConfig& device : config.clients) {
        known.push_back({device, contract::DeviceOrigin::client});
    }
    return known;
}

/// Those of this host and those of others.
std::vector<core::DeviceConfig> all_devices(const runtime::Config& config) {
    std::vector<core::DeviceConfig> all = runtime::configs_of(config.remotes);
    all.insert(all.end(), config.devices.begin(), config.devices.end());
    all.insert(all.end(), config.clients.begin(), config.clients.end());
    return all;
}

/// Nothing where udev cannot be listened to: no reason not to sell.
std::unique_ptr<runtime::Hotplug> make_hotplug(runtime::HotplugParts parts) {
    const os::Logger logger = parts.logger;
    if (!transport::udev_runs()) {
        logger.notice("udev does not run here: what is plugged in is found by trying again");
    }
    auto source = transport::open_udev_monitor();
    auto hotplug = source ? runtime::Hotplug::start(std::move(*source), std::move(parts))
                          : base::Result<std::unique_ptr<runtime::Hotplug>>(source.error());
    if (!hotplug) {
        logger.error("no hotplug", {{"error", base::to_text(hotplug.error())}});
        return nullptr;
    }
    return std::move(*hotplug);
}

/// Nothing where no figures are wanted, or none can be had: no reason not to sell.
std::unique_ptr<runtime::MetricsListener> make_metrics(std::optional<std::uint16_t> port,
                                                       os::EventLoop& loop, const os::Clock& clock,
                                                       const os::Logger& logger) {
    if (!port) {
        return nullptr;
    }
    auto opened = runtime::MetricsListener::open(*port, loop, clock);
    if (!opened) {
        logger.error("no figures for watchers", {{"error", base::to_text(opened.error())}});
        return nullptr;
    }
    return std::move(*opened);
}

runtime::NetworkFigures figures_of(const runtime::Network& network, const ipc::Endpoints& endpoints,
                                   const runtime::AccessRequests& access,
                                   const runtime::RemoteDevices& remotes,
                                   const runtime::Relay& relay) {
    runtime::NetworkFigures figures = runtime::figures_of(network, endpoints);
    figures.hosts = remotes.hosts();
    figures.hosts_connected = remotes.connected();
    figures.relayed = relay.clients();
    figures.wrong_codes = access.wrong_codes();
    figures.pairing_open = access.door_is_open();
    return figures;
}

/// To be told when somebody's rights change.
std::function<void()> rights_holders(runtime::Relay& relay, core::Core& core) {
    return [&relay, &core] {
        relay.look_at_rights();
        core.look_at_rights();
    };
}

void say_start(const os::Logger& logger, const Places& places, const runtime::Config& config,
               std::int64_t book_epoch) {
    logger.notice("starting",
                  {{"version", TILLHOST_VERSION},
                   {"book_epoch", std::to_string(book_epoch)},
                   {"devices", std::to_string(config.devices.size() + config.clients.size())},
                   {"other_hosts", std::to_string(config.remotes.size())},
                   {"endpoint", places.endpoint()},
                   {"state", places.state}});
}

base::Done make_folders(const Places& places) {
    TRY(os::make_folder(places.runtime, kFolderMode));
    TRY(os::make_folder(places.state, kFolderMode));
    return os::make_folder(places.locks(), kFolderMode);
}

base::Done serve(const Places& places) {
    const os::SystemClock clock;
    Loaded loaded = TRY(load(places, clock));
    const std::vector<runtime::KnownDevice> devices = known_devices(loaded.config);
    const auto sink = os::open_log("devd");
    const os::Logger logger(*sink, loaded.config.log_level);
    for (const std::string& remark : loaded.config.remarks) {
        logger.warning(remark);
    }
    TRY(make_folders(places));
    const auto loop = TRY(os::EventLoop::create(clock));
    const auto signals = TRY(os::StopSignals::take(*loop));
    // The socket's lock comes before the book: a second devd must not touch it.
    ipc::Endpoints endpoints(TRY(ipc::ZmqEndpoint::bind(places.endpoint())));
    const auto store = TRY(runtime::SqliteStore::open({.folder = places.state}, logger));
    runtime::HostSpawner hosts({.program = places.driver_program, .lock_folder = places.locks()},
                               {}, *loop, clock, logger);
    core::BookImage image = store->take_image();
    say_start(logger, places, loaded.config, image.book_epoch);
    loaded.config.local_roles.own_uid = static_cast<std::int64_t>(::getuid());
    const auto network = TRY(runtime::Network::open(
        {loaded.config.network, loaded.config.local_roles, places.state, clock, logger},
        endpoints));
    runtime::Administration administration({*loop, clock, endpoints, logger, places.state,
                                            places.driver_program, loaded.manifests, devices});
    runtime::LinkReaper reaper;
    const runtime::RemoteLinkParts link{*loop, clock, logger, reaper};
    runtime::RemoteDevices remotes({link, loaded.config.remotes, hosts, TILLHOST_VERSION});
    core::Core core({.program_version = TILLHOST_VERSION,
                     .retention = loaded.config.retention,
                     .own_uid = static_cast<std::int64_t>(::getuid()),
                     .utc_offset_s = &os::utc_offset_s,
                     .shop = loaded.config.shop,
                     .check_command = runtime::make_command_check(loaded.manifests),
                     .observer = &administration,
                     .access = &network->workstations(),
                     .mirror = &remotes},
                    all_devices(loaded.config), std::move(image), clock, *store, remotes,
                    administration, &os::random_u64);
    administration.attach(core);
    remotes.attach(core);
    runtime::Relay relay(
        {link, endpoints, administration, loaded.config.remotes, TILLHOST_VERSION});
    relay.attach(core);
    runtime::AccessRequests access({*loop, clock, endpoints, network->workstations(), relay, logger,
                                    network->config(), network->host_key(), &os::random_u64,
                                    rights_holders(relay, core)});
    access.attach(core);
    const auto hotplug = make_hotplug({*loop, clock, core, logger,
                                       [&administration] { return administration.lines(); },
                                       loaded.config.hotplug_settle});
    const auto metrics = make_metrics(loaded.config.metrics_port, *loop, clock, logger);
    const auto manager = os::ServiceManager::from_environment();
    runtime::Service service(
        {*loop, *signals, clock, endpoints, *store, hosts, core, access, manager, logger,
         [&] { return figures_of(*network, endpoints, access, remotes, relay); }, metrics.get()});
    return service.run();
}

std::string folder_text(std::string_view name, const std::string& path, bool& good) {
    if (::access(path.c_str(), F_OK) != 0) {
        return fmt::format("{:<9}{} is not there yet; devd makes it\n", name, path);
    }
    const bool writable = ::access(path.c_str(), R_OK | W_OK | X_OK) == 0;
    good = good && writable;
    return fmt::format("{:<9}{}{}\n", name, path, writable ? "" : " CANNOT BE WRITTEN");
}

base::Result<bool> check(const Places& places) {
    const Loaded loaded = TRY(load(places, os::SystemClock()));
    const auto devices = known_devices(loaded.config);
    bool good = true;
    std::string text = fmt::format("{:<9}{}\n", "config", places.config);
    text += folder_text("runtime", places.runtime, good);
    text += folder_text("state", places.state, good);
    for (const runtime::KnownDevice& device : devices) {
        text += fmt::format(
            "{:<9}{}, driver {}{}\n", "device", device.config.id, device.config.driver,
            device.origin == contract::DeviceOrigin::client ? ", made by a client" : "");
    }
    for (const runtime::RemoteHost& host : loaded.config.remotes) {
        const bool paired = ::access(host.keys.c_str(), R_OK) == 0;
        good = good && paired;
        text += fmt::format("{:<9}{}, {} devices{}\n", "host", host.name, host.devices.size(),
                            paired ? "" : "; NOT paired: " + host.keys + " is not there");
    }
    if (loaded.config.is_all_default) {
        text += kNothingSaid;
    }
    for (const std::string& remark : loaded.config.remarks) {
        good = false;
        text += fmt::format("{:<9}{}\n", "WRONG", remark);
    }
    text += fmt::format("{} devices, {}\n", devices.size(), good ? "all in order" : "NOT in order");
    print(stdout, text);
    return good;
}

/// Unix time in ms as a person reads it, UTC.
std::string time_text(std::int64_t unix_ms) {
    const auto at = static_cast<std::time_t>(unix_ms / 1000);
    std::tm parts{};
    char text[32]{};
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", ::gmtime_r(&at, &parts));
    return text;
}

base::Done restore(const Places& places, const std::string& from) {
    TRY(load(places, os::SystemClock()));
    TRY(os::make_folder(places.runtime, kFolderMode));
    TRY(os::make_folder(places.state, kFolderMode));
    // The lock that a running devd holds.
    const auto lock = TRY(os::FileLock::take(places.runtime + "/devd.sock.lock"));
    const auto report = TRY(runtime::restore_book(
        {.from = from == kNoCopy ? "" : from, .folder = places.state}, os::SystemClock()));
    print(
        stdout,
        fmt::format("restored {} operations from {}\n"
                    "taken           {}\n"
                    "book epoch      {}\n"
                    "former book     {}\n"
                    "for a person    {} operations that were not settled in the copy: look at the "
                    "paper, then tillctl decide\n"
                    "new operations  are taken from {}; unknown ids made before are refused\n",
                    report.operations, from,
                    report.taken_at_ms == 0 ? "not known" : time_text(report.taken_at_ms),
                    report.book_epoch, report.former.empty() ? "none" : report.former,
                    report.for_person, time_text(static_cast<std::int64_t>(report.fence_ms))));
    return {};
}

int run(const Arguments& arguments) {
    const auto places = find_places(arguments.config);
    base::Result<bool> good = true;
    if (!places) {
        good = places.error();
    } else if (arguments.check) {
        good = check(*places);
    } else if (!arguments.restore.empty()) {
        if (const auto restored = restore(*places, arguments.restore); !restored) {
            good = restored.error();
        }
    } else if (const auto served = serve(*places); !served) {
        good = served.error();
    }
    if (!good) {
        print(stderr, fmt::format("devd: {}\n", base::to_text(good.error())));
    }
    return good && *good ? done : failed;
}

}  // namespace
}  // namespace tillhost::devd

int main(int argc, char** argv) {
    using namespace tillhost::devd;
    const auto arguments = parse(argc, argv);
    if (!arguments) {
        print(stderr, fmt::format("devd: {}\n\"devd --help\" says how it is written.\n",
                                  arguments.error().detail));
        return usage;
    }
    if (arguments->help) {
        print(stdout, kHelp);
        return done;
    }
    return run(*arguments);
}
