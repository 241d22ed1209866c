#pragma once

#include <cstdint>
#include <optional>

#include "sumpd/exchange/field_reader.h"
#include "sumpd/exchange/message.h"
#include "sumpd/exchange/node.h"

namespace tillhost::sumpd::exchange {

/// Turns the trees of a message's header and items into records, the same for both syntaxes.
class MessageItems final {
public:
    /// The events must outlive this.
    explicit MessageItems(MessageEvents& events) : events_(events) {}

    /// The node's children are the header's fields.
    std::optional<Fault> header(const Node& node, Syntax syntax);
    /// `name` is of the XSD ("Object"), or as unknown as the sender wrote it.
    std::optional<Fault> item(std::string_view name, const Node& node, Syntax syntax);
    /// Begins the fault's text with the item that was being read.
    Fault placed(Fault fault) const;
    /// Counts an item as begun, so that a fault in the middle of it names it.
    void begin_item() { ++number_; }
    std::int64_t items() const { return number_; }

private:
    template <class T>
    std::optional<Fault> take(std::string_view name, const Node& node, Syntax syntax,
                              std::optional<Fault> (MessageEvents::*give)(std::int64_t, T));
    std::optional<Fault> refuse_item(std::string_view name, const Node& node, Syntax syntax,
                                     Fault fault);

    MessageEvents& events_;
    std::int64_t number_ = 0;
};

}  // namespace tillhost::sumpd::exchange
