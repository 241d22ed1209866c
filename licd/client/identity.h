#pragma once

#include <string>

// What a program says of itself where it names nothing.
namespace tillhost::licd::client {

/// A new one: 32 hex digits.
std::string make_instance();
/// The login name of this process's user; its number without one.
std::string this_user();
/// The host name.
std::string this_computer();
/// The first that there is of: login session (XDG_SESSION_ID), connection (SSH_CONNECTION), display
/// (WAYLAND_DISPLAY, DISPLAY). Empty for a service.
std::string this_terminal_session();

}  // namespace tillhost::licd::client
