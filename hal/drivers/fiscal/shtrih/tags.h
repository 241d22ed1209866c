#pragma once

#include <string>
#include <vector>

#include "hal/drivers/fiscal/shtrih/ticket.h"

namespace tillhost::drivers::shtrih {

/// The contract's tags as the storage takes them. Errors, naming field[i]: bad_field (a tag that
/// has a field of its own, a value that is too long), text_not_printable.
base::Result<std::vector<TagFields>> line_tags(const std::vector<contract::Tag>& tags,
                                               const std::string& field);
base::Result<std::vector<TagFields>> document_tags(const std::vector<contract::Tag>& tags,
                                                   const std::string& field);

/// A text in code page 866. Errors: text_not_printable, bad_field (too long), naming the field.
base::Result<TagFields> text_tag(std::uint16_t number, std::string_view text,
                                 std::string_view field);

/// The unit of a line: tag 2108 with format 1.2, else tag 1197, the unit's name. Errors:
/// not_supported naming the field where an old format has no name for it.
base::Result<TagFields> measure_tag(std::int64_t measure, const Abilities& abilities,
                                    const std::string& field);

/// Tag 1023: decimals, then the number without leading zeros.
TagFields quantity_tag(std::int64_t quantity_micro);

/// Tags 1178 and 1179 of a correction, in the order of sending. The day is checked by the caller.
base::Result<std::vector<TagFields>> basis_tags(const contract::Correction& correction);

}  // namespace tillhost::drivers::shtrih
