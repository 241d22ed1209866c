// licd: the licence server. The list of its parts, and nothing else.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "hal/os/boot_clock.h"
#include "hal/os/files.h"
#include "hal/os/journal.h"
#include "ipc/curve_keys.h"
#include "licd/devices/devd_link.h"
#include "licd/runtime/config.h"
#include "licd/runtime/identity.h"
#include "licd/runtime/live_times.h"
#include "licd/runtime/process_watch.h"
#include "licd/runtime/service.h"
#include "licd/web/sign_ins.h"
#include "licd/web/web_server.h"

namespace tillhost::licd {
namespace {

enum Exit : int { done = 0, failed = 1, usage = 2 };

constexpr std::string_view kHelp =
    "licd: the licence server; lends the licences of its keys to programs, each seat once.\n"
    "\n"
    "usage: licd --config DIR [--check]\n"
    "       licd --reset-web-login\n"
    "\n"
    "  --config DIR  holds licd.toml, which may be absent, and in roots/ the root certificates of\n"
    "                the vendors whose keys are taken, as .crt or .pem; devd's folder may be it\n"
    "  --check       only look whether the configuration is in order; starts nothing\n"
    "  --reset-web-login\n"
    "                the panel's login is forgotten: at its next start licd makes a one-time "
    "token\n"
    "                for another one, web-token in its state folder\n"
    "  -h, --help    this text\n"
    "\n"
    "TILLHOST_RUNTIME_DIR (default /run/tillhost) holds the socket licd.sock,\n"
    "TILLHOST_STATE_DIR (default /var/lib/tillhost) the folder licd with leases and keys; both "
    "are\n"
    "made if they are not there. How a key comes and what to copy: docs/operation.md. On the\n"
    "network, if licd.toml says so: 15200/tcp (encrypted) for programs, 15200/udp for their "
    "search.\n"
    "The administrator's panel: https://localhost:15201, for this machine unless licd.toml says "
    "more.\n"
    "\n"
    "Example: look, serve until Ctrl-C, and see the keys from another terminal\n"
    "  licd --config /etc/tillhost --check && licd --config /etc/tillhost\n"
    "  tillctl licence keys\n"
    "\n"
    "Exit: 0 stopped by SIGTERM or SIGINT, or all in order; 1 a fault at the start, or not in\n"
    "order; 2 usage; 74 the leases cannot be written\n";
constexpr unsigned kFolderMode = 0750;

struct Arguments {
    bool help = false;
    bool check = false;
    bool reset_web_login = false;
    std::string config;
};

/// Where everything is.
struct Places {
    std::string config;
    std::string runtime;
    std::string state_above;  ///< devd's state folder, where both share one
    std::string state;

    std::string endpoint() const { return "ipc://" + runtime + "/licd.sock"; }
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
        } else if (word == "--reset-web-login") {
            arguments.reset_web_login = true;
        } else if (word != "--config") {
            return base::bad_field(word, "one of --config, --check, --reset-web-login, --help");
        } else if (i + 1 == count) {
            return base::bad_field(word, "a folder behind it");
        } else {
            arguments.config = words[++i];
        }
    }
    if (arguments.config.empty() && !arguments.reset_web_login) {
        return base::bad_field("--config", "it is required: the folder with licd.toml");
    }
    return arguments;
}

