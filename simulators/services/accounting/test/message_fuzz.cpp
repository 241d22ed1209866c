// Claim: what a neighbour reads from the server takes any bytes: an answer or an error. Shown by
// any bytes, as an answer in each envelope and as a message.
#include <cstddef>
#include <cstdint>

#include "simulators/services/accounting/message.h"
#include "simulators/services/exchange/caller.h"

namespace exchange = tillhost::simulators::exchange;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    for (const auto form : {exchange::Form::json, exchange::Form::xml, exchange::Form::soap11}) {
        for (const long status : {200L, 500L}) {
            static_cast<void>(exchange::decode_answer(form, "GetPart", {status, text}));
            static_cast<void>(exchange::decode_answer(form, "GetJob", {status, text}));
        }
    }
    static_cast<void>(tillhost::simulators::accounting::read_message(text));
    return 0;
}
