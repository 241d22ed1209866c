#include "ipc/client/tillctl/decode.h"

#include <utility>

#include "hal/drivers/drivers.h"
#include "ipc/client/tillctl/texts.h"
#include "ipc/json.h"

namespace tillhost::tillctl {
namespace {

using contract::Value;

constexpr int kIndent = 2;

device::Sender sender_of(const DecodeVerb& verb) {
    if (verb.from.empty()) {
        return device::Sender::unknown;
    }
    return verb.from == "device" ? device::Sender::device : device::Sender::host;
}

base::ByteView bytes_of(const DecodeVerb& verb, const device::DecodedField& field) {
    return base::ByteView(verb.bytes).subspan(field.offset, field.length);
}

Value json_of(const DecodeVerb& verb, const std::vector<device::DecodedField>& fields) {
    Value::Array list;
    for (const device::DecodedField& field : fields) {
        list.push_back(Value(Value::Map{{"offset", Value(static_cast<std::int64_t>(field.offset))},
                                        {"bytes", Value(base::to_hex(bytes_of(verb, field)))},
                                        {"name", Value(field.name)},
                                        {"value", Value(field.value)},
                                        {"problem", Value(field.problem)}}));
    }
    return Value(Value::Map{{"family", Value(verb.family)}, {"fields", Value(std::move(list))}});
}

}  // namespace

Exit decode(const DecodeVerb& verb, const Invocation& how, Console& console) {
    const drivers::DriverEntry* entry = drivers::find(verb.family);
    if (entry == nullptr || entry->decode == nullptr) {
        std::vector<std::string> known;
        for (const drivers::DriverEntry& one : drivers::all()) {
            if (one.decode != nullptr) {
                known.emplace_back(one.name);
            }
        }
        console.err(unknown_family_text(how.language, verb.family, known));
        return Exit::usage;
    }
    const auto fields = entry->decode(verb.bytes, sender_of(verb));
    if (how.json) {
        console.out(ipc::to_json(json_of(verb, fields), kIndent) + "\n");
        return Exit::done;
    }
    std::string text = field_heading(how.language);
    for (const device::DecodedField& field : fields) {
        const std::string value =
            field.problem.empty() ? field.value : field.value + "  !! " + field.problem;
        text += field_text(field.offset, bytes_of(verb, field), field.name, value);
    }
    console.out(text);
    return Exit::done;
}

}  // namespace tillhost::tillctl
