#include "ipc/contract/value.h"

#include <algorithm>
#include <array>
#include <bit>

namespace tillhost::contract {
namespace {

constexpr std::array<std::string_view, 8> kTypeNames{
    "nothing", "bool", "integer", "number with a fraction", "text", "bytes", "list", "map"};

void append(base::ByteWriter& out, const Value& value);

struct Appender {
    base::ByteWriter& out;

    void tag(char letter, std::size_t size) {
        out.u8(static_cast<unsigned char>(letter)).uint_le(size, 8);
    }
    void operator()(std::monostate) { tag('n', 0); }
    void operator()(bool value) { tag('b', value ? 1 : 0); }
    void operator()(std::int64_t value) { tag('i', static_cast<std::uint64_t>(value)); }
    void operator()(double value) { tag('d', std::bit_cast<std::uint64_t>(value)); }
    void operator()(const std::string& value) {
        tag('t', value.size());
        out.raw(base::bytes_of(value));
    }
    void operator()(const base::Bytes& value) {
        tag('x', value.size());
        out.raw(value);
    }
    void operator()(const Value::Array& value) {
        tag('a', value.size());
        for (const Value& one : value) {
            append(out, one);
        }
    }
    void operator()(const Value::Map& value) {
        tag('m', value.size());
        std::vector<const std::pair<std::string, Value>*> sorted;
        for (const auto& entry : value) {
            sorted.push_back(&entry);
        }
        std::sort(sorted.begin(), sorted.end(),
                  [](const auto* a, const auto* b) { return a->first < b->first; });
        for (const auto* entry : sorted) {
            (*this)(entry->first);
            append(out, entry->second);
        }
    }
};

void append(base::ByteWriter& out, const Value& value) { value.visit(Appender{out}); }

}  // namespace

const Value* Value::find(std::string_view key) const {
    const Map* map = get_if<Map>();
    if (map == nullptr) {
        return nullptr;
    }
    for (const auto& [name, value] : *map) {
        if (name == key) {
            return &value;
        }
    }
    return nullptr;
}

std::string_view Value::type_name() const { return kTypeNames[node_.index()]; }

base::Bytes canonical_bytes(const Value& value) {
    base::ByteWriter out;
    append(out, value);
    return out.take();
}

}  // namespace tillhost::contract
