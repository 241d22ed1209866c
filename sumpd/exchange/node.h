#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tillhost::sumpd::exchange {

/// Namespaces that we know; everything else is foreign.
enum class Space : std::uint8_t {
    none,
    exchange,
    data,
    devices,  ///< of the device contract, for web tills
    soap11,
    soap12,
    instance,
    foreign,
};

struct Attribute {
    Space space = Space::none;
    std::string name{};
    std::string value{};
};

/// A part of a parsed text: a JSON value or an XML element.
struct Node {
    enum class Kind : std::uint8_t { null, boolean, integer, fraction, text, list, map, element };

    Kind kind = Kind::null;
    Space space = Space::none;
    std::string name{};  ///< of a member of a map; local name of an element
    std::string text{};  ///< of scalars as written; all character data of an element
    std::vector<Node> children{};
    std::vector<Attribute> attributes{};

    /// The first child of that name, or nullptr.
    const Node* find(Space in, std::string_view called) const;
    Node* find(Space in, std::string_view called) {
        return const_cast<Node*>(std::as_const(*this).find(in, called));
    }
    /// The attribute's value, or nullptr.
    const std::string* attribute(Space in, std::string_view called) const;
};

/// What a text may be before it is refused with too_large (bytes) or schema_invalid (the rest).
struct TreeBounds {
    std::size_t bytes_max = 0;
    std::size_t depth_max = 0;
    std::size_t nodes_max = 0;
    std::size_t members_max = 0;  ///< of one JSON object, attributes of one element
};
inline constexpr TreeBounds kRequestBounds{1024 * 1024, 32, 128 * 1024, 256};
/// For whoever reads answers, which may be longer than what is sent.
inline constexpr TreeBounds kAnswerBounds{32 * 1024 * 1024, 32, 4 * 1024 * 1024, 256};

}  // namespace tillhost::sumpd::exchange
