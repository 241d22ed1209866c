#pragma once

#include <string>

namespace tillhost::transport {

/// Links that one path may lead through; more are a circle (as in the kernel).
inline constexpr int kLinksMax = 40;

/// The path without links, "." and "..", as realpath(3) gives it: /dev/serial/by-id/… becomes
/// /dev/ttyUSB0. Empty on failure, with errno set: what lstat says, ELOOP, EINVAL (not absolute).
///
/// Done here by lstat and readlink, because the realpath that umockdev puts in place of the C
/// library's writes past its buffer, and our serial lines are tried under it.
std::string follow_links(const std::string& path);

}  // namespace tillhost::transport
