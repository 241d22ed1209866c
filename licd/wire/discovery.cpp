#include "licd/wire/discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/base/text.h"
#include "hal/os/random.h"

namespace tillhost::licd::wire {
namespace {

using base::ByteReader;
using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr std::string_view kQueryMagic = "licdqry1";
constexpr std::string_view kAnswerMagic = "licdans1";
constexpr std::size_t kPortBytes = 2;

Done check_text(std::string_view field, std::string_view text, std::size_t least,
                std::size_t most) {
    const bool has_control = std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
    if (text.size() < least || text.size() > most || has_control || !base::is_utf8(text)) {
        return base::bad_field(field,
                               fmt::format("{} to {} bytes of text in one line", least, most));
    }
    return {};
}

Done check_group(std::string_view group) {
    return check_text("group", group, 0, kDiscoveryGroupBytesMax);
}

Done check(const DiscoveryAnswer& answer) {
    TRY(check_group(answer.group));
    TRY(check_text("name", answer.name, 1, kDiscoveryNameBytesMax));
    if (answer.load > kDiscoveryLoadMax) {
        return base::bad_field("load", fmt::format("0 to {}", kDiscoveryLoadMax));
    }
    return answer.tcp_port == 0 ? Done(base::bad_field("port", "1 to 65535")) : Done();
}

void write_text(ByteWriter& to, std::string_view text) {
    to.u8(text.size());
    to.raw(base::bytes_of(text));
}

std::string read_text(ByteReader& from) { return base::string_of(from.take(from.u8())); }

/// The rest of a packet behind the eight bytes that say what it is.
Result<ByteReader> begin(ByteView packet, std::string_view magic) {
    ByteReader reader(packet);
    if (base::string_of(reader.take(magic.size())) != magic || reader.failed()) {
        return make_error(ErrorCode::malformed, fmt::format("the packet is no {}", magic));
    }
    return reader;
}

template <std::size_t size>
void take_into(std::array<std::byte, size>& to, ByteReader& from) {
    const ByteView taken = from.take(size);
    if (taken.size() == size) {
        std::copy(taken.begin(), taken.end(), to.begin());
    }
}

}  // namespace

DiscoveryQuery DiscoveryQuery::make(std::string group) {
    ByteWriter random;
    random.uint_be(os::random_u64(), 8).uint_be(os::random_u64(), 8);
    DiscoveryQuery query{.group = std::move(group)};
    std::copy_n(random.bytes().begin(), query.nonce.size(), query.nonce.begin());
    return query;
}

Result<Bytes> DiscoveryQuery::bytes() const {
    TRY(check_group(group));
    ByteWriter packet;
    packet.raw(base::bytes_of(kQueryMagic)).raw(nonce);
    write_text(packet, group);
    packet.fill(std::byte{0}, kDiscoveryQueryBytes - packet.bytes().size());
    return packet.take();
}

Result<DiscoveryQuery> DiscoveryQuery::read(ByteView packet) {
    if (packet.size() != kDiscoveryQueryBytes) {
        return make_error(ErrorCode::malformed,
                          fmt::format("a query has {} bytes", kDiscoveryQueryBytes));
    }
    ByteReader reader = TRY(begin(packet, kQueryMagic));
    DiscoveryQuery query;
    take_into(query.nonce, reader);
    query.group = read_text(reader);
    TRY(check_group(query.group));
    return query;
}

Result<Bytes> DiscoveryAnswer::bytes(const os::SigningKey& key) const {
    TRY(check(*this));
    if (server_key != key.public_key()) {
        return base::bad_field("server_key", "that of the key which signs");
    }
    ByteWriter packet;
    packet.raw(base::bytes_of(kAnswerMagic)).raw(nonce);
    packet.uint_be(tcp_port, kPortBytes).uint_be(load, kPortBytes);
    packet.raw(curve_key).raw(server_key.bytes);
    write_text(packet, group);
    write_text(packet, name);
    packet.raw(key.sign(packet.bytes()));
    return packet.take();
}

Result<DiscoveryAnswer> DiscoveryAnswer::read(ByteView packet, const DiscoveryNonce& asked) {
    if (packet.size() > kDiscoveryAnswerBytesMax) {
        return make_error(ErrorCode::malformed, "an answer is no longer than its query");
    }
    ByteReader reader = TRY(begin(packet, kAnswerMagic));
    DiscoveryAnswer answer;
    take_into(answer.nonce, reader);
    answer.tcp_port = static_cast<std::uint16_t>(reader.uint_be(kPortBytes));
    answer.load = static_cast<std::uint16_t>(reader.uint_be(kPortBytes));
    take_into(answer.curve_key, reader);
    take_into(answer.server_key.bytes, reader);
    answer.group = read_text(reader);
    answer.name = read_text(reader);
    if (reader.failed() || reader.left() != os::kSignatureBytes) {
        return make_error(ErrorCode::malformed, "the answer is cut or goes on");
    }
    const ByteView words = packet.first(packet.size() - os::kSignatureBytes);
    if (answer.nonce != asked) {
        return base::bad_field("nonce", "that of the query");
    }
    if (!answer.server_key.verifies(words, reader.take_rest())) {
        return base::bad_field("signature", "that of the server key over the answer");
    }
    TRY(check(answer));
    return answer;
}

}  // namespace tillhost::licd::wire
