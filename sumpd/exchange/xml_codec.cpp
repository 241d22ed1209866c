#include "sumpd/exchange/xml_codec.h"

#include "hal/base/invariant.h"
#include "sumpd/exchange/text_form.h"

namespace tillhost::sumpd::exchange {

std::string xml_escaped(std::string_view text) {
    std::string escaped;
    const std::string carried = made_carried(text);
    escaped.reserve(carried.size());
    for (const char c : carried) {
        switch (c) {
            case '&': escaped += "&amp;"; break;
            case '<': escaped += "&lt;"; break;
            case '>': escaped += "&gt;"; break;
            case '\r': escaped += "&#13;"; break;
            default: escaped += c;
        }
    }
    return escaped;
}

std::string xml_escaped_attribute(std::string_view text) {
    std::string escaped;
    for (const char c : xml_escaped(text)) {
        switch (c) {
            case '"': escaped += "&quot;"; break;
            case '\n': escaped += "&#10;"; break;
            case '\t': escaped += "&#9;"; break;
            default: escaped += c;
        }
    }
    return escaped;
}

void XmlWriter::element(std::string_view name, std::string_view ready) {
    text_.append("<").append(name).append(">").append(ready);
    text_.append("</").append(name).append(">");
}

void XmlWriter::value(std::string_view name, std::string& to, Length) {
    element(name, xml_escaped(to));
}
void XmlWriter::value(std::string_view name, Secret& to, Length) {
    element(name, xml_escaped(to.text));
}
void XmlWriter::value(std::string_view name, std::int64_t& to, Range) {
    element(name, std::to_string(to));
}
void XmlWriter::value(std::string_view name, bool& to) { element(name, to ? "true" : "false"); }
void XmlWriter::value(std::string_view name, Amount& to) { element(name, text_of(to)); }
void XmlWriter::value(std::string_view name, Measure& to) { element(name, text_of(to)); }
void XmlWriter::value(std::string_view name, Moment& to) { element(name, text_of(to)); }
void XmlWriter::value(std::string_view name, Uuid& to) { element(name, xml_escaped(to.text)); }
void XmlWriter::value(std::string_view name, base::Bytes& to, std::size_t) {
    element(name, base64_of(to));
}

void XmlWriter::enumerator(std::string_view name, int& to,
                           std::span<const std::string_view> names) {
    INVARIANT(to >= 1 && static_cast<std::size_t>(to) <= names.size());
    element(name, names[static_cast<std::size_t>(to) - 1]);
}

bool XmlWriter::optional(std::string_view, bool is_there) { return is_there; }
std::size_t XmlWriter::list(std::string_view, std::size_t size, Count) { return size; }

void XmlWriter::begin_record(std::string_view name) {
    text_.append("<").append(name).append(">");
    open_.emplace_back(name);
}

void XmlWriter::end_record() {
    text_.append("</").append(open_.back()).append(">");
    open_.pop_back();
}

std::size_t XmlWriter::one_of(std::string_view, std::size_t now,
                              std::span<const std::string_view>) {
    return now;
}

}  // namespace tillhost::sumpd::exchange
