#include "simulators/services/accounting/message.h"

#include <fmt/format.h>

#include "hal/base/bytes.h"

namespace tillhost::simulators::accounting {
namespace {

using base::ErrorCode;

constexpr std::size_t kWriteBytes = 256UL * 1024;

std::string xml_head(const MessageHeader& header, bool bom) {
    using exchange::xml_escaped;
    return fmt::format(
        "{}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<SumpMessage xmlns=\"urn:sumpd:data:1\" "
        "From=\"{}\" To=\"{}\" MessageNo=\"{}\" AckNo=\"{}\" CreatedAt=\"{}\" Format=\"1.0\" "
        "Full=\"{}\">\n",
        bom ? "\xEF\xBB\xBF" : "", xml_escaped(header.from), xml_escaped(header.to),
        header.message_no, header.ack_no, header.created_at, header.full);
}

std::string json_head(const MessageHeader& header) {
    Value fields;
    fields.set("from", header.from).set("to", header.to).set("messageNo", header.message_no);
    fields.set("ackNo", header.ack_no).set("createdAt", header.created_at);
    fields.set("format", "1.0").set("full", header.full);
    return json_of(Value().set("sumpMessage", fields)) + "\n";
}

std::string element_name(std::string_view name) { return name == "object" ? "Object" : "Result"; }

base::Result<ShopMessage> read_lines(std::string_view text) {
    ShopMessage message;
    bool headed = false;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty()) {
            continue;
        }
        const Value item = TRY(exchange::parse_json(line));
        if (const Value* header = item.find("sumpMessage")) {
            message.message_no = header->number_of("messageNo");
            message.ack_no = header->number_of("ackNo");
            headed = true;
        } else if (const Value* document = item.find("document")) {
            message.documents.push_back(*document);
        }
    }
    if (!headed) {
        return base::make_error(ErrorCode::malformed, "a message without a header");
    }
    return message;
}

}  // namespace

base::Result<std::unique_ptr<MessageFile>> MessageFile::create(const std::string& path,
                                                               const MessageForm& form,
                                                               const MessageHeader& header) {
    auto file = TRY(os::FileWriter::create(path));
    std::unique_ptr<Gzip> gzip;
    if (form.gzip) {
        gzip = TRY(Gzip::create());
    }
    std::unique_ptr<MessageFile> message(new MessageFile(form, std::move(file), std::move(gzip)));
    TRY(message->put(form.xml ? xml_head(header, form.bom) : json_head(header), false));
    return message;
}

base::Done MessageFile::item(std::string_view name, const Value& item) {
    return put((form_.xml ? exchange::xml_of(element_name(name), item)
                          : exchange::json_of(Value().set(name, item))) +
                   "\n",
               false);
}

base::Done MessageFile::finish() {
    TRY(put(form_.xml ? "</SumpMessage>\n" : "", true));
    TRY(file_->finish());
    sha256_ = sum_.take_hex();
    return {};
}

base::Done MessageFile::put(std::string_view text, bool last) {
    waiting_ += text;
    if (waiting_.size() < kWriteBytes && !last) {
        return {};
    }
    const base::Bytes bytes = base::bytes_of(gzip_ ? gzip_->add(waiting_, last) : waiting_);
    waiting_.clear();
    sum_.add(bytes);
    bytes_ += static_cast<std::int64_t>(bytes.size());
    return file_->write(bytes);
}

base::Result<ShopMessage> read_message(std::string_view text) {
    if (!text.empty() && text.front() == '{') {
        return read_lines(text);
    }
    const exchange::Element root = TRY(exchange::parse_xml(text));
    if (root.name != "SumpMessage") {
        return base::make_error(ErrorCode::malformed, "no SumpMessage");
    }
    ShopMessage message{.message_no = root.attributes.number_of("messageNo"),
                        .ack_no = root.attributes.number_of("ackNo")};
    const auto documents = root.content.all("document");
    message.documents.assign(documents.begin(), documents.end());
    return message;
}

}  // namespace tillhost::simulators::accounting
