#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "sumpd/apps/registry.h"

// Refusals that several parts of the registry speak.
namespace tillhost::sumpd::apps {

inline constexpr std::int64_t kFullRetryMs = 60'000;

inline tl::unexpected<exchange::Fault> refuse_full(std::string what) {
    exchange::Fault fault{.code = exchange::FaultCode::too_many, .message = std::move(what)};
    fault.retry_after_ms = kFullRetryMs;
    return tl::unexpected(std::move(fault));
}

inline exchange::Fault field_fault(std::string field, std::string expected) {
    return {.code = exchange::FaultCode::schema_invalid,
            .message = field + ": " + expected,
            .field = std::move(field)};
}

/// What names a device, a store or a role and is no good; an empty one is.
inline std::optional<exchange::Fault> fault_in_names(const std::string& name,
                                                     const std::string& store_id,
                                                     const std::string& role_id) {
    if (name.size() > kDeviceNameMax || name.find('\n') != std::string::npos) {
        return field_fault("name", "one line of at most 64 bytes");
    }
    if (store_id.size() > exchange::kReferenceMax) {
        return field_fault("storeId", "an id of at most 64 bytes");
    }
    if (role_id.size() > exchange::kReferenceMax) {
        return field_fault("roleId", "an id of at most 64 bytes");
    }
    return std::nullopt;
}

inline std::optional<exchange::Fault> fault_in_invitation(const InvitationWish& wish) {
    if (wish.life_s < kInvitationLifeSMin || wish.life_s > kInvitationLifeSMax) {
        return field_fault(
            "lifeS", fmt::format("{} to {} seconds", kInvitationLifeSMin, kInvitationLifeSMax));
    }
    return fault_in_names(wish.name, wish.store_id, wish.role_id);
}

}  // namespace tillhost::sumpd::apps
