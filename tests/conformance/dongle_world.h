#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "hal/drivers/drivers.h"
#include "hal/os/fake/fake_clock.h"
#include "simulators/core/token_control.h"
#include "tests/conformance/book.h"

namespace tillhost::conformance {

/// One driver of class dongle with one choice of settings and one kind of device.
struct DongleSubject {
    std::string name;  ///< for the test's name: letters, digits and _
    const drivers::DriverEntry* driver = nullptr;
    std::vector<contract::Setting> settings{};
    /// That serial number has keys of its own.
    std::function<std::unique_ptr<simulators::TokenSimulator>(const std::string& serial)>
        make_device{};
    friend void PrintTo(const DongleSubject& subject, std::ostream* out) { *out << subject.name; }
};
const std::vector<DongleSubject>& dongle_subjects();

inline constexpr const char* kRelyingParty = "licence.example";

/// One driver, its simulated dongle and the line between, on virtual time.
class DongleWorld {
public:
    explicit DongleWorld(const DongleSubject& subject, const std::string& serial = "SIM1");

    base::Result<device::Opened> open();
    base::Result<contract::DongleStatus> status();
    base::Result<contract::DongleEnrolment> enrol(const std::string& owner = "key 1");
    /// A challenge that was never there before.
    base::Result<contract::DongleProof> prove(const contract::DongleEnrolment& enrolled);
    /// Empty, or why the proof is not one of that credential for the challenge asked last.
    std::string fault_of(const contract::DongleProof& proof,
                         const contract::DongleEnrolment& enrolled) const;
    std::size_t credentials() const { return device->token_state().credentials.size(); }
    std::uint64_t faults_fired() const { return device->token_state().faults_fired; }
    void fault(std::string_view name,
               const std::vector<std::pair<std::string, std::string>>& keys = {});
    /// Plugged in again, as devd opens it: anew until it is there.
    base::Result<device::Opened> open_patiently();
    void bury() { driver_.reset(); }

    Book book;
    os::FakeClock clock;
    std::unique_ptr<simulators::TokenSimulator> device;
    std::optional<support::VirtualCable> cable;

private:
    base::Bytes next_hash();

    const DongleSubject& subject_;
    std::unique_ptr<device::Driver> driver_;
    std::uint64_t challenges_ = 0;
    base::Bytes asked_hash_;
};

}  // namespace tillhost::conformance
