#pragma once

#include <map>
#include <string>

#include "devd/runtime/remote_link.h"
#include "ipc/contract/value.h"

namespace tillhost::devd::runtime {

/// The ids of another host's devices as they are there and here. Works on bodies as they travel, so
/// that what a newer or older host says beside them passes unchanged.
class RemoteNames final {
public:
    explicit RemoteNames(const RemoteHost& host);

    /// Nullptr: no device of that host.
    const std::string* there(const std::string& here) const;
    const std::string* here(const std::string& there) const;
    /// The body with the entry `device` as that host knows it.
    contract::Value to_there(const contract::Value& body) const;
    /// What that host says, with every entry `device`, however deep, as it is called here.
    contract::Value to_here(const contract::Value& said) const;

private:
    const std::map<std::string, std::string>& there_;
    std::map<std::string, std::string> here_;
};

/// The text of an entry of a body; empty if there is none.
std::string text_at(const contract::Value& body, std::string_view key);
/// The whole number of an entry of a body; 0 if there is none.
std::int64_t number_at(const contract::Value& body, std::string_view key);

}  // namespace tillhost::devd::runtime
