#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "simulators/core/fault.h"
#include "simulators/dongle/fido2/memory.h"
#include "simulators/dongle/fido2/options.h"
#include "simulators/dongle/fido2/request.h"

namespace tillhost::simulators::fido2 {

/// What a request comes to: an answer that is known already, or one that is made when the token's
/// time is over, and, where `touch` says so, somebody has touched it.
struct Task {
    std::uint8_t command = 0;
    base::Bytes answer{};  ///< with its status in front; empty: carry_out() makes it
    bool touch = false;
    Request request{};
};

base::Bytes status_only(Status status);

/// CTAP2 without its line and without time.
class Authenticator final {
public:
    Authenticator(const Fido2Options& options, Memory memory)
        : attestation_(options.attestation),
          pin_set_(options.pin_set),
          always_uv_(options.always_uv),
          memory_(std::move(memory)) {}

    /// A message of CTAP2, at least its command. `fresh`: the token was plugged in just now, and so
    /// may be reset. Nothing happens yet.
    Task examine(base::ByteView message, bool fresh);
    /// Does it, and gives the answer.
    base::Bytes carry_out(const Task& task);

    /// The kinds touch_needed, counter, token, forget and clear. Errors: storage_failed,
    /// not_supported.
    base::Done inject(const Fault& fault);

    const Content& content() const { return memory_.content(); }
    bool pin_set() const { return pin_set_; }
    bool always_uv() const { return always_uv_; }
    const std::string& failure() const { return failure_; }
    std::uint64_t faults_fired() const { return fired_; }

private:
    Status refusal(const MakeCredential& request) const;
    Status refusal(const GetAssertion& get);
    Status pin_refusal(bool pin_auth, bool wanted) const;
    const Credential* find(const GetAssertion& get) const;
    bool holds_one_of(const std::string& rp, const std::vector<base::Bytes>& ids) const;
    base::Bytes info() const;
    base::Bytes make(const MakeCredential& request);
    base::Bytes assertion(const GetAssertion& get);
    base::Done forget();
    base::Bytes told(const base::Result<base::Bytes>& answer);

    Attestation attestation_;
    bool pin_set_;
    bool always_uv_;
    Memory memory_;
    std::int64_t touch_needed_left_ = 0;  ///< below 0: without end
    std::uint8_t touch_needed_code_ = 0;
    std::uint64_t fired_ = 0;
    std::string failure_;
};

}  // namespace tillhost::simulators::fido2
