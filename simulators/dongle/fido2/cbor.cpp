#include "simulators/dongle/fido2/cbor.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "hal/base/text.h"

namespace tillhost::simulators::fido2 {
namespace {

using base::Bytes;
using base::ByteView;

enum Major : unsigned {
    positive = 0,
    negative = 1,
    octets = 2,
    letters = 3,
    many = 4,
    pairs = 5,
    simple = 7
};
constexpr unsigned kFalse = 20, kTrue = 21;
constexpr std::uint64_t kNumberMax = std::numeric_limits<std::int64_t>::max();

void put_head(base::ByteWriter& writer, Major major, std::uint64_t argument) {
    constexpr unsigned kOneByte = 24;
    unsigned size = 0;  // of the argument behind the first byte, as a power of two
    while (size < 3 && argument >> (8U << size) != 0) {
        ++size;
    }
    if (argument < kOneByte) {
        writer.u8(major << 5U | argument);
    } else {
        writer.u8(major << 5U | (kOneByte + size)).uint_be(argument, std::size_t{1} << size);
    }
}

/// Lower kind first, then shorter, then by bytes.
bool comes_before(const Bytes& one, const Bytes& other) {
    const unsigned kind = base::to_unsigned(one.front()) >> 5U;
    const unsigned other_kind = base::to_unsigned(other.front()) >> 5U;
    return kind != other_kind           ? kind < other_kind
           : one.size() != other.size() ? one.size() < other.size()
                                        : one < other;
}

void put(base::ByteWriter& writer, const Cbor& value);

void put_map(base::ByteWriter& writer, const Cbor& map) {
    std::vector<std::pair<Bytes, const Cbor*>> rows;
    for (std::size_t i = 0; i + 1 < map.items.size(); i += 2) {
        rows.emplace_back(encode_cbor(map.items[i]), &map.items[i + 1]);
    }
    std::sort(rows.begin(), rows.end(), [](const auto& one, const auto& other) {
        return comes_before(one.first, other.first);
    });
    put_head(writer, Major::pairs, rows.size());
    for (const auto& [key, value] : rows) {
        writer.raw(key);
        put(writer, *value);
    }
}

void put(base::ByteWriter& writer, const Cbor& value) {
    switch (value.kind) {
        case Cbor::Kind::number:
            value.number < 0
                ? put_head(writer, Major::negative, static_cast<std::uint64_t>(-1 - value.number))
                : put_head(writer, Major::positive, static_cast<std::uint64_t>(value.number));
            break;
        case Cbor::Kind::bytes:
            put_head(writer, Major::octets, value.bytes.size());
            writer.raw(value.bytes);
            break;
        case Cbor::Kind::text:
            put_head(writer, Major::letters, value.text.size());
            writer.raw(base::bytes_of(value.text));
            break;
        case Cbor::Kind::array:
            put_head(writer, Major::many, value.items.size());
            for (const Cbor& item : value.items) {
                put(writer, item);
            }
            break;
        case Cbor::Kind::map: put_map(writer, value); break;
        case Cbor::Kind::flag: put_head(writer, Major::simple, value.flag ? kTrue : kFalse); break;
    }
}

struct Head {
    unsigned major = 0;
    std::uint64_t argument = 0;
};

std::optional<Head> take_head(base::ByteReader& reader) {
    constexpr unsigned kOneByte = 24, kEightBytes = 27;
    const unsigned first = reader.u8();
    Head head{.major = first >> 5U, .argument = first & 0x1FU};
    if (head.argument < kOneByte) {
        return reader.failed() ? std::nullopt : std::optional(head);
    }
    if (head.argument > kEightBytes) {  // reserved, or of indefinite length
        return std::nullopt;
    }
    const auto size = static_cast<unsigned>(head.argument - kOneByte);
    head.argument = reader.uint_be(std::size_t{1} << size);
    // Not in fewer bytes.
    const bool shortest =
        size == 0 ? head.argument >= kOneByte : head.argument >> (4U << size) != 0;
    return reader.failed() || !shortest ? std::nullopt : std::optional(head);
}

std::optional<Cbor> take(base::ByteReader& reader, ByteView all, std::size_t depth);

/// The bytes that were read since `left` were left.
Bytes since(const base::ByteReader& reader, ByteView all, std::size_t left) {
    const ByteView read = all.subspan(all.size() - left, left - reader.left());
    return {read.begin(), read.end()};
}

std::optional<Cbor> take_items(base::ByteReader& reader, ByteView all, std::size_t depth,
                               const Head& head) {
    const bool is_map = head.major == Major::pairs;
    // An item has a byte at least: a longer promise is not kept.
    if (depth == 0 || head.argument > reader.left()) {
        return std::nullopt;
    }
    Cbor value = is_map ? Cbor::map({}) : Cbor::list({});
    Bytes former;
    for (std::uint64_t i = 0; i < head.argument; ++i) {
        const std::size_t left = reader.left();
        auto item = take(reader, all, depth - 1);
        if (!item) {
            return std::nullopt;
        }
        value.items.push_back(std::move(*item));
        if (!is_map) {
            continue;
        }
        Bytes key = since(reader, all, left);
        auto under_it = take(reader, all, depth - 1);
        if (!under_it || (i > 0 && !comes_before(former, key))) {
            return std::nullopt;
        }
        value.items.push_back(std::move(*under_it));
        former = std::move(key);
    }
    return value;
}

std::optional<Cbor> take_string(base::ByteReader& reader, const Head& head) {
    if (head.argument > reader.left()) {
        return std::nullopt;
    }
    const ByteView bytes = reader.take(static_cast<std::size_t>(head.argument));
    if (head.major == Major::octets) {
        return Cbor::of(bytes);
    }
    const std::string text = base::string_of(bytes);
    return base::is_utf8(text) ? std::optional(Cbor::of(text)) : std::nullopt;
}

std::optional<Cbor> take(base::ByteReader& reader, ByteView all, std::size_t depth) {
    const auto head = take_head(reader);
    if (!head) {
        return std::nullopt;
    }
    const auto number = static_cast<std::int64_t>(std::min(head->argument, kNumberMax));
    switch (head->major) {
        case Major::positive:
            return head->argument > kNumberMax ? std::nullopt : std::optional(Cbor::of(number));
        case Major::negative:
            return head->argument > kNumberMax ? std::nullopt
                                               : std::optional(Cbor::of(-1 - number));
        case Major::octets:
        case Major::letters: return take_string(reader, *head);
        case Major::many:
        case Major::pairs: return take_items(reader, all, depth, *head);
        case Major::simple:
            return head->argument == kFalse || head->argument == kTrue
                       ? std::optional(Cbor::flagged(head->argument == kTrue))
                       : std::nullopt;
        default: return std::nullopt;  // a tag
    }
}

template <class Key>
const Cbor* find(const Cbor& map, const Key& is_key) {
    for (std::size_t i = 0; map.kind == Cbor::Kind::map && i + 1 < map.items.size(); i += 2) {
        if (is_key(map.items[i])) {
            return &map.items[i + 1];
        }
    }
    return nullptr;
}

}  // namespace

const Cbor* Cbor::at(std::int64_t key) const {
    return find(*this,
                [key](const Cbor& is) { return is.kind == Kind::number && is.number == key; });
}

const Cbor* Cbor::at(std::string_view key) const {
    return find(*this, [key](const Cbor& is) { return is.kind == Kind::text && is.text == key; });
}

Bytes encode_cbor(const Cbor& value) {
    base::ByteWriter writer;
    put(writer, value);
    return writer.take();
}

std::optional<Cbor> decode_cbor(ByteView bytes) {
    base::ByteReader reader(bytes);
    auto value = take(reader, bytes, kCborDepthMax);
    return reader.left() == 0 ? value : std::nullopt;
}

}  // namespace tillhost::simulators::fido2
