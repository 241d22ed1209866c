#include "hal/drivers/dongle/fido2/driver.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "hal/base/text.h"
#include "hal/device/dongle.h"
#include "hal/device/setting.h"
#include "hal/drivers/dongle/fido2/channel.h"
#include "hal/drivers/dongle/fido2/descriptor.h"
#include "hal/drivers/dongle/fido2/manifest.h"
#include "hal/drivers/dongle/fido2/protocol.h"
#include "hal/os/random.h"

namespace tillhost::drivers::fido2 {
namespace {

using base::Bytes;
using base::Effect;
using base::ErrorCode;
using base::make_error;
using base::Result;
using device::wrong_setting;

constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kUserBytes = 16;

class FidoDongle final : public device::Dongle {
public:
    FidoDongle(std::string serial, std::unique_ptr<transport::Connector> connector,
               const os::Clock& clock)
        : serial_(std::move(serial)), connector_(std::move(connector)), clock_(clock) {}

    Result<device::Opened> open(os::Deadline deadline) override;
    Result<contract::DongleStatus> status(os::Deadline deadline) override;
    Result<contract::DongleProof> prove(const contract::DongleProofQuery& query,
                                        os::Deadline deadline) override;
    Result<contract::DongleEnrolment> enrol(const contract::EnrolDongle& command,
                                            device::Gate& gate, os::Deadline deadline) override;
    std::optional<contract::DongleStatus> known_status() const override { return known_; }

private:
    Result<contract::Identity> identity_of(const transport::HidDescription* found) const;
    base::Done check_open() const;
    base::Done check_length(const Bytes& request, std::string_view field) const;
    template <class Read>
    auto ask(const Bytes& request, os::Duration limit, os::Deadline deadline, Read read)
        -> decltype(read(base::ByteView()));

