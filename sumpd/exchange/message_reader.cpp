#include <fmt/format.h>

#include <utility>

#include "sumpd/exchange/gunzip.h"
#include "sumpd/exchange/json_tree.h"
#include "sumpd/exchange/message.h"
#include "sumpd/exchange/message_items.h"
#include "sumpd/exchange/xml_tree.h"

namespace tillhost::sumpd::exchange {
namespace {

constexpr std::string_view kGzipMagic = "\x1F\x8B";
constexpr std::string_view kBom = "\xEF\xBB\xBF";
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kBlanksBeforeMax = 4096;  // in front of a message
constexpr TreeBounds kItemBounds{kItemBytesMax, 24, 128 * 1024, 256};

std::optional<Fault> too_long() {
    return Fault{.code = FaultCode::too_large,
                 .message = fmt::format("an item has at most {} bytes", kItemBytesMax)};
}
std::optional<Fault> broken(std::string message) {
    return Fault{.code = FaultCode::bad_request, .message = std::move(message)};
}

/// What a message is written in, behind gzip and told apart.
class Form {
public:
    virtual ~Form() = default;
    virtual std::optional<Fault> feed(std::string_view piece) = 0;
    virtual std::optional<Fault> finish() = 0;
};

class XmlForm final : public Form, private XmlEvents {
public:
    explicit XmlForm(MessageItems& items)
        : items_(items), tree_(kItemBounds), stream_(*this, kItemBounds.members_max) {}

    std::optional<Fault> feed(std::string_view piece) override {
        auto fault = stream_.feed(piece, false);
        // A single tag or comment that has not ended yet is kept by the parser.
        const bool kept = stream_.pending() > kItemBytesMax;
        return !fault && (kept || is_too_long()) ? too_long() : fault;
    }
    std::optional<Fault> finish() override { return stream_.feed({}, true); }

private:
    bool in_item() const { return tree_.is_open(); }
    bool is_too_long() const { return in_item() && stream_.at() - begun_ > kItemBytesMax; }

    std::optional<Fault> begin(Node element) override {
        if (is_too_long()) {
            return too_long();
        }
        if (depth_ == 0) {
            ++depth_;
            return begin_message(std::move(element));
        }
        if (!in_item()) {
            if (skipped_ > 0 || element.space != Space::data) {
                ++skipped_;  // another namespace's element is nobody's item
                return std::nullopt;
            }
            begun_ = stream_.at();
            items_.begin_item();
        }
        return tree_.begin(std::move(element));
    }
    void text(std::string_view piece) override {
        if (!is_too_long()) {
            tree_.text(piece);
        }
    }
    std::optional<Fault> end() override {
        if (is_too_long()) {
            return too_long();
        }
        if (in_item()) {
            if (!tree_.end()) {
                return std::nullopt;
            }
            const Node item = tree_.take();
            return items_.item(item.name, item, Syntax::xml);
        }
        skipped_ -= skipped_ > 0 ? 1 : 0;
        return std::nullopt;
    }
    std::optional<Fault> begin_message(Node root) {
        if (root.space != Space::data || root.name != "SumpMessage") {
            return broken(
                fmt::format("the root must be SumpMessage in namespace {}", uri_of(Space::data)));
        }
        for (Attribute& each : root.attributes) {
            if (each.space == Space::none) {
                root.children.push_back(Node{.kind = Node::Kind::element,
                                             .space = Space::data,
                                             .name = std::move(each.name),
                                             .text = std::move(each.value)});
            }
        }
        return items_.header(root, Syntax::xml);
    }

    MessageItems& items_;
    TreeBuilder tree_;
    XmlStream stream_;
    int depth_ = 0;
    std::int64_t skipped_ = 0;  ///< how deep inside foreign elements
    std::uint64_t begun_ = 0;   ///< where the item began, in bytes of the text
};

class LinesForm final : public Form {
public:
    explicit LinesForm(MessageItems& items) : items_(items) {}

