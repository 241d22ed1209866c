#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hal/base/bytes.h"

// GS1 element strings: an application identifier and its data, one behind the other (GS1 General
// Specifications, sections 3.2 and 7.8).
namespace tillhost::codec {

/// Ends data of variable length. As a byte: FNC1 within a code.
inline constexpr std::byte kGroupSeparator{0x1D};
/// Elements of one code.
inline constexpr std::size_t kGs1ElementsMax = 64;

struct ElementString {
    std::string ai;     ///< "01"; 2 to 4 digits
    std::string value;  ///< "02900002317701"; 1 to 90 characters of GS1's set of 82
    friend bool operator==(const ElementString&, const ElementString&) = default;
};

/// Whether bytes that came without an AIM identifier speak for themselves as GS1: a group separator
/// stands in them, or a stand-in of the first FNC1 before them.
bool looks_like_gs1(base::ByteView data);

/// Reads data from the left, by the length that each identifier prescribes; text is never searched,
/// since a serial number may contain "91". One leading stand-in of FNC1 (1D, E8, F8) is passed
/// over. The whole code or nothing: an identifier that is not in the table, data that are too
/// short, too long or of other characters, more than kGs1ElementsMax elements give an empty list.
/// A code that lost a separator is told from a whole one only where a length says so. Total.
std::vector<ElementString> read_gs1(base::ByteView data);

}  // namespace tillhost::codec
