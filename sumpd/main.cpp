// sumpd: the exchange server. The list of its parts, and nothing else.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include "hal/base/text.h"
#include "hal/os/boot_clock.h"
#include "hal/os/clock.h"
#include "hal/os/event_loop.h"
#include "hal/os/files.h"
#include "hal/os/journal.h"
#include "hal/os/limits.h"
#include "hal/os/log.h"
#include "hal/os/server_certificate.h"
#include "hal/os/service_manager.h"
#include "hal/os/stop_signals.h"
#include "ipc/http/server.h"
#include "sumpd/api/api.h"
#include "sumpd/apps/account_watch.h"
#include "sumpd/apps/enrolment.h"
#include "sumpd/apps/invitations.h"
#include "sumpd/apps/keeper.h"
#include "sumpd/apps/registry_tables.h"
#include "sumpd/arguments.h"
#include "sumpd/data_commands.h"
#include "sumpd/maintained.h"
#include "sumpd/people/limits.h"
#include "sumpd/people/object_rules.h"
#include "sumpd/runtime/administration.h"
#include "sumpd/runtime/config.h"
#include "sumpd/runtime/console_side.h"
#include "sumpd/runtime/desk.h"
#include "sumpd/runtime/device_side.h"
#include "sumpd/runtime/settings.h"
#include "sumpd/seats/seats.h"
#include "sumpd/webpos/web_tills.h"

