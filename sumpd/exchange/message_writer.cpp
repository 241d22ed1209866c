#include "hal/base/invariant.h"
#include "sumpd/exchange/json_codec.h"
#include "sumpd/exchange/message.h"
#include "sumpd/exchange/text_form.h"
#include "sumpd/exchange/xml_codec.h"

namespace tillhost::sumpd::exchange {
namespace {

std::string xml_head(const MessageHeader& header) {
    std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<SumpMessage xmlns=\"";
    text.append(kDataNamespace).append("\"");
    const auto attribute = [&](std::string_view name, std::string_view value) {
        text.append(" ").append(name).append("=\"").append(xml_escaped_attribute(value));
        text += '"';
    };
    attribute("From", header.from);
    attribute("To", header.to);
    attribute("MessageNo", std::to_string(header.message_no));
    attribute("AckNo", std::to_string(header.ack_no));
    attribute("CreatedAt", text_of(header.created_at));
    attribute("Format", header.format);
    attribute("Full", header.full ? "true" : "false");
    return text + ">\n";
}

}  // namespace

template <class T>
std::string MessageWriter::item(std::string_view name, const T& record) const {
    if (format_ == MessageFormat::xml) {
        // The namespace stands once, at the root.
        std::string text;
        XmlWriter writer(text);
        T copy = record;
        exchange::record(writer, name, copy);
        return text + '\n';
    }
    JsonWriter writer;
    T copy = record;
    exchange::record(writer, name, copy);
    return writer.take() + '\n';
}

std::string MessageWriter::head(const MessageHeader& header) const {
    INVARIANT(format_ != MessageFormat::unspecified);
    return format_ == MessageFormat::xml ? xml_head(header) : item("SumpMessage", header);
}

std::string MessageWriter::item(const Object& object) const { return item("Object", object); }
std::string MessageWriter::item(const MessageDocument& document) const {
    return item("Document", document);
}
std::string MessageWriter::item(const DocumentVerdict& verdict) const {
    return item("Result", verdict);
}

std::string MessageWriter::tail() const {
    return format_ == MessageFormat::xml ? "</SumpMessage>\n" : "";
}

}  // namespace tillhost::sumpd::exchange
