#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

// CTAPHID: messages in packets of 64 bytes (FIDO, CTAP 2.1, section 11.2). Bytes only, no line.
namespace tillhost::drivers::fido2 {

inline constexpr std::size_t kPacketBytes = 64;
/// A first packet has 57 bytes of a message, each of up to 128 more has 59.
inline constexpr std::size_t kMessageBytesMax = 57 + 128 * 59;
/// On which a channel is asked for; everybody's.
inline constexpr std::uint32_t kBroadcast = 0xFFFF'FFFF;

enum class Command : std::uint8_t {
    message = 0x03,
    init = 0x06,
    cbor = 0x10,
    cancel = 0x11,
    keepalive = 0x3B,
    error = 0x3F,
};

using Packet = std::array<std::byte, kPacketBytes>;

/// At most kMessageBytesMax bytes of payload.
std::vector<Packet> packets_of(std::uint32_t channel, Command command, base::ByteView payload);

struct Message {
    Command command = Command::error;  ///< as it came, perhaps none of the above
    base::Bytes payload;
};

/// Puts the packets of one channel together. Those of others are nobody's business here: several
/// programs may use one token.
class Assembler final {
public:
    explicit Assembler(std::uint32_t channel) : channel_(channel) {}

    /// The message that is whole with this packet. What continues no message is passed over: it is
    /// the rest of one that was given up. Errors: frame_damaged (a packet is missing or the message
    /// is longer than any), and what came of it is dropped.
    base::Result<std::optional<Message>> take(const Packet& packet);

private:
    base::Result<std::optional<Message>> begin(base::ByteReader& rest, std::uint8_t command);
    base::Result<std::optional<Message>> go_on(base::ByteReader& rest, std::uint8_t sequence);
    std::optional<Message> whole();

    std::uint32_t channel_;
    std::optional<Message> open_;
    std::size_t length_ = 0;
    std::uint8_t next_ = 0;
};

/// What a token answers to INIT.
struct Introduction {
    base::Bytes nonce;  ///< the asker's 8 bytes
    std::uint32_t channel = 0;
    std::uint8_t protocol = 0;
    std::uint8_t major = 0;
    std::uint8_t minor = 0;
    std::uint8_t build = 0;
    std::uint8_t capabilities = 0;
};
inline constexpr std::uint8_t kSpeaksCbor = 0x04;
inline constexpr std::size_t kNonceBytes = 8;

/// Errors: frame_damaged (too short; a channel that is none).
base::Result<Introduction> read_introduction(base::ByteView payload);

}  // namespace tillhost::drivers::fido2
