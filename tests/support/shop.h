#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/process.h"

namespace tillhost::support {

/// A shop of real processes in a folder of its own: devd with its hosts, and simulated devices on
/// ptys. For one thread (its children die with it). Everything it started ends with it.
class Shop final {
public:
    /// Makes the folder below $TMPDIR, points TILLHOST_RUNTIME_DIR and TILLHOST_STATE_DIR of this
    /// process there, and sets its language to English. `programs` is the folder of devd and
    /// devsim, with a slash at its end.
    static base::Result<std::unique_ptr<Shop>> create(std::string programs);
    /// Kills what still runs and removes the folder.
    ~Shop();
    Shop(const Shop&) = delete;
    Shop& operator=(const Shop&) = delete;

    /// Writes devices.d/ID.toml; `body` is its text.
    base::Done configure(const std::string& id, const std::string& body);
    std::string pty(const std::string& id) const { return folder_ + "/" + id + ".tty"; }

    /// Simulators are started by this program and its words from now on, as `ip netns exec NAME`.
    void run_simulators_by(std::vector<std::string> words) { runner_ = std::move(words); }
    /// Starts a simulator on pty(id) with its memory in the shop's folder; returns when it is
    /// ready.
    base::Done start_simulator(const std::string& id, const std::string& family,
                               std::vector<std::string> more = {});
    /// Starts devd; returns at once.
    base::Done start_devd();

    /// SIGKILL, and waits until the process is gone.
    void kill_devd() { end(devd_); }
    void kill_simulator(const std::string& id) { end(simulators_[id]); }
    /// SIGKILL to the host of a device, if one lives. False if none was seen.
    bool kill_host(const std::string& id) const;
    /// Its process, or 0.
    pid_t host_of(const std::string& id) const;
    pid_t devd() const { return devd_ ? devd_->pid() : 0; }
    /// How devd ended, once it has; empty while it runs.
    std::string devd_ended();

    /// `devsim ctl` with these words; what it printed. Errors: system_failed.
    base::Result<std::string> ctl(const std::string& id, std::vector<std::string> words) const;
    /// Any program with these words; what it printed on standard output. Errors: system_failed.
    base::Result<std::string> output_of(const std::string& program,
                                        std::vector<std::string> words) const;

    const std::string& folder() const { return folder_; }
    std::string endpoint() const { return "ipc://" + folder_ + "/run/devd.sock"; }
    /// Keeps the folder, for a look at it after a failure.
    void keep() { keep_ = true; }

private:
    Shop(std::string folder, std::string programs)
        : folder_(std::move(folder)), programs_(std::move(programs)) {}
    void end(std::unique_ptr<os::Child>& child) const;

    std::string folder_;
    std::string programs_;
    bool keep_ = false;
    std::vector<std::string> runner_;
    std::map<std::string, std::unique_ptr<os::Child>> simulators_;
    std::unique_ptr<os::Child> devd_;
};

}  // namespace tillhost::support
