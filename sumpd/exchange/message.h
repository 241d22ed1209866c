#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sumpd/exchange/documents.h"
#include "sumpd/exchange/fault.h"
#include "sumpd/exchange/objects.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/exchange/visitor.h"

// The message inside the parts, of either direction: a header and items, as XML or NDJSON
// (docs/formats/exchange-message.md). Written and read item by item, so that memory does not depend
// on how long it is.
namespace tillhost::sumpd::exchange {

inline constexpr std::size_t kFlagsMax = 16;  ///< of one document
inline constexpr std::string_view kMessageVersion = "1.0";
inline constexpr std::size_t kItemBytesMax = 1024 * 1024;
inline constexpr std::int64_t kMessageBytesMax = std::int64_t{4} << 30;  ///< unpacked
inline constexpr std::int64_t kMessageRatioMax = 200;                    ///< of gzip

struct MessageHeader {
    std::string from{};  ///< node of the sender
    std::string to{};
    std::int64_t message_no = 0;
    std::int64_t ack_no = 0;  ///< the highest number of the other side that is applied here
    Moment created_at{};
    std::string format{kMessageVersion};  ///< readers take any "1.x"
    bool full = false;                    ///< what is not in it is deleted
    friend bool operator==(const MessageHeader&, const MessageHeader&) = default;
};
void fields(FieldVisitor& v, MessageHeader& x);

/// A document with what the server knows of it; on the wire all stand in one element Document.
struct MessageDocument {
    Document document{};
    std::optional<Uuid> device_id{};
    std::optional<std::string> device_name{};
    std::optional<Moment> received_at{};  ///< by the server's clock
    /// Limits of the user's role that it breaks: names of permissions, "user.unknown",
    /// "user.store".
    std::vector<std::string> flags{};
    friend bool operator==(const MessageDocument&, const MessageDocument&) = default;
};
void fields(FieldVisitor& v, MessageDocument& x);

/// Makes the text of a message: head, any number of items, tail. Pure; the same calls make the same
/// bytes. The caller sees to it that an item is at most kItemBytesMax and puts the texts one behind
/// the other.
class MessageWriter final {
public:
    explicit MessageWriter(MessageFormat format) : format_(format) {}

    std::string head(const MessageHeader& header) const;
    std::string item(const Object& object) const;
    std::string item(const MessageDocument& document) const;
    std::string item(const DocumentVerdict& verdict) const;
    std::string tail() const;

private:
    template <class T>
    std::string item(std::string_view name, const T& record) const;

    MessageFormat format_;
};

/// An item that could not be taken; the others are.
struct RefusedItem {
    std::int64_t number = 0;  ///< from 1 in the message
    std::string kind{};       ///< as the sender named it, cut to kReferenceMax bytes; may be empty
    std::string id{};         ///< of an object or document, cut to 2 * kReferenceMax; may be empty
    Fault fault{};            ///< schema_invalid, or unsupported_kind
};

/// Gets what a message consists of. A method that returns a fault ends the reading with it.
class MessageEvents {
public:
    virtual ~MessageEvents() = default;
    /// Once, before all items.
    virtual std::optional<Fault> header(const MessageHeader& header) = 0;
    /// An object whose kind is known and fits its body; a deleted one has no body.
    virtual std::optional<Fault> object(std::int64_t number, Object object) = 0;
    virtual std::optional<Fault> document(std::int64_t number, MessageDocument document) = 0;
    virtual std::optional<Fault> verdict(std::int64_t number, DocumentVerdict verdict) = 0;
    virtual std::optional<Fault> refused(RefusedItem item) = 0;
};

/// Reads a message in pieces of any size. Told apart by their first bytes: gzip around it, XML (in
/// the encodings of XmlStream) and NDJSON; a BOM is skipped. Needs memory for about two items.
class MessageReader final {
public:
    /// The events must outlive the reader.
    explicit MessageReader(MessageEvents& events);
    ~MessageReader();
    MessageReader(const MessageReader&) = delete;
    MessageReader& operator=(const MessageReader&) = delete;

    /// Refused: bad_request where it is no message, is damaged or comes too deep; schema_invalid
    /// for a header that is wrong; unsupported_version for its format; too_large beyond a bound;
    /// and what the events refuse. The text begins with the item's number, "item 17: ", counted
    /// from 1; before the first item with "header: ". After the first fault the same again.
    std::optional<Fault> feed(std::string_view piece);
    /// Says that nothing follows. Refused: what feed() refuses; bad_request where the end is
    /// missing. NDJSON that is cut between lines cannot be told; the message's hash tells it.
    std::optional<Fault> finish();

    /// Items that were read so far, the refused among them.
    std::int64_t items() const;

private:
    class Machine;
    std::unique_ptr<Machine> machine_;
};

}  // namespace tillhost::sumpd::exchange
