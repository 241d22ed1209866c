#include "tests/bench/lending_servers.h"

#include <fmt/format.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "hal/os/descriptor.h"
#include "tests/support/free_port.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::Result;

constexpr const char* kInitdb = "/usr/lib/postgresql/15/bin/initdb";
constexpr const char* kSetpriv = "/usr/bin/setpriv";
constexpr const char* kNobody = "nobody";

struct Command {
    std::string program;
    std::vector<std::string> words;
};

/// As nobody, if this is root: neither wants to be.
Command unprivileged(const std::string& program, std::vector<std::string> words) {
    if (::geteuid() != 0) {
        return {program, std::move(words)};
    }
    words.insert(words.begin(), {"--reuid", kNobody, "--regid", "nogroup", "--clear-groups",
                                 "--pdeathsig", "INT", program});
    return {kSetpriv, std::move(words)};
}

}  // namespace

Result<std::unique_ptr<LendingServer>> LendingServer::start_redis(Bench& bench) {
    std::unique_ptr<LendingServer> server(new LendingServer);
    TRY(server->prepare());
    TRY(server->spawn(
        bench, kRedis,
        {"--bind", "127.0.0.1", "--port", std::to_string(server->port_), "--dir", server->data_,
         "--appendonly", "yes", "--appendfsync", "always", "--save", ""}));
    return server;
}

Result<std::unique_ptr<LendingServer>> LendingServer::start_postgres(Bench& bench) {
    std::unique_ptr<LendingServer> server(new LendingServer);
    TRY(server->prepare());
    const Command make =
        unprivileged(kInitdb, {"--no-sync", "--username=bench", "--auth=trust", "--locale=C",
                               "--encoding=UTF8", "--pgdata=" + server->data_});
    TRY(output_of(make.program, make.words));
    TRY(server->spawn(bench, kPostgres,
                      {"-D", server->data_, "-p", std::to_string(server->port_), "-h", "127.0.0.1",
                       "-k", server->data_, "-c", "synchronous_commit=on"}));
    return server;
}

Done LendingServer::prepare() {
    constexpr mode_t kOwn = 0700;
    folder_ = TRY(Folder::make());
    data_ = folder_->path() + "/data";
    port_ = support::free_port();
    syncs_ = TRY(SyncCount::create(folder_->path() + "/syncs"));
    const passwd* nobody = ::getpwnam(kNobody);
    if (::mkdir(data_.c_str(), kOwn) != 0 ||
        (::geteuid() == 0 &&
         (nobody == nullptr || ::chown(data_.c_str(), nobody->pw_uid, nobody->pw_gid) != 0))) {
        return os::system_error(data_, errno);
    }
    return {};
}

Done LendingServer::spawn(Bench& bench, const std::string& program,
                          std::vector<std::string> words) {
    const Command command = unprivileged(program, std::move(words));
    const Done started = syncs_->counting([&]() -> Done {
        bench.processors.be_service();
        auto child = os::Child::spawn({.program = command.program, .arguments = command.words});
        bench.processors.be_client();
        child_ = TRY(std::move(child));
        return {};
    });
    TRY(Done(started));
    return wait_listening(bench.clock, port_, program);
}

LendingServer::~LendingServer() {
    if (child_) {
        end_by(*child_, SIGINT);  // of PostgreSQL the quick way that leaves nothing behind
    }
}

}  // namespace tillhost::bench
