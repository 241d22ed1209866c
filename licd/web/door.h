#pragma once

#include <string>
#include <string_view>

#include "hal/os/clock.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/kinds.h"
#include "ipc/contract/licence.h"

namespace tillhost::licd::web {

/// The panel's way to licd: the requests of an administrator, as tillctl makes them. The panel can
/// do nothing that they cannot.
class Door {
public:
    virtual ~Door() = default;
    /// `who` has signed in and asks; licd notes it. Blocks for kDoorTimeMax at most. Errors: licd's
    /// own; no_daemon; deadline_passed and link_lost with effect unknown.
    virtual base::Result<contract::Value> ask(std::string_view who, contract::RequestKind kind,
                                              const contract::Value& body) = 0;
};

/// A name that licd takes whatever a person has called itself.
std::string plain_user(std::string_view who);

inline constexpr os::Duration kDoorTimeMax = std::chrono::seconds(5);

template <class Reply, class Body>
base::Result<Reply> ask(Door& door, std::string_view who, contract::RequestKind kind,
                        const Body& body) {
    return contract::from_value<Reply>(TRY(door.ask(who, kind, contract::to_value(body))));
}

/// Over licd's local socket, one connection a request: a page is a rare thing. The connection says
/// hello with the user's name first; licd believes it of its own process alone.
class LocalDoor final : public Door {
public:
    LocalDoor(std::string endpoint, const os::Clock& clock)
        : endpoint_(std::move(endpoint)), clock_(clock) {}
    base::Result<contract::Value> ask(std::string_view who, contract::RequestKind kind,
                                      const contract::Value& body) override;

private:
    std::string endpoint_;
    const os::Clock& clock_;
};

}  // namespace tillhost::licd::web
