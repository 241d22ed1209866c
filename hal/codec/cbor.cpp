#include "hal/codec/cbor.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "hal/base/text.h"

namespace tillhost::codec::cbor {
namespace {

using base::ByteView;
using base::Result;

enum Major : std::uint8_t {
    number = 0,
    negative = 1,
    bytes_string = 2,
    text_string = 3,
    array = 4,
    map = 5,
    simple = 7,
};
constexpr unsigned kMajorShift = 5;
constexpr std::uint8_t kInfoMask = 0x1F;
constexpr std::uint8_t kOneByteFollows = 24;
constexpr std::uint8_t kEightBytesFollow = 27;
constexpr std::uint8_t kFalse = 20;
constexpr std::uint8_t kTrue = 21;

/// What stands before each value.
struct Head {
    std::uint8_t major = 0;
    std::uint8_t info = 0;
    std::uint64_t argument = 0;
};

/// A parser that goes down at most kDepthMax levels; each value takes at least a byte.
class Reader final {
public:
    explicit Reader(ByteView bytes) : whole_(bytes.size()), rest_(bytes) {}

    Result<Value> value(std::size_t depth) {
        const Head head = TRY(this->head());
        switch (head.major) {
            case Major::number:
            case Major::negative: return Value(TRY(whole_number(head)));
            case Major::bytes_string: {
                const ByteView taken = TRY(take(head.argument));
                return Value(base::Bytes(taken.begin(), taken.end()));
            }
            case Major::text_string: return Value(TRY(text(head)));
            case Major::array: return read_array(head, depth);
            case Major::map: return read_map(head, depth);
            case Major::simple:
                if (head.info == kFalse || head.info == kTrue) {
                    return Value(head.info == kTrue);
                }
                break;
            default: break;
        }
        return damaged("a kind of value that CTAP2 does not have");
    }

    base::Error damaged(std::string_view what) const {
        return base::make_error(
            base::ErrorCode::frame_damaged,
            fmt::format("CBOR, byte {} of {}: {}", whole_ - rest_.left(), whole_, what));
    }
    bool at_end() const { return rest_.left() == 0; }

private:
    Result<Head> head() {
        const std::uint8_t first = rest_.u8();
        Head head{static_cast<std::uint8_t>(first >> kMajorShift),
                  static_cast<std::uint8_t>(first & kInfoMask), 0};
        if (head.info < kOneByteFollows) {
            head.argument = head.info;
        } else if (head.info <= kEightBytesFollow) {
            head.argument = rest_.uint_be(std::size_t{1} << (head.info - kOneByteFollows));
        } else {
            return damaged("a length that is not told");
        }
        if (rest_.failed()) {
            return damaged("it ends in the middle");
        }
        return head;
    }

    Result<std::int64_t> whole_number(const Head& head) const {
        constexpr auto kMax = std::uint64_t{std::numeric_limits<std::int64_t>::max()};
        if (head.argument > kMax) {
            return damaged("a number of more than 63 bits");
        }
        const auto value = static_cast<std::int64_t>(head.argument);
        return head.major == Major::number ? value : -1 - value;
    }

    Result<ByteView> take(std::uint64_t count) {
        if (count > rest_.left()) {
            return damaged("a string that is longer than the message");
        }
        return rest_.take(static_cast<std::size_t>(count));
    }

    Result<std::string> text(const Head& head) {
        std::string text = base::string_of(TRY(take(head.argument)));
        if (!base::is_utf8(text)) {
            return damaged("a text that is not UTF-8");
        }
        return text;
    }

    Result<Value> read_array(const Head& head, std::size_t depth) {
        TRY(check_room(head.argument, 1, depth));
        Array items;
        for (std::uint64_t i = 0; i < head.argument; ++i) {
            items.push_back(TRY(value(depth + 1)));
        }
        return Value(std::move(items));
    }

    Result<Value> read_map(const Head& head, std::size_t depth) {
        TRY(check_room(head.argument, 2, depth));
        Map entries;
        for (std::uint64_t i = 0; i < head.argument; ++i) {
            Key key = TRY(this->key());
            const bool twice = std::any_of(entries.begin(), entries.end(),
                                           [&](const auto& one) { return one.first == key; });
            if (twice) {
                return damaged("a key that stands twice");
            }
            entries.emplace_back(std::move(key), TRY(value(depth + 1)));
        }
        return Value(std::move(entries));
    }

