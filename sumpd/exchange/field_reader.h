#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sumpd/exchange/fault.h"
#include "sumpd/exchange/node.h"
#include "sumpd/exchange/visitor.h"

namespace tillhost::sumpd::exchange {

enum class Syntax : std::uint8_t { json, xml };

/// Fills records from a tree of either syntax, so that both have the same rules:
///
/// Fields may come in any order, and unknown ones are ignored; in XML also those of another
/// namespace than the record's. A field that is there twice is refused. null and xsi:nil are the
/// same as absent. A list is a JSON array, or the element repeated. In XML, blanks around numbers,
/// words and UUIDs do not count; in JSON they are refused.
///
/// The first fault is kept, with the path of the field in names of its syntax and elements counted
/// from 0 ("document[3].body.receipt.line[0].qty"), and words that say what would be right; it
/// never tells the value. Behind it no record is touched. The node must outlive the reader.
class FieldReader final : public FieldVisitor {
public:
    FieldReader(const Node& root, Syntax syntax);

    const std::optional<Fault>& fault() const { return fault_; }

    void value(std::string_view name, std::string& to, Length bound) override;
    void value(std::string_view name, Secret& to, Length bound) override;
    void value(std::string_view name, std::int64_t& to, Range bound) override;
    void value(std::string_view name, bool& to) override;
    void value(std::string_view name, Amount& to) override;
    void value(std::string_view name, Measure& to) override;
    void value(std::string_view name, Moment& to) override;
    void value(std::string_view name, Uuid& to) override;
    void value(std::string_view name, base::Bytes& to, std::size_t max) override;
    void enumerator(std::string_view name, int& to,
                    std::span<const std::string_view> names) override;
    bool optional(std::string_view name, bool is_there) override;
    std::size_t list(std::string_view name, std::size_t size, Count bound) override;
    void end_list() override;
    void begin_record(std::string_view name) override;
    void end_record() override;
    std::size_t one_of(std::string_view type, std::size_t now,
                       std::span<const std::string_view> names) override;

private:
    struct Frame {
        const Node* node = nullptr;
        std::string step{};  ///< of the path to it
    };
    struct List {
        std::size_t depth = 0;  ///< frames below it
        std::size_t next = 0;
        std::vector<const Node*> items{};
    };

    bool is_named(const Node& node, std::string_view name) const;
    std::string step_of(std::string_view name) const;
    bool in_list() const { return !lists_.empty() && lists_.back().depth == frames_.size(); }
    /// The only field of that name; nullptr where there is none or, with a fault, several.
    const Node* only(std::string_view name);
    /// The next element of the list that is open, or the field; a fault where there is none.
    /// `expected` makes the words that say what would be right, when they are needed.
    template <class Expected>
    const Node* take(std::string_view name, const Expected& expected);
    /// The same, as the text of a scalar; nothing with a fault.
    template <class Expected>
    std::optional<std::string_view> scalar(std::string_view name, Node::Kind kind,
                                           const Expected& expected);
    void fail(std::string_view name, std::string_view expected,
              FaultCode code = FaultCode::schema_invalid);
    template <class T>
    void read(std::string_view name, T& to, std::optional<T> (*from)(std::string_view),
              std::string_view expected);
    bool is_absent(const Node& node) const;

    Syntax syntax_;
    std::vector<Frame> frames_{};
    std::vector<List> lists_{};
    std::optional<Fault> fault_{};
};

}  // namespace tillhost::sumpd::exchange
