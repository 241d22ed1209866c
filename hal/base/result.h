#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "hal/base/error.h"
#include "hal/base/invariant.h"

namespace tillhost::base {

/// A value, or the reason why there is none. It cannot be dropped unread.
/// When the project moves to C++23, only this header changes.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using tl::expected<T, Error>::expected;
    Result(Error error) : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}  // NOLINT
};

/// Success without a value.
using Done = Result<void>;

}  // namespace tillhost::base

/// The value of a Result, or return its error from this function.
#define TRY(expression)                                       \
    __extension__({                                           \
        auto&& try_result = (expression);                     \
        if (!try_result) {                                    \
            return std::move(try_result).error();             \
        }                                                     \
        ::tillhost::base::detail_take(std::move(try_result)); \
    })

/// The value of a Result that cannot fail here; say why in a comment.
#define MUST(expression)                                       \
    __extension__({                                            \
        auto&& must_result = (expression);                     \
        INVARIANT(must_result.has_value());                    \
        ::tillhost::base::detail_take(std::move(must_result)); \
    })

namespace tillhost::base {

template <class T>
T detail_take(Result<T>&& result) {
    return std::move(*result);
}
inline void detail_take(Result<void>&&) {}

}  // namespace tillhost::base
