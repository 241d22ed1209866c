#include "hal/base/error.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace tillhost::base {
namespace {

struct Row {
    ErrorCode code;
    Reaction reaction;
    std::string_view name;
    std::string_view text;
};

constexpr auto kRows = std::to_array<Row>({
#define X(name, number, reaction, text) {ErrorCode::name, Reaction::reaction, #name, text},
#include "hal/base/error.def"
#undef X
});

const Row* find(ErrorCode code) {
    for (const Row& row : kRows) {
        if (row.code == code) {
            return &row;
        }
    }
    return nullptr;
}

}  // namespace

std::string_view name_of(ErrorCode code) {
    const Row* row = find(code);
    return row == nullptr ? "unspecified" : row->name;
}

std::string_view name_of(Reaction reaction) {
    switch (reaction) {
        case Reaction::unspecified: return "unspecified";
        case Reaction::reject: return "reject";
        case Reaction::ask_operator: return "ask_operator";
        case Reaction::retry_later: return "retry_later";
        case Reaction::reconnect: return "reconnect";
        case Reaction::report: return "report";
    }
    return "unspecified";
}

std::string_view name_of(Effect effect) {
    switch (effect) {
        case Effect::unspecified: return "unspecified";
        case Effect::none: return "none";
        case Effect::unknown: return "unknown";
    }
    return "unspecified";
}

std::string_view text_of(ErrorCode code) {
    const Row* row = find(code);
    return row == nullptr ? "no error code was given" : row->text;
}

Reaction reaction_of(ErrorCode code) {
    const Row* row = find(code);
    return row == nullptr ? Reaction::report : row->reaction;
}

std::optional<ErrorCode> error_code_from(std::uint64_t number) {
    for (const Row& row : kRows) {
        if (static_cast<std::uint64_t>(row.code) == number) {
            return row.code;
        }
    }
    return std::nullopt;
}

std::optional<ErrorCode> error_code_from(std::string_view name) {
    for (const Row& row : kRows) {
        if (row.name == name) {
            return row.code;
        }
    }
    return std::nullopt;
}

Error make_error(ErrorCode code, std::string detail, Effect effect, std::source_location where) {
    return Error{code, reaction_of(code), effect, std::move(detail), 0, where};
}

Error bad_field(std::string_view field, std::string_view expected, std::source_location where) {
    return make_error(ErrorCode::bad_field, fmt::format("{}: {}", field, expected), Effect::none,
                      where);
}

Error with_context(Error error, std::string_view context) {
    error.detail =
        error.detail.empty() ? std::string(context) : fmt::format("{}: {}", context, error.detail);
    return error;
}

std::string to_text(const Error& error) {
    std::string line = fmt::format("{}: {}", name_of(error.code),
                                   error.detail.empty() ? text_of(error.code) : error.detail);
    if (error.device_code != 0) {
        line += fmt::format(" (device code {:#04x})", error.device_code);
    }
    if (error.effect == Effect::unknown) {
        line += " [may have happened]";
    }
    return line;
}

}  // namespace tillhost::base
