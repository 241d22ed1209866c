#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hal/base/bytes.h"

namespace tillhost::sumpd::exchange {

/// A point in time as the sender's clock showed it: "2026-11-27T10:00:00.000+03:00".
struct Moment {
    std::int64_t unix_ms = 0;
    int offset_min = 0;  ///< of the sender's wall clock from UTC, −840 to 840
    friend bool operator==(const Moment&, const Moment&) = default;
};

/// An amount in minor units of the shop's currency, written with two digits behind the point.
struct Amount {
    static constexpr std::int64_t kMinorMax = 10'000'000'000'000;
    std::int64_t minor = 0;
    friend bool operator==(const Amount&, const Amount&) = default;
};

/// How much of a good, in thousandths, written with three digits behind the point.
struct Measure {
    static constexpr std::int64_t kMilliMax = 1'000'000'000'000;
    std::int64_t milli = 0;
    friend bool operator==(const Measure&, const Measure&) = default;
};

/// A UUID of any version; read in either case, kept and written in lower case.
struct Uuid {
    std::string text{};
    friend bool operator==(const Uuid&, const Uuid&) = default;
};

/// A password, a PIN, a token or a key: read and sent, never logged.
struct Secret {
    std::string text{};
    friend bool operator==(const Secret&, const Secret&) = default;
};

/// How long a text may be, in bytes of UTF-8.
struct Length {
    std::size_t min = 0;
    std::size_t max = 0;
};
struct Range {
    std::int64_t min = 0;
    std::int64_t max = 0;
};
/// How many elements a list may have.
struct Count {
    std::size_t min = 0;
    std::size_t max = 0;
};

/// Goes over the fields of an operation, an object or a document in their order. Each encoding, the
/// XSD, the OpenAPI page and the hash are one visitor each; what a field is called and what it may
/// hold stands once, in the fields() of its record (fields.h).
///
/// Names are those of the XSD ("DocId"); JSON has the same with a small first letter ("docId").
/// A reading visitor keeps the first error and goes on without touching the records further.
class FieldVisitor {
public:
    virtual ~FieldVisitor() = default;

    virtual void value(std::string_view name, std::string& to, Length bound) = 0;
    virtual void value(std::string_view name, Secret& to, Length bound) = 0;
    virtual void value(std::string_view name, std::int64_t& to, Range bound) = 0;
    virtual void value(std::string_view name, bool& to) = 0;
    virtual void value(std::string_view name, Amount& to) = 0;
    virtual void value(std::string_view name, Measure& to) = 0;
    virtual void value(std::string_view name, Moment& to) = 0;
    virtual void value(std::string_view name, Uuid& to) = 0;
    /// At most so many bytes; base64 in XML and JSON.
    virtual void value(std::string_view name, base::Bytes& to, std::size_t max) = 0;
    /// One of the names; `to` is its place from 1, as the enumerators have it. 0 is never read and
    /// never written.
    virtual void enumerator(std::string_view name, int& to,
                            std::span<const std::string_view> names) = 0;

    /// Whether the field that comes next is there; `is_there` is what the record has now.
    virtual bool optional(std::string_view name, bool is_there) = 0;
    /// How many elements the list has; `size` is what the record has now. Behind it each element is
    /// visited once under the same name, then end_list().
    virtual std::size_t list(std::string_view name, std::size_t size, Count bound) = 0;
    virtual void end_list() = 0;
    virtual void begin_record(std::string_view name) = 0;
    virtual void end_record() = 0;
    /// Exactly one record under one of the names: its place from 0. `type` names the whole for the
    /// schema; an unknown name is unsupported_kind. Behind it begin_record() of that name.
    virtual std::size_t one_of(std::string_view type, std::size_t now,
                               std::span<const std::string_view> names) = 0;
};

/// Every enumeration of the contract has names_of(E): the words on the wire, from 1.
template <class E>
void choice(FieldVisitor& v, std::string_view name, E& to) {
    int number = static_cast<int>(to);
    v.enumerator(name, number, names_of(E{}));
    to = static_cast<E>(number);
}

template <class T, class... Bound>
void maybe(FieldVisitor& v, std::string_view name, std::optional<T>& to, Bound... bound) {
    if (!v.optional(name, to.has_value())) {
        to.reset();
        return;
    }
    if (!to) {
        to.emplace();
    }
    v.value(name, *to, bound...);
}

template <class E>
void maybe_choice(FieldVisitor& v, std::string_view name, std::optional<E>& to) {
    if (!v.optional(name, to.has_value())) {
        to.reset();
        return;
    }
    if (!to) {
        to.emplace();
    }
    choice(v, name, *to);
}

template <class T>
void record(FieldVisitor& v, std::string_view name, T& to) {
    v.begin_record(name);
    fields(v, to);
    v.end_record();
}

template <class T>
void maybe_record(FieldVisitor& v, std::string_view name, std::optional<T>& to) {
    if (!v.optional(name, to.has_value())) {
        to.reset();
        return;
    }
    if (!to) {
        to.emplace();
    }
    record(v, name, *to);
}

template <class T>
void records(FieldVisitor& v, std::string_view name, std::vector<T>& to, Count bound) {
    to.resize(v.list(name, to.size(), bound));
    for (T& each : to) {
        record(v, name, each);
    }
    v.end_list();
}

template <class T, class... Bound>
void values(FieldVisitor& v, std::string_view name, std::vector<T>& to, Count count,
            Bound... bound) {
    to.resize(v.list(name, to.size(), count));
    for (T& each : to) {
        v.value(name, each, bound...);
    }
    v.end_list();
}

namespace detail {
template <class Variant, std::size_t... I>
void emplace(Variant& to, std::size_t place, std::index_sequence<I...>) {
    ((place == I && to.index() != I ? static_cast<void>(to.template emplace<I>()) : void()), ...);
}
}  // namespace detail

/// A record that is exactly one of several: std::variant in the order of `names`.
template <class... T>
void alternatives(FieldVisitor& v, std::string_view name, std::string_view type,
                  std::variant<T...>& to, std::span<const std::string_view> names) {
    v.begin_record(name);
    const std::size_t place = v.one_of(type, to.index(), names);
    if (place < names.size()) {
        detail::emplace(to, place, std::index_sequence_for<T...>());
        std::visit([&](auto& each) { record(v, names[place], each); }, to);
    }
    v.end_record();
}

}  // namespace tillhost::sumpd::exchange
