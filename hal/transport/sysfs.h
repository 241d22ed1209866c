#pragma once

#include <cstdint>
#include <string>
#include <vector>

// Reading of sysfs.
namespace tillhost::transport {

/// Names in a folder, hidden ones left out, sorted; none if it cannot be read.
std::vector<std::string> names_in(const std::string& folder);

/// An attribute: its first line, cut to 128 bytes between characters; empty if it is not there or
/// is no UTF-8.
std::string attribute(const std::string& folder, const char* name);
/// One of hex digits; 0 if it is not there.
std::uint16_t hex_attribute(const std::string& folder, const char* name);
bool has_attribute(const std::string& folder, const char* name);

}  // namespace tillhost::transport
