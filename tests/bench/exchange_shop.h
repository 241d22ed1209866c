#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/process.h"
#include "tests/bench/counter.h"
#include "tests/bench/https_clients.h"
#include "tests/bench/programs.h"
#include "tests/bench/sync_count.h"

namespace tillhost::bench {

/// A real sumpd with an accounting system and apps that were enrolled as people would. It ends with
/// the object.
class ExchangeShop final {
public:
    /// On the service's processor, with a user and a role. Errors: system_failed, no_daemon.
    static base::Result<std::unique_ptr<ExchangeShop>> open(Bench& bench);
    ~ExchangeShop();
    ExchangeShop(const ExchangeShop&) = delete;
    ExchangeShop& operator=(const ExchangeShop&) = delete;

    pid_t sumpd() const { return sumpd_->pid(); }
    std::uint16_t port() const { return port_; }
    std::uint64_t syncs() const { return syncs_->now(); }
    const std::string& folder() const { return folder_->path(); }
    /// PEM files.
    std::string certificate() const { return file("state/sumpd/api.crt"); }
    std::string key() const { return file("state/sumpd/api.key"); }

    base::Result<std::unique_ptr<HttpsClients>> connect(std::size_t count) const;
    /// Enrols one more app; both are values of the header Authorization.
    struct App {
        std::string device;
        std::string session{};
    };
    base::Result<App> enroll();
    /// The same, with somebody logged in.
    base::Result<App> enroll_and_login();

    /// A message of NDJSON objects, without its head, on its way into sumpd.
    struct Job {
        std::string id;
        std::string state;
    };
    /// Puts all parts and commits. Errors: wrong_state (refused).
    base::Result<Job> send(const std::string& objects);
    /// `wait_ms`: how long the answer may wait for the end.
    base::Result<Job> look_at(const Job& job, int wait_ms);
    /// send(), and until it is done. Errors: wrong_state (it was refused or failed).
    base::Done import(const std::string& objects);

private:
    explicit ExchangeShop(Bench& bench) : bench_(bench) {}
    base::Done prepare();
    base::Done start();
    std::string file(const std::string& name) const { return folder_->path() + "/" + name; }

    Bench& bench_;
    std::string program_;
    std::unique_ptr<Folder> folder_;
    std::uint16_t port_ = 0;
    std::unique_ptr<SyncCount> syncs_;
    std::unique_ptr<os::Child> sumpd_;
    std::unique_ptr<HttpsClients> accounting_;
    int apps_ = 0;
    int message_no_ = 0;
};

/// The text of a member of a JSON object that has no escapes. Errors: wrong_state (it is missing).
base::Result<std::string> member_of(std::string_view json, std::string_view name);

}  // namespace tillhost::bench
