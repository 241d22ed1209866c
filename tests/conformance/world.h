#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/os/fake/fake_clock.h"
#include "tests/conformance/subjects.h"
#include "tests/support/virtual_line.h"

namespace tillhost::conformance {

using support::Killed;

/// devd's book, as far as one operation needs it.
class Book final : public device::Gate {
public:
    base::Done persist(const contract::Record& record) override;
    void announce(std::string_view, os::Deadline) override {}

    contract::Pending pending(const contract::Command& command) const;

    bool refuses = false;
    int kill_at = 0;           ///< the host dies at the n-th record; 0: never
    bool kill_before = false;  ///< … before the record is on disk
    std::optional<contract::Marker> marker;
    std::vector<contract::Evidence> evidence;
    std::optional<contract::OperationResult> result;
};

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

    /// A shift is open and 1000.00 are in the drawer, as far as the device has such things.
    void begin_day();
    /// What the driver says to this operation on a device where nothing is wrong.
    bool supports(const Operation& operation) const;

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