    std::optional<Fault> feed(std::string_view piece) override {
        while (!piece.empty()) {
            const std::size_t end = piece.find('\n');
            const std::string_view now = piece.substr(0, end);
            if (line_.size() + now.size() > kItemBytesMax) {
                begin_line();
                return too_long();
            }
            line_ += now;
            piece.remove_prefix(end == std::string_view::npos ? piece.size() : end + 1);
            if (end != std::string_view::npos) {
                if (auto fault = end_line()) {
                    return fault;
                }
            }
        }
        return std::nullopt;
    }
    std::optional<Fault> finish() override {
        auto fault = end_line();
        return !fault && !headed_ ? broken("the message is empty") : fault;
    }

private:
    void begin_line() {
        if (headed_) {
            items_.begin_item();
        }
    }
    std::optional<Fault> end_line() {
        const std::string line = std::exchange(line_, {});
        if (line.find_first_not_of(kBlanks) == std::string::npos) {
            return std::nullopt;
        }
        begin_line();
        const Outcome<Node> tree = json_tree(line, kItemBounds);
        if (!tree) {
            return tree.error();
        }
        if (tree->kind != Node::Kind::map || tree->children.size() != 1 ||
            tree->children[0].name.empty()) {
            return broken("right is an object with one name, as {\"object\":{…}}");
        }
        const Node& only = tree->children[0];
        if (!headed_) {
            headed_ = true;
            return only.name == "sumpMessage"
                       ? items_.header(only, Syntax::json)
                       : broken("the first line must be {\"sumpMessage\":{…}}");
        }
        std::string name = only.name;
        if (name.front() >= 'a' && name.front() <= 'z') {
            name.front() = static_cast<char>(name.front() - 'a' + 'A');
        }
        return items_.item(name, only, Syntax::json);
    }

    MessageItems& items_;
    std::string line_{};
    bool headed_ = false;
};

}  // namespace

class MessageReader::Machine final {
public:
    explicit Machine(MessageEvents& events) : items_(events) {}

    std::optional<Fault> feed(std::string_view piece) {
        if (!fault_) {
            keep(packed(piece));
        }
        return fault_;
    }
    std::optional<Fault> finish() {
        if (!fault_) {
            keep(finished());
        }
        return fault_;
    }
    std::int64_t items() const { return items_.items(); }

private:
    void keep(std::optional<Fault> fault) {
        if (fault) {
            fault_ = items_.placed(std::move(*fault));
        }
    }
    /// Bytes as they come: the first two say whether they are packed.
    std::optional<Fault> packed(std::string_view piece) {
        if (gunzip_) {
            return gunzip_->feed(piece, [this](std::string_view out) { return plain(out); });
        }
        if (is_plain_) {
            return plain(piece);
        }
        held_ += piece;
        if (held_.size() < kGzipMagic.size()) {
            return std::nullopt;
        }
        const std::string first = std::exchange(held_, {});
        if (first.starts_with(kGzipMagic)) {
            gunzip_.emplace(Gunzip::Bounds{kMessageBytesMax, kMessageRatioMax});
        } else {
            is_plain_ = true;
        }
        return packed(first);
    }
    /// Unpacked bytes: the first that is neither BOM nor blank says which form they have.
    std::optional<Fault> plain(std::string_view piece) {
        bytes_ += static_cast<std::int64_t>(piece.size());
        if (bytes_ > kMessageBytesMax) {
            return Fault{.code = FaultCode::too_large,
                         .message = fmt::format("at most {} bytes", kMessageBytesMax)};
        }
        if (form_) {
            return form_->feed(piece);
        }
        held_ += piece;
        const std::size_t bom = held_.starts_with(kBom) ? kBom.size() : 0;
        const std::size_t first = held_.find_first_not_of(kBlanks, bom);
        if (first == std::string::npos || (bom == 0 && kBom.starts_with(held_))) {
            return held_.size() > kBlanksBeforeMax ? broken("this is no message") : std::nullopt;
        }
        if (held_[first] == '<') {
            form_ = std::make_unique<XmlForm>(items_);
        } else if (held_[first] == '{') {
            form_ = std::make_unique<LinesForm>(items_);
        } else {
            return broken("this is no message: right is XML or NDJSON, also as gzip");
        }
        const std::string begin = std::exchange(held_, {});
        return form_->feed(std::string_view(begin).substr(bom));
    }
    std::optional<Fault> finished() {
        if (!gunzip_ && !is_plain_ && !held_.empty()) {
            return broken("this is no message");
        }
        if (gunzip_ && !gunzip_->is_whole()) {
            return broken("the gzip is cut");
        }
        return form_ ? form_->finish() : broken("the message is empty");
    }

    MessageItems items_;
    std::optional<Fault> fault_{};
    std::optional<Gunzip> gunzip_{};
    bool is_plain_ = false;
    std::string held_{};  ///< until it is told apart
    std::int64_t bytes_ = 0;
    std::unique_ptr<Form> form_{};
};

MessageReader::MessageReader(MessageEvents& events) : machine_(std::make_unique<Machine>(events)) {}
MessageReader::~MessageReader() = default;
std::optional<Fault> MessageReader::feed(std::string_view piece) { return machine_->feed(piece); }
std::optional<Fault> MessageReader::finish() { return machine_->finish(); }
std::int64_t MessageReader::items() const { return machine_->items(); }

}  // namespace tillhost::sumpd::exchange
