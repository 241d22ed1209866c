#pragma once

#include <cstddef>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "ipc/contract/envelope.h"
#include "ipc/contract/value.h"

namespace tillhost::ipc {

/// Values of one message, however they are nested. Text and bytes are bounded by the frame, but an
/// empty list is one byte on the wire and some forty in memory; an answer of 1000 operations has
/// about 40 000 values.
inline constexpr std::size_t kMessageValuesMax = 128 * 1024;

/// The msgpack bytes of a tree, each value in its shortest form, maps in the order they have. The
/// same tree always gives the same bytes. A tree beyond the limits below is still written; whoever
/// sends it compares the size with kFrameBytesMax.
base::Bytes encode_msgpack(const contract::Value& value);
/// The bytes of to_value(reply), without a copy of the tree in it.
base::Bytes encode_reply(const contract::Reply& reply);

/// Reads one whole message. Any bytes give a value or an error; every length is compared with its
/// limit (ipc/contract/envelope.h: frame, depth, entries of a map, items of a list; and
/// kMessageValuesMax) before anything is allocated for it.
///
/// Narrower than msgpack itself: keys of maps are text and none stands twice; no extension types;
/// no unsigned integer above 2^63 - 1; nothing behind the message. Text is taken as it is: the
/// field's decoder asks for UTF-8. Numbers with a fraction, NaN among them, become double, so that
/// the decoder can name their field.
///
/// Errors, each with the byte at which reading stopped: malformed, too_large.
base::Result<contract::Value> decode_msgpack(base::ByteView bytes);

}  // namespace tillhost::ipc
