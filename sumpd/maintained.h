#pragma once

#include <memory>
#include <string>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "ipc/http/server.h"
#include "sumpd/apps/invitations.h"
#include "sumpd/maintenance/maintenance.h"
#include "sumpd/runtime/config.h"
#include "sumpd/runtime/figures_page.h"
#include "sumpd/store/store.h"

namespace tillhost::sumpd {

/// The maintenance of the data, and its figures for watchers if the configuration names a port.
class Maintained final {
public:
    struct Parts {
        store::Store& store;
        const os::Clock& clock;
        const os::Logger& logger;
        const apps::Invitations& invitations;
        std::string folder;       ///< of the state
        std::string server_name;  ///< the word that a purge wants
    };
    /// All parts outlive it. Errors: as Maintenance::start() and HttpServer::start().
    static base::Result<std::unique_ptr<Maintained>> start(const runtime::Config& config,
                                                           const Parts& parts);
    maintenance::Maintenance& maintenance() { return *maintenance_; }
    void stop() { maintenance_->stop(); }

private:
    Maintained(std::unique_ptr<maintenance::Maintenance> maintenance, const os::Clock& clock);

    const std::unique_ptr<maintenance::Maintenance> maintenance_;
    runtime::FiguresPage page_;
    std::unique_ptr<http::HttpServer> figures_;  ///< last: it asks the page
};

}  // namespace tillhost::sumpd
