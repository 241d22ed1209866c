#include "tests/conformance/dongle_world.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "hal/os/digest.h"
#include "simulators/dongle/fido2/token.h"
#include "tests/support/dongle_key.h"

namespace tillhost::conformance {

using namespace std::chrono_literals;

const std::vector<DongleSubject>& dongle_subjects() {
    static const std::vector<DongleSubject> list{
        {"fido2", drivers::find("dongle/fido2"), {}, [](const std::string& serial) {
             simulators::fido2::Fido2Options options;
             options.serial = serial;
             return MUST(simulators::fido2::make_fido2_token(options));
         }}};
    return list;
}

DongleWorld::DongleWorld(const DongleSubject& subject, const std::string& serial)
    : subject_(subject) {
    device = subject.make_device(serial);
    cable.emplace(*device, clock, 50ms);
}

base::Result<device::Opened> DongleWorld::open() {
    driver_.reset();
    driver_ = TRY(subject_.driver->make(subject_.settings, cable->connector(), clock));
    return driver_->open({}, book, clock.now() + 20s);
}

base::Result<device::Opened> DongleWorld::open_patiently() {
    auto opened = open();
    for (int tries = 1; !opened && tries < 10; ++tries) {
        cable->run_for(1s);
        opened = open();
    }
    return opened;
}

base::Result<contract::DongleStatus> DongleWorld::status() {
    const auto answer = TRY(driver_->query(contract::StatusQuery{}, clock.now() + 20s));
    return std::get<contract::DongleStatus>(answer);
}

base::Bytes DongleWorld::next_hash() {
    const os::Sha256 hash =
        os::sha256(base::bytes_of("challenge " + std::to_string(++challenges_)));
    asked_hash_.assign(hash.begin(), hash.end());
    return asked_hash_;
}

base::Result<contract::DongleEnrolment> DongleWorld::enrol(const std::string& owner) {
    const auto done = TRY(driver_->execute(contract::EnrolDongle{kRelyingParty, owner, next_hash()},
                                           book, clock.now() + 60s));
    return std::get<contract::DongleEnrolment>(done);
}

base::Result<contract::DongleProof> DongleWorld::prove(const contract::DongleEnrolment& enrolled) {
    const contract::Query query =
        contract::DongleProofQuery{kRelyingParty, enrolled.credential, next_hash()};
    const auto answer = TRY(driver_->query(query, clock.now() + 20s));
    return std::get<contract::DongleProof>(answer);
}

std::string DongleWorld::fault_of(const contract::DongleProof& proof,
                                  const contract::DongleEnrolment& enrolled) const {
    const auto key = support::dongle_key(enrolled.authenticator_data);
    if (!key) {
        return "the enrolment holds no key";
    }
    return support::is_signed(proof, *key, kRelyingParty, asked_hash_)
               ? ""
               : "it is not signed for this challenge";
}

void DongleWorld::fault(std::string_view name,
                        const std::vector<std::pair<std::string, std::string>>& keys) {
    const auto parsed = simulators::parse_fault(name, keys);
    ASSERT_TRUE(parsed) << base::to_text(parsed.error());
    const auto injected = device->inject(*parsed, clock.now());
    ASSERT_TRUE(injected) << base::to_text(injected.error());
}

}  // namespace tillhost::conformance
