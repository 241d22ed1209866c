#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/os/fake/fake_clock.h"
#include "tests/conformance/book.h"
#include "tests/conformance/subjects.h"

namespace tillhost::conformance {

/// A money operation of the class.
struct Operation {
    const char* name;
    contract::Command command;
    simulators::FiscalDocumentType type;
};
/// Those that the suite tries, each from an open shift with cash in the drawer; open_shift from a
/// closed one.
const std::vector<Operation>& operations();
contract::Receipt receipt_of(std::int64_t price_minor);

/// One driver, its simulated device and the line between, on virtual time. A new host is a new
/// driver on the same device.
class World {
public:
    explicit World(const Subject& subject, std::vector<contract::Setting> more = {});

    /// Starts a host and opens the line.
    base::Result<device::Opened> open(const std::optional<contract::Pending>& pending = {});
    /// By the host that lives. `book` is where its records go.
    base::Result<contract::FiscalResult> execute(const contract::Command& command);
    base::Result<contract::Resolution> resolve(const contract::Pending& pending);
    base::Result<contract::FiscalStatus> status();
    /// The question that is put before a card is charged for the receipt.
    base::Result<contract::ClassStatus> would_take(const contract::Receipt& receipt);

    /// A shift is open and 1000.00 are in the drawer, as far as the device has such things.
    void begin_day();
    /// What the driver says to this operation on a device where nothing is wrong.
    bool supports(const Operation& operation) const;

    // As a trial needs them (trial.h).
    void begin(const Operation& operation);
    base::Result<contract::OperationResult> carry_out(const Operation& operation);
    std::size_t made(const Operation& operation) const { return count(operation.type); }
    static const contract::Command& command_of(const Operation& operation) {
        return operation.command;
    }
    std::string compare(const contract::OperationResult& result, const Operation& operation) const;
    static bool may_stay_open(const Operation&) { return false; }
    std::uint64_t faults_fired() const { return device->state().faults_fired; }
    void bury() { driver_.reset(); }  ///< the host is dead

    void fault(std::string_view name,
               const std::vector<std::pair<std::string, std::string>>& keys = {});
    void heal();  ///< ends every fault, power on, paper in, and time for what is under way
    std::size_t count(simulators::FiscalDocumentType type) const;
    /// The last document of that type agrees with the result.
    std::string compare(const contract::FiscalResult& result,
                        simulators::FiscalDocumentType type) const;

    Book book;
    os::FakeClock clock;
    std::unique_ptr<simulators::FiscalSimulator> device;
    std::optional<support::VirtualCable> cable;

private:
    const Subject& subject_;
    std::vector<contract::Setting> settings_;
    std::unique_ptr<device::Driver> driver_;
};

}  // namespace tillhost::conformance
