#include "hal/drivers/printer/escpos/errors.h"

namespace tillhost::drivers::escpos {
namespace {

struct Row {
    bool State::*field;
    Obstacle obstacle;
};
constexpr Row kRows[] = {
#define X(field, code, text) {&State::field, {base::ErrorCode::code, text}},
#include "hal/drivers/printer/escpos/errors.def"
#undef X
};

}  // namespace

std::optional<Obstacle> obstacle_of(const State& state) {
    for (const Row& row : kRows) {
        if (state.*row.field) {
            return row.obstacle;
        }
    }
    return std::nullopt;
}

}  // namespace tillhost::drivers::escpos