std::string host_name() {
    std::array<char, 64> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

/// The network's side: encrypted, for everybody; nothing of administration.
struct Network {
    runtime::Everybody everybody;
    std::string public_key;
    std::unique_ptr<wire::DiscoveryResponder> search;
};

base::Done open_network(const Places& places, const runtime::Config& config, const os::Clock& clock,
                        const os::SigningKey& identity, ipc::Endpoints& endpoints,
                        Network& network) {
    const ipc::KeyPair key = TRY(ipc::load_or_make_key(places.state + "/network.key"));
    network.public_key = key.public_key;
    endpoints.add_network(TRY(ipc::ZmqEndpoint::bind(fmt::format("tcp://*:{}", config.port),
                                                     {.secret_key = key.secret_key,
                                                      .admission = &network.everybody,
                                                      .clock = &clock,
                                                      .first_peer = ipc::kNetworkPeersFrom,
                                                      .nice = 0},  // programs are its work
                                                     contract::Daemon::licd)));
    if (!config.search) {
        return {};
    }
    wire::DiscoveryAnswer answer;
    answer.name = host_name();
    answer.group = config.group;
    answer.tcp_port = config.port;
    const base::Bytes curve_key = TRY(ipc::key_bytes(key.public_key));
    std::copy(curve_key.begin(), curve_key.end(), answer.curve_key.begin());
    network.search = TRY(wire::DiscoveryResponder::open(
        {.port = config.port,
         .present = [answer](const wire::DiscoveryQuery&) { return std::optional(answer); }},
        identity, clock));
    return {};
}

/// Nothing if it is switched off, or cannot be had: licences are lent without a panel, too.
std::unique_ptr<web::WebServer> open_web(const Places& places, const runtime::Config& config,
                                         web::SignIns& sign_ins, const os::Clock& clock,
                                         const os::Logger& logger) {
    if (!config.web) {
        return nullptr;
    }
    std::vector<std::string> hosts{"localhost", "127.0.0.1", host_name()};
    if (config.web_address != hosts[1]) {
        hosts.push_back(config.web_address);
    }
    hosts.insert(hosts.end(), config.web_hosts.begin(), config.web_hosts.end());
    auto served = web::WebServer::start({.address = config.web_address,
                                         .port = config.web_port,
                                         .hosts = std::move(hosts),
                                         .certificate = config.web_certificate,
                                         .key = config.web_key,
                                         .state = places.state,
                                         .endpoint = places.endpoint(),
                                         .sign_ins = &sign_ins},
                                        clock, logger);
    if (!served) {
        logger.error("the panel is not served", {{"error", base::to_text(served.error())}});
        return nullptr;
    }
    return std::move(*served);
}

/// Nothing if licd.toml says so. What devd reads of the machine is known when it returns, if devd
/// is there.
base::Result<std::unique_ptr<devices::DevdLink>> open_devices(const runtime::Config& config,
                                                              const os::PublicKey& server,
                                                              os::Clock& clock,
                                                              const os::Logger& logger) {
    if (!config.devices) {
        return nullptr;
    }
    auto link = TRY(devices::DevdLink::start(
        {.endpoint =
             config.devices_endpoint.empty() ? client::default_endpoint() : config.devices_endpoint,
         .server = server,
         .random = runtime::random_bytes,
         .program_version = TILLHOST_VERSION},
        clock, logger));
    link->wait_for_first_look(clock.now() + devices::kFirstLookMax);
    return link;
}

/// The folder itself may be without licd.toml; one that is not there is a slip of the pen.
base::Done check_config_folder(const Places& places) {
    struct stat state {};
    if (::stat(places.config.c_str(), &state) != 0 || !S_ISDIR(state.st_mode)) {
        return base::bad_field("--config", fmt::format("a folder; {} is none", places.config));
    }
    return {};
}

/// A line of --check: whether it is there, or will be made.
std::string told_folder(const char* name, const std::string& path) {
    const bool is_there = ::access(path.c_str(), F_OK) == 0;
    return fmt::format("{:<8} {}{}\n", name, path, is_there ? "" : ", made at the start");
}

base::Done prepare_folders(const Places& places) {
    TRY(check_config_folder(places));
    TRY(os::make_folder(places.runtime, kFolderMode));
    TRY(os::make_folder(places.state_above, kFolderMode));
    return os::make_folder(places.state, kFolderMode);
}

/// Counts the starts: leases that are renewed in this life say so.
std::uint64_t count_start(runtime::LicenceStore& store) {
    const std::uint64_t starts = std::strtoull(store.value("starts").c_str(), nullptr, 10) + 1;
    store.put_value("starts", std::to_string(starts));
    return starts;
}

void say_start(const os::Logger& logger, const Places& places, const runtime::Config& config,
               std::size_t leases, std::size_t roots) {
    logger.notice("starting", {{"version", TILLHOST_VERSION},
                               {"endpoint", places.endpoint()},
                               {"state", places.state},
                               {"network", config.on_network ? std::to_string(config.port) : "off"},
                               {"leases", std::to_string(leases)},
                               {"vendors", std::to_string(roots)}});
}

base::Result<std::unique_ptr<runtime::KeyKeeper>> open_keys(
    const Places& places, const std::vector<runtime::VendorRoot>& roots, const os::Clock& clock,
    const os::Logger& logger, runtime::LicenceStore& store, devices::DonglePort& dongles,
    const os::SigningKey& identity, const base::Bytes& salt) {
    return runtime::KeyKeeper::open({.folder = places.state,
                                     .roots = roots,
                                     .clock = clock,
                                     .logger = logger,
                                     .store = store,
                                     .identity = identity,
                                     .code_salt = salt,
                                     .traits = [] { return keys::read_machine_traits("/"); },
                                     .dongles = dongles,
                                     .random = runtime::random_bytes,
                                     .software = std::string("licd-") + TILLHOST_VERSION});
}

/// Without what the store says.
core::DeskOptions desk_options(const runtime::Config& config, const os::SigningKey& identity,
                               const base::Bytes& salt) {
    core::DeskOptions options;
    options.server = host_name();
    options.server_key =
        base::Bytes(identity.public_key().bytes.begin(), identity.public_key().bytes.end());
    options.code_salt = salt;
    options.beat = config.beat;
    options.times = config.times;
    return options;
}

/// What an administrator may change while licd runs; the rest waits for the next start.
void apply_at_once(runtime::Settings& settings, runtime::LogBook& log_book,
                   runtime::LiveTimes& times) {
    settings.set_apply([&settings, &log_book, &times](const runtime::Config& wanted, bool really) {
        runtime::Config running = settings.config();
        running.log_level = wanted.log_level;
        const bool holds = times.may_hold(wanted);
        if (holds) {
            running.times = wanted.times;
            running.beat = wanted.beat;
        }
        if (really) {
            log_book.set_least(wanted.log_level);
        }
        if (really && holds) {
            times.hold(wanted);
        }
        return running;
    });
}

/// Who comes in to the panel is noted on the loop's thread, which has the acts.
base::Result<std::unique_ptr<web::SignIns>> open_sign_ins(os::EventLoop& loop,
                                                          runtime::ActLog& acts) {
    auto sign_ins = TRY(web::SignIns::create());
    TRY(loop.watch(sign_ins->fd(), [&acts, from = sign_ins.get()](os::Readiness) {
        for (const web::SignIns::One& one : from->take()) {
            acts.note("panel:" + one.user, one.act, "from " + one.from);
        }
    }));
    return sign_ins;
}

base::Done serve(const Places& places) {
    os::BootClock clock;
    const auto roots = TRY(runtime::read_roots(places.config + "/roots"));
    const auto sink = os::open_log("licd");
    runtime::LogBook log_book(*sink, clock);
    const os::Logger logger(log_book, os::Severity::debug);
    TRY(prepare_folders(places));
    const auto settings = TRY(runtime::Settings::open(places.config, places.state, logger));
    const runtime::Config config = settings->config();
    log_book.set_least(config.log_level);
    const auto loop = TRY(os::EventLoop::create(clock));
    const auto signals = TRY(os::StopSignals::take(*loop));
    // The socket's lock comes before the leases: a second licd must not touch them.
    ipc::Endpoints endpoints(
        TRY(ipc::ZmqEndpoint::bind(places.endpoint(), contract::Daemon::licd)));
    const auto store = TRY(runtime::LicenceStore::open(places.state, clock, logger));
    const os::SigningKey identity =
        TRY(runtime::load_or_make_identity(places.state + "/identity.pem"));
    Network network;
    if (config.on_network) {
        TRY(open_network(places, config, clock, identity, endpoints, network));
    }
    const base::Bytes salt = runtime::load_or_make_salt(*store);
    core::LeaseImage image = store->take_leases();
    say_start(logger, places, config, image.leases.size(), roots.size());
    const auto link = TRY(open_devices(config, identity.public_key(), clock, logger));
    devices::NoDevices no_devices;
    devices::DonglePort& dongles = link ? static_cast<devices::DonglePort&>(*link) : no_devices;
    const auto keys = TRY(open_keys(places, roots, clock, logger, *store, dongles, identity, salt));
    runtime::ProcessWatch processes(*loop);
    runtime::Promise promise(*store, config.times.lease, clock.now());
    core::DeskOptions options = desk_options(config, identity, salt);
    options.starts = count_start(*store);
    options.promised = promise.longest();
    options.begins_at = store->position();
    core::LicenceDesk desk(std::move(options), *store, clock, *keys, processes, endpoints,
                           runtime::random_bytes);
    processes.set_handler([&desk](std::int64_t pid) { desk.on_process_ended(pid); });
    desk.start(std::move(image));
    runtime::LiveTimes times(desk, promise, *store, clock, config.beat);
    apply_at_once(*settings, log_book, times);
    runtime::ActLog acts(*store, clock);
    runtime::Gate gate({.desk = desk,
                        .keys = *keys,
                        .store = *store,
                        .settings = *settings,
                        .acts = acts,
                        .log_book = log_book,
                        .replies = endpoints,
                        .clock = clock,
                        .logger = logger,
                        .own = runtime::own_process(),
                        .version = TILLHOST_VERSION});
    const auto sign_ins = TRY(open_sign_ins(*loop, acts));
    const auto panel = open_web(places, config, *sign_ins, clock, logger);
    const auto manager = os::ServiceManager::from_environment();
    runtime::Service service({*loop, *signals, clock, endpoints, *store, desk, *keys, acts, gate,
                              promise, link.get(), network.search.get(), manager, logger});
    return service.run();
}

base::Done check(const Places& places) {
    TRY(check_config_folder(places));
    const runtime::Config config = TRY(runtime::load_config(places.config));
    const auto roots = TRY(runtime::read_roots(places.config + "/roots"));
    std::string text =
        fmt::format("config   {}\n", places.config) + told_folder("runtime", places.runtime) +
        told_folder("state", places.state) +
        fmt::format("network  {}\n", config.on_network
                                         ? fmt::format("port {}", config.port)
                                         : std::string("off: programs of this machine"));
    for (const runtime::VendorRoot& root : roots) {
        text += fmt::format("vendor   {} ({})\n", root.certificate.content().name, root.file);
    }
    if (roots.empty()) {
        text +=
            "hint     no vendor is known yet: put the root certificate that came with the keys "
            "into roots/\n";
    }
    print(stdout, text + "all in order\n");
    return {};
}

int run(const Arguments& arguments) {
    const std::string above = environment("TILLHOST_STATE_DIR", "/var/lib/tillhost");
    const Places places{arguments.config, environment("TILLHOST_RUNTIME_DIR", "/run/tillhost"),
                        above, above + "/licd"};
    const auto good = arguments.reset_web_login
                          ? panel::LoginFile(places.state, web::kResetLogin).remove()
                      : arguments.check ? check(places)
                                        : serve(places);
    if (!good) {
        print(stderr, fmt::format("licd: {}\n", base::to_text(good.error())));
    } else if (arguments.reset_web_login) {
        print(stdout, fmt::format("the panel's login is forgotten; restart licd: it writes a token "
                                  "to {}/web-token\n",
                                  places.state));
    }
    return good ? done : failed;
}

}  // namespace
}  // namespace tillhost::licd

int main(int argc, char** argv) {
    using namespace tillhost::licd;
    const auto arguments = parse(argc, argv);
    if (!arguments) {
        print(stderr, fmt::format("licd: {}\n\"licd --help\" says how it is written.\n",
                                  arguments.error().detail));
        return usage;
    }
    if (arguments->help) {
        print(stdout, kHelp);
        return done;
    }
    return run(*arguments);
}
