#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/process.h"
#include "ipc/zmq_client.h"
#include "tests/bench/counter.h"
#include "tests/bench/licence_wire.h"
#include "tests/bench/programs.h"
#include "tests/bench/sync_count.h"

namespace tillhost::bench {

/// A real licd on the network, with a key that a vendor has made and bound by licissue and tillctl
/// as people would. Everything ends with the object.
class LicenceShop final {
public:
    /// `lines` are the licences of the key: "name=till.base count=10 mode=instance".
    /// Errors: system_failed, no_daemon.
    static base::Result<std::unique_ptr<LicenceShop>> open(Bench& bench,
                                                           const std::vector<std::string>& lines);
    ~LicenceShop() { kill_licd(); }
    LicenceShop(const LicenceShop&) = delete;
    LicenceShop& operator=(const LicenceShop&) = delete;

    /// Returns at once.
    base::Done start_licd();
    /// SIGKILL, and waits until it is gone.
    void kill_licd();
    pid_t licd() const { return licd_->pid(); }
    std::uint64_t syncs() const { return syncs_->now(); }

    /// Over the network, encrypted. Errors: system_failed.
    base::Result<std::unique_ptr<LicenceWire>> connect() const;
    /// On this machine.
    std::string endpoint() const { return "ipc://" + folder_->path() + "/run/licd.sock"; }
    /// Seats of a licence that are not free.
    base::Result<std::int64_t> used(const std::string& licence) const;

private:
    explicit LicenceShop(Bench& bench) : bench_(bench) {}
    base::Done make_folders();
    base::Done make_key(const std::vector<std::string>& lines);
    base::Result<std::string> vendor(std::vector<std::string> words) const;
    base::Result<std::string> administer(std::vector<std::string> words) const;
    base::Result<std::unique_ptr<ipc::ZmqClient>> connect_here() const;
    std::string file(const std::string& name) const { return folder_->path() + "/" + name; }

    Bench& bench_;
    std::string programs_;
    std::unique_ptr<Folder> folder_;
    std::uint16_t port_ = 0;
    std::string curve_key_;
    std::unique_ptr<SyncCount> syncs_;
    std::unique_ptr<os::Child> licd_;
};

}  // namespace tillhost::bench
