#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sumpd/exchange/fault.h"
#include "sumpd/exchange/node.h"

namespace tillhost::sumpd::exchange {

/// Gets what an XML text consists of, while it is read. A method that returns a fault ends the
/// reading with it.
class XmlEvents {
public:
    virtual ~XmlEvents() = default;
    /// An element begins: with its name and attributes, without children and text.
    virtual std::optional<Fault> begin(Node element) = 0;
    /// A piece of the character data of the innermost element, as UTF-8; in any number of pieces.
    virtual void text(std::string_view piece) = 0;
    virtual std::optional<Fault> end() = 0;
};

/// Reads an XML 1.0 text in pieces of any size. Namespaces are resolved; the text may be UTF-8 with
/// or without BOM, or declare UTF-8, UTF-16, ISO-8859-1, US-ASCII or windows-1251. Comments and
/// processing instructions are skipped. A DOCTYPE is refused, so that there are no entities.
class XmlStream final {
public:
    /// `attributes_max` is of one element. The events must outlive the stream.
    XmlStream(XmlEvents& events, std::size_t attributes_max);
    ~XmlStream();
    XmlStream(const XmlStream&) = delete;
    XmlStream& operator=(const XmlStream&) = delete;

    /// Refused: bad_request with line and column where the text is not well-formed, what the events
    /// refuse, and after the first fault the same again. `last` says that nothing follows.
    std::optional<Fault> feed(std::string_view piece, bool last);
    /// Bytes of the text before what the events are being told.
    std::uint64_t at() const;
    /// Bytes that were fed and are kept because a tag, a comment or a piece of text has not ended.
    std::uint64_t pending() const;

private:
    class Parser;
    std::unique_ptr<Parser> parser_;
};

/// Puts elements together; used by whoever gets XmlEvents.
class TreeBuilder final {
public:
    explicit TreeBuilder(const TreeBounds& bounds) : bounds_(bounds) {}

    /// Refused: bad_request with too many elements or too deep. Bytes are not counted here.
    std::optional<Fault> begin(Node element);
    void text(std::string_view piece);
    /// Whether the element that was begun first has ended: then take() has it. Text between child
    /// elements is dropped.
    bool end();
    Node take();
    bool is_open() const { return !open_.empty(); }

private:
    TreeBounds bounds_;
    std::vector<Node> open_{};  ///< the outermost first
    std::size_t nodes_ = 0;
    Node whole_{};
};

/// Reads one whole XML text. Refused: too_large (bytes), and what XmlStream and TreeBuilder refuse.
Outcome<Node> xml_tree(std::string_view text, const TreeBounds& bounds);

/// The name of a namespace that we know; empty for none and foreign.
std::string_view uri_of(Space space);

}  // namespace tillhost::sumpd::exchange
