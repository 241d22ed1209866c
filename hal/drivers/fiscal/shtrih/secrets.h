#pragma once

#include <cstdint>
#include <vector>

#include "hal/device/frame_decoder.h"
#include "hal/transport/redactor.h"

namespace tillhost::drivers::shtrih {

/// What is to be done with a byte in a recording. `word`: it belongs to a free text's word that may
/// be a contact, and does not look like one any more once it is hidden.
enum class Secret : std::uint8_t { no, field, word };

/// A sound frame of either link layer.
struct WholeFrame {
    base::ByteView bytes;     ///< as on the line, stuffing and checksum included
    std::size_t message_at;   ///< where its message begins in `bytes`
    std::size_t checksum_at;  ///< where its message ends
    base::ByteView message;   ///< without stuffing; not empty
};

/// Tells which bytes of messages are secret: fields that are hidden wherever they stand, all
/// commands, tags and tables that are not known to be harmless, words of free text that look like a
/// contact. Remembers which field of a table was asked for; so one finder sees both directions.
class SecretFinder final {
public:
    /// One value for each byte of the frame. Never secret are the bytes around the message, its
    /// command, and an answer's error. Total.
    std::vector<Secret> find(transport::Way way, const WholeFrame& frame);

private:
    bool is_secret(unsigned command, const device::DecodedField& field, unsigned tag) const;
    void note_table(transport::Way way, unsigned command, const device::DecodedField& field);

    unsigned table_ = 0;
    unsigned field_ = 0;
};

}  // namespace tillhost::drivers::shtrih
