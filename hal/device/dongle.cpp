#include "hal/device/dongle.h"

#include <utility>

#include "hal/device/no_money.h"

namespace tillhost::device {
namespace {

using base::Result;

class DongleDriver final : public Driver {
public:
    explicit DongleDriver(std::unique_ptr<Dongle> dongle) : dongle_(std::move(dongle)) {}

    Result<Opened> open(const std::optional<contract::Pending>& pending, Gate&,
                        os::Deadline deadline) override {
        Opened opened = TRY(dongle_->open(deadline));
        identity_ = opened.identity;
        return with_verdict(std::move(opened), pending);
    }
    Result<contract::OperationResult> execute(const contract::Command& command, Gate& gate,
                                              os::Deadline deadline) override {
        const auto* enrol = std::get_if<contract::EnrolDongle>(&command);
        if (enrol == nullptr) {
            return base::make_error(base::ErrorCode::not_supported,
                                    "this is no command of a dongle");
        }
        return contract::OperationResult(TRY(dongle_->enrol(*enrol, gate, deadline)));
    }
    Result<contract::Resolution> resolve(const contract::Pending&, Gate&, os::Deadline) override {
        return cannot_tell(identity_);
    }
    Result<contract::ClassStatus> query(const contract::Query& query,
                                        os::Deadline deadline) override {
        if (std::holds_alternative<contract::StatusQuery>(query)) {
            return contract::ClassStatus(TRY(dongle_->status(deadline)));
        }
        if (const auto* proof = std::get_if<contract::DongleProofQuery>(&query)) {
            return contract::ClassStatus(TRY(dongle_->prove(*proof, deadline)));
        }
        return base::make_error(base::ErrorCode::not_supported,
                                "a dongle does not answer this question");
    }
    std::optional<contract::ClassStatus> known_status() const override {
        const auto known = dongle_->known_status();
        return known ? std::optional(contract::ClassStatus(*known)) : std::nullopt;
    }

private:
    std::unique_ptr<Dongle> dongle_;
    contract::Identity identity_;
};

}  // namespace

std::unique_ptr<Driver> make_driver(std::unique_ptr<Dongle> dongle) {
    return std::make_unique<DongleDriver>(std::move(dongle));
}

}  // namespace tillhost::device
