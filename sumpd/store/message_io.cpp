#include "sumpd/store/message_io.h"

#include <fmt/format.h>

#include "sumpd/exchange/json_codec.h"

// TODO(before-release): only NDJSON without gzip stands here until the message codec of
// sumpd/exchange (XML, gzip) takes its place.
namespace tillhost::sumpd::store {
namespace {

using exchange::Count;
using exchange::FieldVisitor;
using exchange::Outcome;

constexpr std::size_t kLineMax = 1024 * 1024;

struct Line {
    std::optional<exchange::Object> object{};
    std::optional<exchange::DocumentVerdict> result{};
};
void fields(FieldVisitor& v, Line& x) {
    exchange::maybe_record(v, "Object", x.object);
    exchange::maybe_record(v, "Result", x.result);
}

}  // namespace

void fields(FieldVisitor& v, MessageHead& x) {
    v.value("From", x.from, {0, exchange::kReferenceMax});
    v.value("To", x.to, {0, exchange::kReferenceMax});
    v.value("MessageNo", x.message_no, {0, exchange::kMessageNoMax});
    v.value("AckNo", x.ack_no, {0, exchange::kMessageNoMax});
    v.value("CreatedAt", x.created_at);
    v.value("Full", x.full);
}

namespace {

class LinesInput final : public MessageInput {
public:
    explicit LinesInput(ItemSink& sink) : sink_(sink) {}

    Outcome<void> feed(base::ByteView bytes) override {
        held_ += base::string_of(bytes);
        std::size_t from = 0;
        for (std::size_t end = held_.find('\n'); end != std::string::npos;
             end = held_.find('\n', from)) {
            if (auto taken = take(std::string_view(held_).substr(from, end - from)); !taken) {
                return taken;
            }
            from = end + 1;
        }
        held_.erase(0, from);
        if (held_.size() > kLineMax) {
            return exchange::refuse(exchange::FaultCode::too_large, "an item is too long");
        }
        return {};
    }
    Outcome<void> finish() override {
        if (!held_.empty() || lines_ == 0) {
            return exchange::refuse(exchange::FaultCode::bad_request, "the message is cut");
        }
        return {};
    }

private:
    Outcome<void> take(std::string_view text) {
        if (lines_++ == 0) {
            const auto head = exchange::from_json<MessageHead>(text);
            return head ? sink_.head(*head) : tl::unexpected(head.error());
        }
        auto line = exchange::from_json<Line>(text);
        if (!line) {
            return sink_.wrong(
                {.code = line.error().code,
                 .message = fmt::format("item {}: {}", lines_ - 1, line.error().message)});
        }
        if (line->object) {
            return sink_.object(std::move(*line->object));
        }
        return line->result ? sink_.verdict(std::move(*line->result)) : Outcome<void>();
    }

    ItemSink& sink_;
    std::string held_{};
    std::int64_t lines_ = 0;
};

class LinesOutput final : public MessageOutput {
public:
    std::string begin(const MessageHead& head) override { return exchange::to_json(head) + "\n"; }
    Outcome<std::string> item(const SentDocument& document) override {
        return fmt::format("{{\"document\":{},\"deviceId\":\"{}\"}}\n", document.body,
                           document.device_id);
    }
    std::string end() override { return ""; }
};

}  // namespace

std::unique_ptr<MessageInput> message_input(ItemSink& sink) {
    return std::make_unique<LinesInput>(sink);
}
std::unique_ptr<MessageOutput> message_output(exchange::MessageFormat /*format*/) {
    return std::make_unique<LinesOutput>();
}

}  // namespace tillhost::sumpd::store