    Result<Key> key() {
        const Head head = TRY(this->head());
        if (head.major == Major::number || head.major == Major::negative) {
            return Key(TRY(whole_number(head)));
        }
        if (head.major == Major::text_string) {
            return Key(TRY(text(head)));
        }
        return damaged("a key that is neither number nor text");
    }

    /// Room for nothing is made before it is certain that so much can follow.
    base::Done check_room(std::uint64_t count, std::uint64_t bytes_each, std::size_t depth) const {
        if (depth > kDepthMax) {
            return damaged("more than four levels");
        }
        if (count > rest_.left() / bytes_each) {
            return damaged("more entries than the message has bytes");
        }
        return {};
    }

    std::size_t whole_;
    base::ByteReader rest_;
};

void write_head(base::ByteWriter& to, Major major, std::uint64_t argument) {
    const auto begin = static_cast<unsigned>(major) << kMajorShift;
    if (argument < kOneByteFollows) {
        to.u8(begin | argument);
        return;
    }
    unsigned step = 0;
    while (step < 3 && argument >> (8U << step) != 0) {
        ++step;
    }
    to.u8(begin | (kOneByteFollows + step)).uint_be(argument, std::size_t{1} << step);
}

void write_value(base::ByteWriter& to, const Value& value);

struct Writer {
    base::ByteWriter& to;

    void operator()(std::int64_t value) const {
        if (value >= 0) {
            write_head(to, Major::number, static_cast<std::uint64_t>(value));
        } else {
            write_head(to, Major::negative, static_cast<std::uint64_t>(-1 - value));
        }
    }
    void operator()(bool value) const { write_head(to, Major::simple, value ? kTrue : kFalse); }
    void operator()(const base::Bytes& value) const {
        write_head(to, Major::bytes_string, value.size());
        to.raw(value);
    }
    void operator()(const std::string& value) const {
        write_head(to, Major::text_string, value.size());
        to.raw(base::bytes_of(value));
    }
    void operator()(const Array& items) const {
        write_head(to, Major::array, items.size());
        for (const Value& item : items) {
            write_value(to, item);
        }
    }
    void operator()(const Map& entries) const {
        std::vector<std::pair<base::Bytes, const Value*>> sorted;
        for (const auto& [key, value] : entries) {
            base::ByteWriter written;
            std::visit(Writer{written}, key);
            sorted.emplace_back(written.take(), &value);
        }
        std::sort(sorted.begin(), sorted.end(), [](const auto& one, const auto& other) {
            return comes_before(one.first, other.first);
        });
        write_head(to, Major::map, entries.size());
        for (const auto& [key, value] : sorted) {
            to.raw(key);
            write_value(to, *value);
        }
    }

    /// Of keys as they are written.
    static bool comes_before(const base::Bytes& one, const base::Bytes& other) {
        const auto kind = [](const base::Bytes& key) {
            return base::to_unsigned(key.front()) >> kMajorShift;
        };
        if (kind(one) != kind(other)) {
            return kind(one) < kind(other);
        }
        return one.size() != other.size() ? one.size() < other.size() : one < other;
    }
};

void write_value(base::ByteWriter& to, const Value& value) { value.visit(Writer{to}); }

}  // namespace

const Value* find(const Map& map, std::int64_t key) {
    const auto found = std::find_if(map.begin(), map.end(),
                                    [key](const auto& one) { return one.first == Key(key); });
    return found == map.end() ? nullptr : &found->second;
}

const Value* find(const Map& map, std::string_view key) {
    const auto found = std::find_if(map.begin(), map.end(), [key](const auto& one) {
        const auto* text = std::get_if<std::string>(&one.first);
        return text != nullptr && *text == key;
    });
    return found == map.end() ? nullptr : &found->second;
}

Result<Value> read(ByteView bytes) {
    Reader reader(bytes);
    if (bytes.size() > kBytesMax) {
        return reader.damaged("longer than any message");
    }
    Value value = TRY(reader.value(1));
    if (!reader.at_end()) {
        return reader.damaged("bytes behind the value");
    }
    return value;
}

base::Bytes write(const Value& value) {
    base::ByteWriter to;
    write_value(to, value);
    return to.take();
}

}  // namespace tillhost::codec::cbor
