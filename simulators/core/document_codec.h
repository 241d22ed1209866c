#pragma once

#include <optional>

#include "hal/base/bytes.h"
#include "simulators/core/fiscal_control.h"

namespace tillhost::simulators {

/// A document as a fiscal store keeps it (docs/formats/simulator-fiscal-memory.md).
base::Bytes encode_document(const FiscalDocument& document);
/// Nothing if the bytes are not a document. Total.
std::optional<FiscalDocument> decode_document(base::ByteView bytes);

/// Text with its length in front, as documents and states hold it.
void put_text(base::ByteWriter& writer, std::string_view text);
std::string get_text(base::ByteReader& reader);

}  // namespace tillhost::simulators