    std::string serial_;
    std::unique_ptr<transport::Connector> connector_;
    const os::Clock& clock_;
    std::unique_ptr<Channel> channel_;
    std::size_t request_bytes_max_ = 0;
    std::optional<contract::DongleStatus> known_;
};

Result<contract::Identity> FidoDongle::identity_of(const transport::HidDescription* found) const {
    contract::Identity identity;
    if (found == nullptr) {
        identity.serial = serial_;
        return identity;
    }
    if (!is_token(found->report_descriptor)) {
        return make_error(ErrorCode::wrong_device, "no FIDO token: its HID usage page is not F1D0");
    }
    identity.serial = base::cut_utf8(found->serial, kNameBytesMax);
    identity.model = base::cut_utf8(found->name, kNameBytesMax);
    if (!serial_.empty() && serial_ != identity.serial) {
        return make_error(ErrorCode::wrong_device,
                          fmt::format("serial {} was expected, {} is plugged in", serial_,
                                      identity.serial.empty() ? "one without" : identity.serial));
    }
    return identity;
}

/// An answer that arrived whole and makes no sense is asked for once more as well.
template <class Read>
auto FidoDongle::ask(const Bytes& request, os::Duration limit, os::Deadline deadline, Read read)
    -> decltype(read(base::ByteView())) {
    const Bytes first = TRY(channel_->ask(request, limit, deadline));
    if (auto value = read(first)) {
        return value;
    }
    const Bytes second = TRY(channel_->ask(request, limit, deadline));
    return read(second);
}

Result<device::Opened> FidoDongle::open(os::Deadline deadline) {
    channel_.reset();
    known_.reset();
    auto line = TRY(connector_->connect(deadline));
    contract::DongleStatus status;
    status.identity = TRY(identity_of(line->hid()));
    TRY(line->flush());
    channel_ = std::make_unique<Channel>(std::move(line), clock_, &os::random_u64);
    const Introduction told = TRY(channel_->open(deadline));
    if ((told.capabilities & kSpeaksCbor) == 0) {
        return make_error(ErrorCode::wrong_device, "a token of U2F only: one of FIDO2 is needed");
    }
    status.firmware = fmt::format("{}.{}.{}", told.major, told.minor, told.build);
    known_ = std::move(status);
    auto asked = this->status(deadline);
    if (!asked) {
        known_.reset();
        return std::move(asked).error();
    }
    device::Opened opened;
    opened.identity = known_->identity;
    opened.status = *known_;
    return opened;
}

Result<contract::DongleStatus> FidoDongle::status(os::Deadline deadline) {
    TRY(check_open());
    const Info info = TRY(ask(get_info(), kInfoTime, deadline, &read_info));
    if (!info.speaks_fido2()) {
        return make_error(ErrorCode::wrong_device, "a token of U2F only: one of FIDO2 is needed");
    }
    request_bytes_max_ = std::min(info.message_bytes_max, kMessageBytesMax);
    known_->versions = info.versions;
    known_->aaguid = info.aaguid;
    known_->pin_set = info.pin_set;
    known_->always_asks = info.always_verifies;
    return *known_;
}

Result<contract::DongleProof> FidoDongle::prove(const contract::DongleProofQuery& query,
                                                os::Deadline deadline) {
    TRY(check_open());
    const Bytes request = get_assertion(query);
    TRY(check_length(request, "credential"));
    return ask(request, kSignTime, deadline, [&query](base::ByteView answer) {
        return read_assertion(answer, query.credential);
    });
}

Result<contract::DongleEnrolment> FidoDongle::enrol(const contract::EnrolDongle& command,
                                                    device::Gate& gate, os::Deadline deadline) {
    constexpr std::string_view kMayHoldOneMore =
        "it is not known whether a credential was made: the dongle may hold one more than was told";
    TRY(check_open());
    NewCredential wanted;
    wanted.client_data_hash = command.challenge_hash;
    wanted.rp = command.rp;
    wanted.rp_name = command.rp;
    // Of this enrolment only: a credential of the same user would take another's place.
    const auto& hash = command.challenge_hash;
    wanted.user.assign(hash.begin(), hash.begin() + std::min(kUserBytes, hash.size()));
    wanted.user_name = command.owner;
    const Bytes request = make_credential(wanted);
    TRY(check_length(request, "owner"));
    const os::Deadline until = std::min(deadline, clock_.now() + kTouchTime + kBusyTime);
    gate.announce("touch", until + kCancelTime);
    const auto touch = [&gate] { gate.prompt(contract::PromptKind::other, "touch the dongle"); };
    auto told = channel_->ask_for_touch(request, touch, until);
    if (!told) {
        base::Error error = std::move(told).error();
        if (error.effect == Effect::unknown) {
            error.detail = fmt::format("{}; {}", error.detail, kMayHoldOneMore);
        }
        return error;
    }
    auto enrolment = read_credential(*told);
    if (!enrolment) {
        base::Error error = base::with_context(std::move(enrolment).error(), kMayHoldOneMore);
        error.effect = Effect::unknown;
        return error;
    }
    return enrolment;
}

base::Done FidoDongle::check_open() const {
    return channel_ && known_ ? base::Done()
                              : make_error(ErrorCode::device_not_ready, "the line is not open");
}

base::Done FidoDongle::check_length(const Bytes& request, std::string_view field) const {
    return request.size() <= request_bytes_max_
               ? base::Done()
               : base::bad_field(field, fmt::format("shorter: this dongle takes requests of {} "
                                                    "bytes, this one has {}",
                                                    request_bytes_max_, request.size()));
}

}  // namespace

Result<std::unique_ptr<device::Driver>> make_driver(const std::vector<contract::Setting>& settings,
                                                    std::unique_ptr<transport::Connector> connector,
                                                    const os::Clock& clock) {
    std::string serial;
    for (const contract::Setting& setting : settings) {
        if (setting.name != "serial") {
            return device::unknown_setting(setting.name, kPages);
        }
        if (setting.value.empty() || setting.value.size() > kNameBytesMax) {
            return wrong_setting("serial", "1 to 64 characters");
        }
        serial = setting.value;
    }
    if (!connector) {
        return wrong_setting("port", "where the dongle is plugged in");
    }
    return device::make_driver(
        std::make_unique<FidoDongle>(std::move(serial), std::move(connector), clock));
}

}  // namespace tillhost::drivers::fido2
