#include "sumpd/exchange/fault.h"

#include <array>

namespace tillhost::sumpd::exchange {

namespace {

enum class Blame : std::uint8_t { sender, receiver };

struct Row {
    std::string_view name;
    int http;
    Blame blame;
    bool retryable;
};

constexpr std::array kRows = {
    Row{"unspecified", 500, Blame::receiver, false},
#define X(name, http, fault, retryable) Row{#name, http, Blame::fault, retryable},
#include "sumpd/exchange/fault.def"
#undef X
};

constexpr auto kNames = [] {
    std::array<std::string_view, kRows.size() - 1> names{};
    for (std::size_t i = 0; i < names.size(); ++i) {
        names[i] = kRows[i + 1].name;
    }
    return names;
}();

const Row& row_of(FaultCode code) { return kRows[static_cast<std::size_t>(code)]; }

}  // namespace

std::span<const std::string_view> names_of(FaultCode) { return kNames; }

std::string_view name_of(FaultCode code) { return row_of(code).name; }

std::optional<FaultCode> fault_code_from(std::string_view name) {
    for (std::size_t i = 1; i < kRows.size(); ++i) {
        if (kRows[i].name == name) {
            return static_cast<FaultCode>(i);
        }
    }
    return std::nullopt;
}

int http_status_of(FaultCode code) { return row_of(code).http; }
bool is_senders(FaultCode code) { return row_of(code).blame == Blame::sender; }
bool is_retryable(FaultCode code) { return row_of(code).retryable; }

void fields(FieldVisitor& v, Fault& x) {
    choice(v, "Code", x.code);
    v.value("Message", x.message, Length{0, 2048});
    bool retryable = is_retryable(x.code);  // told on the wire, known here from the code
    v.value("Retryable", retryable);
    maybe(v, "RetryAfterMs", x.retry_after_ms, Range{0, 86'400'000});
    maybe(v, "Field", x.field, Length{1, 512});
    v.value("RequestId", x.request_id, Length{0, 128});
}

}  // namespace tillhost::sumpd::exchange
