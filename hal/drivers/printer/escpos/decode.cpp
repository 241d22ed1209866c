#include "hal/drivers/printer/escpos/decode.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/drivers/printer/escpos/answers.h"
#include "hal/drivers/printer/escpos/errors.h"
#include "hal/drivers/printer/escpos/host_commands.h"
#include "hal/drivers/printer/escpos/protocol.h"

namespace tillhost::drivers::escpos {
namespace {

using base::ByteView;
using device::DecodedField;
using Fields = std::vector<DecodedField>;

std::string words_of(const State& state) {
    const auto obstacle = obstacle_of(state);
    std::string words(obstacle ? obstacle->text : "no error");
    words += state.paper_near_end ? "; the paper is nearly out" : "";
    words += state.drawer_high ? "; drawer pin high" : "";
    return words;
}

/// One byte of DLE EOT may answer four questions; who is not told which is told what each would be.
std::string words_of_now(std::byte value) {
    std::string words;
    for (int n = 1; n <= 4; ++n) {
        State state;
        take_now(state, n, value);
        words += fmt::format("{}{}: {}", words.empty() ? "" : " · ", n, words_of(state));
    }
    return words;
}

struct Explain {
    DecodedField& field;

    void say(std::string name, std::string value, std::string problem = {}) const {
        field.name = std::move(name);
        field.value = std::move(value);
        field.problem = std::move(problem);
    }
    void operator()(const StatusNow& status) const { say("status", words_of_now(status.value)); }
    void operator()(const StatusInTurn& status) const {
        State state;
        take_in_turn(state, 1, status.value);
        say("status_in_turn", words_of(state));
    }
    void operator()(const StatusTold& told) const {
        State state;
        take_told(state, told);
        say("status_told", words_of(state));
    }
    void operator()(const MarkSeen& mark) const { say("printed", mark.id); }
    void operator()(const Named& named) const { say("name", named.text); }
    void operator()(const Block& block) const { say("block", base::to_hex(block.bytes)); }
    void operator()(const Pace& pace) const { say("pace", pace.stop ? "stop" : "go on"); }
    void operator()(const Junk&) const { say("junk", "", "it is no answer"); }
};

Fields answers_of(ByteView bytes) {
    Fields fields;
    for (std::size_t at = 0; at < bytes.size();) {
        const AnswerFound found = find_answer(bytes.subspan(at));
        DecodedField& field = fields.emplace_back();
        field.offset = at;
        field.length = found.length == 0 ? bytes.size() - at : found.length;
        if (found.answer) {
            std::visit(Explain{field}, *found.answer);
        } else {
            Explain{field}.say("answer", "", "its rest is missing");
        }
        at += field.length;
    }
    return fields;
}

Fields commands_of(ByteView bytes) {
    Fields fields;
    for (std::size_t at = 0; at < bytes.size();) {
        const ByteView rest = bytes.subspan(at);
        const HostCommand found = find_command(rest);
        DecodedField& field = fields.emplace_back();
        field.offset = at;
        if (found.length == 0) {
            field.length = rest.size();
            field.name = "command";
            field.problem = "its rest is missing";
            return fields;
        }
        field.name = found.name;
        field.problem = found.name == "junk" ? "it begins no command" : "";
        const bool has_data = found.data_from < found.length;
        field.length = has_data && found.data_from > 0 ? found.data_from : found.length;
        if (found.name != "text" && found.name != "junk") {
            field.value = base::to_hex(rest.first(field.length));
        }
        if (field.length < found.length) {
            const std::size_t length = found.length - field.length;
            fields.push_back(
                {at + found.data_from, length, "data", fmt::format("{} bytes", length), ""});
        } else if (found.name == "text") {
            field.value = fmt::format("{} characters", found.length);
        }
        at += found.length;
    }
    return fields;
}

bool is_sound(const Fields& fields) {
    return std::all_of(fields.begin(), fields.end(),
                       [](const DecodedField& field) { return field.problem.empty(); });
}

}  // namespace

Fields decode(ByteView bytes, device::Sender sender) {
    switch (sender) {
        case device::Sender::host: return commands_of(bytes);
        case device::Sender::device: return answers_of(bytes);
        case device::Sender::unknown: break;
    }
    Fields answers = answers_of(bytes);
    Fields commands = commands_of(bytes);
    return is_sound(answers) || !is_sound(commands) ? answers : commands;
}

}  // namespace tillhost::drivers::escpos
