// Any stream, torn anywhere, gives the same answers, and each of its bytes is told by one of them.
#include "hal/drivers/printer/escpos/answers.h"

#include "hal/base/invariant.h"
#include "hal/drivers/printer/escpos/decode.h"
#include "hal/drivers/printer/escpos/errors.h"

namespace {

using namespace tillhost;
using namespace tillhost::drivers::escpos;

std::vector<Answer> take_all(AnswerReader& reader) {
    std::vector<Answer> answers;
    while (auto answer = reader.take()) {
        if (const auto* told = std::get_if<StatusTold>(&*answer)) {
            State state;
            take_told(state, *told);
            static_cast<void>(obstacle_of(state));
        }
        answers.push_back(std::move(*answer));
    }
    return answers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    AnswerReader whole;
    whole.add(bytes);
    const auto expected = take_all(whole);
    const std::size_t cut = size == 0 ? 0 : data[0] % size;
    AnswerReader torn;
    torn.add(bytes.first(cut));
    auto answers = take_all(torn);
    torn.add(bytes.subspan(cut));
    for (Answer& answer : take_all(torn)) {
        answers.push_back(std::move(answer));
    }
    INVARIANT(answers == expected);
    for (const auto sender :
         {device::Sender::unknown, device::Sender::host, device::Sender::device}) {
        std::size_t next = 0;
        for (const auto& field : decode(bytes, sender)) {
            INVARIANT(field.offset == next && field.length > 0);
            next += field.length;
        }
        INVARIANT(next == size);
    }
    return 0;
}
