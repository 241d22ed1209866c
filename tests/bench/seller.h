#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tests/bench/counter.h"

namespace tillhost::bench {

/// A receipt of so many positions, paid in cash.
contract::Receipt receipt_of(int positions);

/// A till that sells at one registrar, one receipt after the other.
class Seller final {
public:
    /// Errors: no_daemon.
    static base::Result<std::unique_ptr<Seller>> connect(Bench& bench, Counter& counter,
                                                         std::string device);

    /// Header and footer, without which some registrars do not sell, and the check that tells so.
    /// Errors: wrong_state (they are not set).
    base::Done set_up();

    /// In microseconds.
    struct Times {
        double accept = 0;  ///< submit to its answer
        double status = 0;  ///< cached status asked for right behind it, while the device works
        double result = 0;  ///< submit to the result
    };
    /// Hands over, asks for the status, waits, acknowledges. Errors: wrong_state (it is not done).
    base::Result<Times> sell(const contract::Receipt& receipt);
    /// A command of a registrar, with no status in between. Returns when it is known whether the
    /// paper came out; the time is that to the result, which does not wait for paper. `at_result`
    /// is called in between.
    base::Result<double> carry_out(const contract::Command& command,
                                   const std::function<base::Done()>& at_result = {});

private:
    Seller(Bench& bench, std::string device) : bench_(bench), device_(std::move(device)) {}
    client::OperationOptions next_options();
    /// Waits for the result.
    base::Done finish(const base::OperationId& id);
    base::Done wait_printed(const base::OperationId& id);

    Bench& bench_;
    std::string device_;
    std::unique_ptr<client::Client> client_;
    int operations_ = 0;
};

}  // namespace tillhost::bench
