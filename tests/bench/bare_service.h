#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "hal/base/result.h"
#include "hal/os/process.h"
#include "tests/bench/machine.h"

namespace tillhost::bench {

/// The least that a durable acceptance costs in devd's architecture: a libzmq ROUTER in one thread,
/// a SQLite writer in another, nothing decoded, nothing checked, no device. What devd costs beyond
/// it is devd's own.
class BareService final {
public:
    static constexpr std::size_t kRequestBytes = 400;  ///< as large as a receipt of three lines
    static constexpr std::size_t kReplyBytes = 120;

    /// `folder` is where socket and rows are made. Errors: system_failed.
    static base::Result<std::unique_ptr<BareService>> start(const std::string& folder,
                                                            const Processors& processors);
    ~BareService();
    BareService(const BareService&) = delete;
    BareService& operator=(const BareService&) = delete;

    /// A request, one row on disk, its reply. Errors: system_failed.
    base::Done accept_once();

    /// The other process: serves until it is killed. `place` is the folder.
    static int serve(const std::string& place);

private:
    BareService() = default;
    void* context_ = nullptr;
    void* socket_ = nullptr;
    std::unique_ptr<os::Child> service_;
};

}  // namespace tillhost::bench
