#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "hal/base/result.h"
#include "hal/os/process.h"
#include "tests/bench/counter.h"
#include "tests/bench/programs.h"
#include "tests/bench/sync_count.h"

namespace tillhost::bench {

/// A database of Debian, started for the bench alone, in a folder and on a port of its own, not as
/// root. Ends with the object.
class LendingServer final {
public:
    /// Redis 7: each command is synced before its answer (appendfsync always); no snapshots.
    static base::Result<std::unique_ptr<LendingServer>> start_redis(Bench& bench);
    /// PostgreSQL 15 as it comes, on TCP.
    static base::Result<std::unique_ptr<LendingServer>> start_postgres(Bench& bench);
    ~LendingServer();
    LendingServer(const LendingServer&) = delete;
    LendingServer& operator=(const LendingServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::uint64_t syncs() const { return syncs_->now(); }

private:
    LendingServer() = default;
    base::Done prepare();
    base::Done spawn(Bench& bench, const std::string& program, std::vector<std::string> words);

    std::unique_ptr<Folder> folder_;
    std::string data_;
    std::uint16_t port_ = 0;
    std::unique_ptr<SyncCount> syncs_;
    std::unique_ptr<os::Child> child_;
};

inline constexpr const char* kRedis = "/usr/bin/redis-server";
inline constexpr const char* kPostgres = "/usr/lib/postgresql/15/bin/postgres";

}  // namespace tillhost::bench
