// Any bytes are an enrolment or a typed error, and any enrolment is taken or refused.
#include <cstdint>

#include "hal/base/invariant.h"
#include "licd/issuer/enrolment.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    using namespace tillhost::licd::issuer;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    AttestationPolicy policy;
    policy.accepts_self = true;
    Enrolment enrolment;
    // The bytes as a dongle's own, too, so that no base64 stands before them.
    enrolment.rp = "a";
    enrolment.authenticator_data = base::bytes_of(text);
    enrolment.credential = base::bytes_of(text.substr(0, 64));
    INVARIANT(!check_enrolment(enrolment, policy));  // its challenge is none
    if (const auto read = read_enrolment(text)) {
        policy.aaguids.push_back({});
        (void)check_enrolment(*read, policy);
    }
    return 0;
}