namespace tillhost::sumpd {
namespace {

enum Exit : int { done = 0, failed = 1, usage = 2 };

constexpr unsigned kFolderMode = 0750;
constexpr unsigned kPictureMode = 0600;  // it holds a token
constexpr std::size_t kConnectionsMax = 2048;
constexpr std::uint64_t kDescriptors = kConnectionsMax + 256;
constexpr std::size_t kConnectionsPerAddressMax = 1024;  // a shop's phones may share one address
/// Of users of apps: phones check offline logins at the same cost.
constexpr os::Argon2Cost kPasswordCost{.passes = 2, .memory_bytes = 19U * 1024U * 1024U};
constexpr std::size_t kBodiesBytesMax = 256 * 1024 * 1024;
constexpr std::size_t kWorkers = 96;  // most wait for changes or for the disk
/// Whatever waits as long as it may, for changes, jobs, devices, licences or web tills' devices:
/// documents are taken meanwhile.
constexpr std::size_t kWorkersForDocuments = 16;
static_assert(store::kChangeWaitersMax + store::kJobWaitersMax + gateway::kCommandWaitersMax +
                  seats::kTakersMax + webpos::kWorkersHeldMax + kWorkersForDocuments <=
              kWorkers);

void print(std::FILE* to, std::string_view text) { std::fwrite(text.data(), 1, text.size(), to); }

std::string environment(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr || *value == '\0' ? otherwise : value;
}

std::string state_folder() {
    return environment("TILLHOST_STATE_DIR", "/var/lib/tillhost") + "/sumpd";
}

std::string host_name() {
    std::array<char, 64> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

std::vector<std::string> hosts_of(const runtime::Config& config) {
    std::vector<std::string> hosts{"localhost", "127.0.0.1", host_name()};
    hosts.insert(hosts.end(), config.api_hosts.begin(), config.api_hosts.end());
    return hosts;
}

/// How phones call the server: by the first name that the administrator gave it.
std::string url_of(const runtime::Config& config) {
    return fmt::format("https://{}:{}",
                       config.api_hosts.empty() ? "localhost" : config.api_hosts.front(),
                       config.api_port);
}

base::Result<os::ServerCertificate> certificate_of(const runtime::Config& config,
                                                   const os::Clock& clock) {
    return os::load_server_certificate({.certificate = config.api_certificate,
                                        .key = config.api_key,
                                        .folder = state_folder(),
                                        .name = "api"},
                                       hosts_of(config), clock.unix_ms() / 1000);
}

std::string name_of(const runtime::Config& config) {
    return config.name.empty() ? host_name() : config.name;
}

base::Error error_of(const exchange::Fault& fault) {
    return base::make_error(base::ErrorCode::system_failed, fault.message);
}

/// With fewer descriptors than connections, whoever holds many of them would keep all others out.
void allow_connections(const os::Logger& logger) {
    if (const auto allowed = os::allow_descriptors(kDescriptors); allowed < kDescriptors) {
        logger.warning(
            "too few open files for all connections: raise the hard limit",
            {{"wanted", std::to_string(kDescriptors)}, {"allowed", std::to_string(allowed)}});
    }
}

base::Result<std::unique_ptr<http::HttpServer>> open_api(const runtime::Config& config,
                                                         const os::ServerCertificate& certificate,
                                                         const os::Logger& logger,
                                                         http::Handler handler,
                                                         http::QuickHandler quick) {
    allow_connections(logger);
    http::Options options{.address = config.api_address,
                          .port = config.api_port,
                          .certificate_pem = certificate.certificate_pem,
                          .key_pem = certificate.key_pem,
                          .hosts = hosts_of(config),
                          .body_max = api::kRequestBytesMax,
                          .bodies_bytes_max = kBodiesBytesMax,
                          .connections_max = kConnectionsMax,
                          .connections_per_address_max = kConnectionsPerAddressMax,
                          .workers = kWorkers,
                          .streams_max = webpos::kStreamsMax,
                          .streams_per_address_max = webpos::kStreamsMax,
                          .preflights = true,
                          .log = &logger};
    if (config.api_address != "127.0.0.1") {
        options.hosts.push_back(config.api_address);
    }
    return http::HttpServer::start(std::move(options), std::move(handler), std::move(quick));
}

base::Result<apps::RegistryParts> registry_parts(const runtime::Config& config,
                                                 const os::ServerCertificate& certificate,
                                                 const os::Clock& clock,
                                                 apps::RegistryTables& tables,
                                                 http::Passwords& passwords, store::Store& store,
                                                 apps::SeatPort& seats) {
    const std::string pin = TRY(os::public_key_pin(certificate.certificate_pem));
    return apps::RegistryParts{.store = tables,
                               .clock = clock,
                               .passwords = passwords,
                               .server_name = name_of(config),
                               .server_id = store.server_id().text,
                               .pin = pin,
                               .permissions =
                                   [&store](const std::string& role, const std::string& shop) {
                                       return apps::read_permissions(store.transactions(), role,
                                                                     shop);
                                   },
                               .key = store.key(),
                               .packet_bytes_max = config.packet_bytes,
                               .seats = seats};
}

base::Result<std::unique_ptr<store::Store>> open_store(const runtime::Config& config,
                                                       const std::string& folder,
                                                       const os::Clock& clock,
                                                       const os::Logger& logger,
                                                       people::PeopleRules& rules) {
    const store::ExchangeSettings settings{
        .server_name = name_of(config), .password_cost = kPasswordCost, .rules = &rules};
    auto store = TRY(store::Store::open(folder, clock, logger, settings));
    if (!config.node.empty()) {
        if (const auto named = store->exchange().configure(config.node); !named) {
            return error_of(named.error());
        }
    }
    return store;
}

/// What the configuration says of licences, and what this server adds.
seats::SeatsOptions seats_options(const runtime::Config& config) {
    seats::SeatsOptions options = config.licences;
    options.server_name = name_of(config);
    options.pins = state_folder() + "/licence-servers.toml";
    return options;
}

/// What the console shows and nobody changes while sumpd runs.
base::Result<console::ServerFacts> facts_of(const runtime::Config& config,
                                            const os::ServerCertificate& certificate) {
    const std::string pin = TRY(os::public_key_pin(certificate.certificate_pem));
    return console::ServerFacts{.version = TILLHOST_VERSION,
                                .name = name_of(config),
                                .api_url = url_of(config),
                                .pin = pin,
                                .certificate_file = config.api_certificate,
                                .node = config.node};
}

/// Until SIGTERM or SIGINT.
base::Done wait_for_end(os::EventLoop& loop, os::StopSignals& signals, const os::Clock& clock,
                        const os::Logger& logger) {
    const auto manager = os::ServiceManager::from_environment();
    os::Watchdog watchdog(loop, clock, manager);
    signals.set_handler([&](int) {
        logger.notice("stopping");
        manager.stopping();
        loop.stop();
    });
    watchdog.start();
    manager.ready();
    loop.run();
    return {};
}

/// The state folder is this process's alone.
base::Result<std::unique_ptr<os::FileLock>> take_folder(const std::string& folder) {
    TRY(os::make_folder(environment("TILLHOST_STATE_DIR", "/var/lib/tillhost"), kFolderMode));
    TRY(os::make_folder(folder, kFolderMode));
    return os::FileLock::take(folder + "/lock");
}

base::Result<apps::RegistryImage> read_image(apps::RegistryTables& tables) {
    auto image = tables.read();
    if (!image) {
        return error_of(image.error());
    }
    return std::move(*image);
}

base::Done name_node(const runtime::Config& config, store::Store& store) {
    if (config.node.empty()) {
        return {};
    }
    const auto named = store.exchange().configure(config.node);
    return named ? base::Done() : base::Done(error_of(named.error()));
}

void tell_serving(const runtime::Config& config, std::uint16_t port, const os::Logger& logger) {
    logger.notice(
        "serving",
        {{"version", TILLHOST_VERSION},
         {"api", fmt::format("https://{}:{}", config.api_address, port)},
         {"node", config.node.empty() ? "none" : config.node},
         {"licences", config.licences.address.empty() ? "not needed" : config.licences.address},
         {"state", state_folder()}});
}

/// What web tills need, in the order of its making.
struct Web {
    Web(std::unique_ptr<webpos::WebTokens> good, const runtime::Config& config, os::Clock& clock,
        const os::Logger& logger)
        : tokens(std::move(good)),
          lines(webpos::connect_to_devd(config.devices_endpoint, clock)),
          tills({*tokens, lines, clock, logger}) {}

    const std::unique_ptr<webpos::WebTokens> tokens;
    webpos::DeviceLines lines;
    webpos::WebTills tills;
};

http::QuickHandler at_once(const apps::AccountWatch& accounts, api::Api& api) {
    return [&accounts, &api](const http::Request& request) {
        return accounts.is_current() ? api.answer_at_once(request) : std::nullopt;
    };
}

base::Done serve(runtime::Settings& settings) {
    const runtime::Config& config = settings.config();
    os::SystemClock clock;
    const auto sink = os::open_log("sumpd");
    const os::Logger logger(*sink, config.log_level);
    const std::string folder = state_folder();
    const auto lock = TRY(take_folder(folder));
    settings.say_fault(logger);
    const auto loop = TRY(os::EventLoop::create(clock));
    const auto signals = TRY(os::StopSignals::take(*loop));
    const auto certificate = TRY(certificate_of(config, clock));
    people::PeopleRules rules;
    const auto store = TRY(open_store(config, folder, clock, logger, rules));
    TRY(name_node(config, *store));
    const auto passwords = TRY(http::Passwords::create());
    apps::RegistryTables tables(store->transactions(), store->audit());
    auto image = TRY(read_image(tables));
    os::BootClock boot_clock;
    const auto seats = TRY(seats::Seats::start(seats_options(config), boot_clock, logger));
    apps::Registry registry(
        TRY(registry_parts(config, certificate, clock, tables, *passwords, *store, *seats)),
        std::move(image));
    apps::AccountWatch accounts(*store, registry, logger);
    runtime::Administration administration(*store, registry, *seats, clock);
    apps::Orders orders(folder, [&](const auto& words) { return administration.carry_out(words); });
    const auto keeper = TRY(apps::Keeper::start(registry, accounts, orders, clock));
    apps::Invitations invitations(folder, registry);
    const auto devices = TRY(runtime::DeviceSide::start(config, *store, clock, logger));
    people::Limits limits(*store, logger);
    runtime::Desk desk(*store, limits, registry, invitations, devices->gateway(), clock);
    api::Doorkeeper doorkeeper({.login = config.node_login, .password = config.node_password},
                               registry, clock);
    Web web(TRY(webpos::WebTokens::open(
                {store->transactions(), store->audit(), clock, logger, folder})),
            config, clock, logger);
    api::Api api({.operations = desk, .doorkeeper = doorkeeper, .logger = logger});
    const auto maintained = TRY(
        Maintained::start(config, {*store, clock, logger, invitations, folder, name_of(config)}));
    const auto server = TRY(open_api(
        config, certificate, logger,
        [&](const http::Request& request) {
            accounts.look();
            return webpos::WebTills::is_for(request) ? web.tills.answer(request)
                                                     : api.answer(request);
        },
        at_once(accounts, api)));
    people::People people(*store, clock, kPasswordCost);
    const auto facts = TRY(facts_of(config, certificate));
    const runtime::ConsoleSide console({*store, registry, *devices, people,
                                        maintained->maintenance(), *seats, settings, *passwords,
                                        clock, logger, facts, folder});
    tell_serving(config, server->port(), logger);
    TRY(wait_for_end(*loop, *signals, clock, logger));
    maintained->stop();
    devices->gateway().stop();
    web.tills.stop();
    store->stop();
    return {};
}

/// For the sumpd that runs on the same state folder: it finds the invitation there.
base::Done invite(const runtime::Config& config, const Arguments& arguments) {
    os::SystemClock clock;
    const auto certificate = TRY(certificate_of(config, clock));
    const auto made =
        TRY(apps::leave_invitation(state_folder(), arguments.wish, clock.unix_ms() / 1000));
    const std::string pin = TRY(os::public_key_pin(certificate.certificate_pem));
    const apps::Invitation invitation{.url = url_of(config),
                                      .token = made.token,
                                      .pin = pin,
                                      .server = name_of(config),
                                      .expires_s = made.expires_s};
    const std::string text = apps::text_of(invitation);
    if (!arguments.picture.empty()) {
        const std::string picture = TRY(apps::picture_of(invitation));
        TRY(os::write_atomically(arguments.picture, base::bytes_of(picture), kPictureMode));
    }
    print(stdout, apps::qr_for_terminal(TRY(apps::make_qr_code(text))));
    print(stdout, fmt::format("{}\nOne app can be enrolled by it, within {} minutes.\n", text,
                              arguments.wish.life_s / 60));
    return {};
}

/// For the sumpd that runs.
base::Done give_order(const std::vector<std::string>& words) {
    os::SystemClock clock;
    print(stdout, TRY(apps::give_order(state_folder(), words, clock)));
    return {};
}

/// For the sumpd that runs: it takes it up at the next request of a web till.
base::Done change_web_tokens(const Arguments& arguments) {
    const std::int64_t now_ms = os::SystemClock().unix_ms();
    if (!arguments.web_revoke.empty()) {
        return webpos::leave_revocation(state_folder(), arguments.web_revoke, now_ms);
    }
    const std::string role = arguments.wish.role_id.empty() ? "cashier" : arguments.wish.role_id;
    webpos::WebToken token{.name = arguments.wish.name,
                           .origin = arguments.web_origin,
                           .role = webpos::role_from(role),
                           .devices = webpos::devices_from(arguments.web_devices)};
    print(stdout, TRY(webpos::leave_token(state_folder(), std::move(token), now_ms)) + "\n");
    return {};
}

base::Done check(const runtime::Config& config) {
    print(stdout,
          fmt::format("api      https://{}:{}\nnode     {}\nlicences {}\n", config.api_address,
                      config.api_port,
                      config.node.empty() ? "none: set [[exchange]] to admit one" : config.node,
                      config.licences.address.empty()
                          ? "not needed: set [[licences]] to need one for each session"
                          : config.licences.licence + " from " + config.licences.address));
    return {};
}

/// Whoever may write to the state folder administers the machine.
base::Done reset_web_login() {
    return panel::LoginFile(state_folder(), console::kResetLogin).remove();
}

int run(const Arguments& arguments) {
    const auto settings = runtime::Settings::open(arguments.config, state_folder());
    base::Done ended = settings ? base::Done() : base::Done(settings.error());
    if (settings) {
        const runtime::Config& config = (*settings)->config();
        const bool is_web = !arguments.web_origin.empty() || !arguments.web_revoke.empty();
        ended = arguments.check              ? check(config)
                : arguments.reset_web_login  ? reset_web_login()
                : arguments.invite           ? invite(config, arguments)
                : is_web                     ? change_web_tokens(arguments)
                : !arguments.backup.empty()  ? back_up(state_folder(), arguments.backup)
                : !arguments.restore.empty() ? restore(state_folder(), arguments.restore)
                : !arguments.audit.empty()   ? audit(state_folder(), arguments.audit)
                : arguments.order.empty()    ? serve(**settings)
                                             : give_order(arguments.order);
    }
    if (!ended) {
        print(stderr, fmt::format("sumpd: {}\n", base::to_text(ended.error())));
        return failed;
    }
    return done;
}

}  // namespace
}  // namespace tillhost::sumpd

int main(int argc, char** argv) {
    using namespace tillhost::sumpd;
    const auto arguments = parse(argc, argv);
    if (!arguments) {
        print(stderr, fmt::format("sumpd: {}\n\"sumpd --help\" says how it is written.\n",
                                  arguments.error().detail));
        return usage;
    }
    if (arguments->help) {
        print(stdout, help());
        return done;
    }
    return run(*arguments);
}
