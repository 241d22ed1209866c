#pragma once

#include <memory>
#include <string>

#include "hal/base/result.h"
#include "hal/os/process.h"
#include "tests/bench/machine.h"

namespace tillhost::bench {

/// The least that a card payment costs in devd's architecture: the ZVT driver in a process of its
/// own, a libzmq ROUTER, a SQLite writer in a thread of its own, and the same records made durable
/// one after the other. Nothing is decoded or checked, no step is told. What devd costs beyond it
/// is devd's own.
class BarePayment final {
public:
    static constexpr std::size_t kMessageBytes = 300;  ///< a record of a payment, about

    /// `folder` is where socket and rows are made; the terminal listens at `address`.
    /// Errors: system_failed.
    static base::Result<std::unique_ptr<BarePayment>> start(const std::string& folder,
                                                            const std::string& address,
                                                            const std::string& prints,
                                                            const Processors& processors);
    ~BarePayment();
    BarePayment(const BarePayment&) = delete;
    BarePayment& operator=(const BarePayment&) = delete;

    /// Handed over, accepted, asked for its result, told. Errors: system_failed.
    base::Done once();

    /// The other processes: they serve until they are killed.
    static int serve(const std::string& folder, const std::string& address,
                     const std::string& prints);

private:
    BarePayment() = default;
    base::Done ask(char what);
    void* context_ = nullptr;
    void* socket_ = nullptr;
    std::unique_ptr<os::Child> service_;
};

}  // namespace tillhost::bench
