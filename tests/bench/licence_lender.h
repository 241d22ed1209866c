#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "tests/bench/counter.h"
#include "tests/bench/lender.h"
#include "tests/bench/licence_wire.h"

namespace tillhost::bench {

/// Before a request that came too soon is repeated.
inline constexpr os::Duration kPause = std::chrono::milliseconds(2);

/// The conversation of one program with licd, without the signatures being checked.
class LicenceTalk final {
public:
    LicenceTalk(std::unique_ptr<LicenceWire> wire, const os::Clock& clock)
        : wire_(std::move(wire)), clock_(clock) {}

    /// As this instance; a second time on the same connection as another one.
    base::Done say_hello(const std::string& instance);
    /// Only sends. `wait`: stands in line for so long.
    base::Done ask_acquire(const std::string& licence, os::Duration wait = {});
    base::Done ask_beat();
    base::Done ask_release();
    /// What came: true once the answer is there; it is granted, held or released. Errors: the
    /// server's; wrong_state.
    base::Result<bool> answered(os::Deadline deadline);
    /// Acquires and waits for it.
    base::Done take(const std::string& licence);
    int fd() const { return wire_->fd(); }

private:
    base::Done send(contract::Value request);
    base::Done read(const contract::Value& body);

    std::unique_ptr<LicenceWire> wire_;
    const os::Clock& clock_;
    contract::RequestKind asked_ = contract::RequestKind::acquire_licence;
    contract::Value sent_{};
    std::int64_t session_ = 0;
    base::OperationId request_;
    std::int64_t number_ = 0;
    std::int64_t generation_ = 0;
    std::int64_t used_ = 0;
};

/// licd as a Lender.
class LicenceLender final : public Lender {
public:
    LicenceLender(LicenceTalk talk, std::string licence)
        : talk_(std::move(talk)), licence_(std::move(licence)) {}
    base::Done ask(Step step) override;
    base::Result<bool> answered() override { return talk_.answered(os::Deadline{}); }
    int fd() const override { return talk_.fd(); }

private:
    LicenceTalk talk_;
    const std::string licence_;
};

/// A process that takes a licence of licd of this machine, says so, and waits to be killed.
int hold_licence(const std::string& endpoint, const std::string& licence);

}  // namespace tillhost::bench
