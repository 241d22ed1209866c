#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hal/base/bytes.h"
#include "simulators/core/simulator.h"

namespace tillhost::simulators {

/// A key pair that a security token holds for somebody.
struct TokenCredential {
    base::Bytes id{};
    std::string rp{};           ///< whom it is for
    std::string user{};         ///< what it is called there
    bool resident = false;      ///< it is found without its id
    std::uint32_t counter = 0;  ///< the token's counter at its last signature
};

/// Where a security token stands, for people and for tests.
struct TokenState {
    std::string serial{};  ///< of its USB device
    base::Bytes aaguid{};  ///< make and model, 16 bytes
    bool powered = true;
    bool pin_set = false;
    bool always_uv = false;
    bool waits_for_touch = false;
    std::uint32_t counter = 0;       ///< of all signatures
    std::size_t channels = 0;        ///< allotted to programs
    std::string attestation_root{};  ///< PEM; a vendor who trusts it trusts every simulated token
    std::vector<TokenCredential> credentials{};
    std::uint64_t faults_fired = 0;
    std::string failure{};  ///< why its memory cannot be written, else empty
};

/// The back door to a simulated security token. Not reachable by the token's own line.
class TokenControl {
public:
    virtual ~TokenControl() = default;
    virtual TokenState token_state() const = 0;
};

/// A security token on a line: both faces of one object.
class TokenSimulator : public Simulator, public TokenControl {
public:
    const TokenControl* token() const final { return this; }
};

}  // namespace tillhost::simulators
