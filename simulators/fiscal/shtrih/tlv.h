#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hal/base/bytes.h"
#include "simulators/core/fiscal_control.h"

namespace tillhost::simulators::shtrih {

/// Tags as the protocol carries them: number u16, length u16, value; little-endian. Text in a value
/// is code page 866; numbers are written without leading zero bytes ("KKT with FN protocol v1.17").

/// Structures within structures that are read; deeper ones are refused.
inline constexpr int kTlvDepthMax = 4;

/// Is the value of that tag made of tags itself (1059, 1084, 1174, 1223, 1224, …)?
bool is_structure(std::uint16_t number);
/// A whole sequence of tags; structures are looked through and kept as bytes. Nothing if a length
/// does not fit, bytes are left over, or it is nested deeper than kTlvDepthMax. Total.
std::optional<std::vector<FiscalTag>> decode_tags(base::ByteView bytes);

void put_tag(base::ByteWriter& writer, std::uint16_t number, base::ByteView value);
void put_tag_text(base::ByteWriter& writer, std::uint16_t number, std::string_view utf8);
void put_tag_number(base::ByteWriter& writer, std::uint16_t number, std::uint64_t value);

/// A whole number in as few bytes as it needs, one at least.
base::Bytes encode_vln(std::uint64_t value);
/// The same with its count of decimals in front: 1.5 with six decimals is 06, 60 E3 16.
base::Bytes encode_fvln(std::uint64_t value, std::uint8_t decimals);
/// At most eight bytes; nothing if there are more. Total.
std::optional<std::uint64_t> decode_vln(base::ByteView bytes);

/// The value of the newest tag of that number; null if there is none.
const base::Bytes* find_tag(const std::vector<FiscalTag>& tags, std::uint16_t number);
/// The same as text; empty if there is none.
std::string tag_text(const std::vector<FiscalTag>& tags, std::uint16_t number);
/// Puts a tag in; one of the same number is replaced, unless `repeats`.
void set_tag(std::vector<FiscalTag>& tags, FiscalTag tag, bool repeats = false);

/// What the paper says about a tag: "ПОСТАВЩИК: ООО ...", or nothing if it is not printed.
std::optional<std::string> tag_for_paper(const FiscalTag& tag);

}  // namespace tillhost::simulators::shtrih
