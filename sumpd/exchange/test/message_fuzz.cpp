// Any bytes are a message or a fault, and the same in one piece as in many.
#include <cstdint>
#include <string>

#include "hal/base/invariant.h"
#include "sumpd/exchange/json_codec.h"
#include "sumpd/exchange/message.h"

namespace tillhost::sumpd::exchange {
namespace {

/// Keeps what it is told, as text.
class Recorder final : public MessageEvents {
public:
    std::optional<Fault> header(const MessageHeader& header) override {
        return add(to_json(header));
    }
    std::optional<Fault> object(std::int64_t, Object object) override {
        return add(to_json(std::move(object)));
    }
    std::optional<Fault> document(std::int64_t, MessageDocument document) override {
        return add(to_json(std::move(document)));
    }
    std::optional<Fault> verdict(std::int64_t, DocumentVerdict verdict) override {
        return add(to_json(std::move(verdict)));
    }
    std::optional<Fault> refused(RefusedItem item) override {
        return add(item.kind + item.id + item.fault.message);
    }
    std::string told{};

private:
    std::optional<Fault> add(const std::string& text) {
        told += text;
        return std::nullopt;
    }
};

struct Reading {
    std::string told;
    bool refused = false;
};

Reading read(std::string_view text, std::size_t piece) {
    Recorder recorder;
    MessageReader reader(recorder);
    while (!text.empty()) {
        const std::string_view now = text.substr(0, piece);
        text.remove_prefix(now.size());
        if (reader.feed(now)) {
            break;
        }
    }
    const bool refused = reader.finish().has_value();
    return {recorder.told, refused};
}

}  // namespace
}  // namespace tillhost::sumpd::exchange

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost::sumpd::exchange;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Reading whole = read(text, text.size() + 1);
    const Reading pieces = read(text, 7);
    INVARIANT(whole.refused == pieces.refused);
    INVARIANT(whole.told == pieces.told);
    return 0;
}
