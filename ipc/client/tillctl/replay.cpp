#include "ipc/client/tillctl/replay.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/drivers/drivers.h"
#include "hal/os/files.h"
#include "hal/transport/recording.h"
#include "hal/transport/redactor.h"
#include "ipc/client/tillctl/texts.h"
#include "ipc/json.h"

namespace tillhost::tillctl {
namespace {

using contract::Value;
using transport::Event;
using transport::EventKind;
using transport::kHidden;
using transport::Recording;

constexpr int kIndent = 2;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

/// What is decoded as one: events of one direction that follow each other. A frame that came in
/// two pieces stands together, at the time of its first.
struct Stretch {
    const Event* first = nullptr;
    const Event* last = nullptr;
    base::Bytes bytes{};
};

std::vector<Stretch> stretches_of(const Recording& recording) {
    std::vector<Stretch> all;
    for (const Event& event : recording.events) {
        const bool moves = event.kind == EventKind::read || event.kind == EventKind::write;
        const bool goes_on = moves && !all.empty() && all.back().first->kind == event.kind &&
                             !all.back().last->error;
        if (!goes_on) {
            all.push_back({&event, &event, {}});
        }
        all.back().last = &event;
        all.back().bytes.insert(all.back().bytes.end(), event.bytes.begin(), event.bytes.end());
    }
    return all;
}

std::string_view who(EventKind kind) {
    if (kind == EventKind::write) {
        return "host";
    }
    return kind == EventKind::read ? "device" : transport::name_of(kind);
}

std::string outcome_of(const Stretch& stretch) {
    return stretch.last->error ? std::string(base::name_of(stretch.last->error->code)) : "";
}

std::string seconds_of(const Stretch& stretch) {
    const std::int64_t ns = stretch.first->at.count();
    return fmt::format("{}.{:06}", ns / kNsPerSecond, ns % kNsPerSecond / 1000);
}

std::string started_text(const Recording& recording) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z",
                       fmt::gmtime(static_cast<std::time_t>(recording.started_ms / 1000)));
}

std::vector<device::DecodedField> fields_of(device::FrameDecoder decode, const Stretch& stretch) {
    if (stretch.bytes.empty()) {
        return {};
    }
    if (decode == nullptr) {
        return {{0, stretch.bytes.size(), "bytes", "", ""}};
    }
    const bool host = stretch.first->kind == EventKind::write;
    return decode(stretch.bytes, host ? device::Sender::host : device::Sender::device);
}

/// What was made of the placeholders of a recording is no value.
bool is_hidden(base::ByteView bytes) {
    return !bytes.empty() && std::count(bytes.begin(), bytes.end(), kHidden) ==
                                 static_cast<std::ptrdiff_t>(bytes.size());
}

void show(Language language, const Recording& recording, device::FrameDecoder decode,
          Console& console) {
    std::string text =
        recording_heading(language, recording.driver, started_text(recording), recording.full);
    text +=
        decode == nullptr ? no_decoder_text(language, recording.driver) : field_heading(language);
    for (const Stretch& stretch : stretches_of(recording)) {
        text += call_text(seconds_of(stretch), who(stretch.first->kind), outcome_of(stretch));
        for (const auto& field : fields_of(decode, stretch)) {
            const auto bytes = base::ByteView(stretch.bytes).subspan(field.offset, field.length);
            const std::string problem = field.problem.empty() ? "" : "  !! " + field.problem;
            text += field_text(field.offset, bytes, field.name,
                               (is_hidden(bytes) ? "" : field.value) + problem, kHidden);
        }
        console.out(std::exchange(text, ""));
    }
    console.out(text);
}

Value json_of(const Recording& recording, device::FrameDecoder decode) {
    Value::Array calls;
    for (const Stretch& stretch : stretches_of(recording)) {
        Value::Array fields;
        for (const auto& field : fields_of(decode, stretch)) {
            fields.push_back(Value(Value::Map{{"name", Value(field.name)},
                                              {"value", Value(field.value)},
                                              {"problem", Value(field.problem)}}));
        }
        calls.push_back(
            Value(Value::Map{{"at_us", Value(std::int64_t{stretch.first->at.count() / 1000})},
                             {"call", Value(std::string(who(stretch.first->kind)))},
                             {"bytes", Value(base::to_hex(stretch.bytes))},
                             {"error", Value(outcome_of(stretch))},
                             {"fields", Value(std::move(fields))}}));
    }
    return Value(Value::Map{{"driver", Value(recording.driver)},
                            {"started_ms", Value(recording.started_ms)},
                            {"full", Value(recording.full)},
                            {"calls", Value(std::move(calls))}});
}

base::Result<std::vector<Recording>> read(const std::string& path) {
    const base::Bytes bytes = TRY(os::read_file(path, transport::kRecordingBytesMax));
    return transport::parse_recordings(base::string_of(bytes));
}

}  // namespace

Exit replay(const ReplayVerb& verb, const Invocation& how, Console& console) {
    const auto recordings = read(verb.path);
    if (!recordings) {
        console.err(error_text(how.language, base::with_context(recordings.error(), verb.path)));
        return Exit::usage;
    }
    Value::Array list;
    for (const Recording& recording : *recordings) {
        const drivers::DriverEntry* entry = drivers::find(recording.driver);
        const device::FrameDecoder decode = entry == nullptr ? nullptr : entry->decode;
        if (how.json) {
            list.push_back(json_of(recording, decode));
        } else {
            show(how.language, recording, decode, console);
        }
    }
    if (how.json) {
        console.out(ipc::to_json(Value(std::move(list)), kIndent) + "\n");
    }
    return Exit::done;
}

}  // namespace tillhost::tillctl
