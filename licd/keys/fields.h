#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"

// The one grammar of a line in all licence files:
//
//   line  = TAG *( SP word ) *( SP field )        field = [ "!" ] name "=" value
//
// TAG is one or more capitals, a name lower-case letters, digits and "_". A value is UTF-8 without
// blanks, control characters, "%" and "~", which are written %XX. A "!" says that whoever does not
// know the field must refuse the file; other unknown fields mean nothing.
namespace tillhost::licd::keys {

inline constexpr std::size_t kFieldsMax = 64;  ///< of one line

class Fields final {
public:
    struct Field {
        std::string name;
        std::string value;  ///< with %XX resolved
        bool critical = false;
    };

    /// `number` is the line's place in its file, from 1, and stands in each error.
    /// Errors: key_damaged (no line of this grammar, a field twice).
    static base::Result<Fields> read(std::string_view line, std::size_t number);

    const std::string& tag() const { return tag_; }
    const std::vector<std::string>& words() const { return words_; }
    std::size_t number() const { return number_; }
    /// Nothing if there is no such field.
    const std::string* find(std::string_view name) const;

    /// A field that must be there. Errors: key_damaged (none), as those below.
    base::Result<std::string> need(std::string_view name) const;
    base::Result<std::int64_t> need_number(std::string_view name, std::int64_t min,
                                           std::int64_t max) const;
    base::Result<std::int64_t> number_or(std::string_view name, std::int64_t min, std::int64_t max,
                                         std::int64_t otherwise) const;
    base::Result<std::int64_t> need_instant(std::string_view name) const;
    /// Its first word is this number.
    base::Done need_place(std::size_t place) const;

    /// Errors: wrong_version (a critical field that is none of these).
    base::Done understood(std::span<const std::string_view> known) const;
    base::Done understood(std::initializer_list<std::string_view> known) const {
        return understood(std::span(known.begin(), known.size()));
    }
    /// For whoever writes a line by hand, where an unknown field is a slip of the pen.
    /// Errors: key_damaged (a field that is none of these).
    base::Done nothing_but(std::span<const std::string_view> known) const;

    /// key_damaged with the line's number before it, and what would be right.
    base::Error fault(std::string_view what) const;

private:
    base::Done add(std::string_view word);

    std::string tag_;
    std::vector<std::string> words_;
    std::vector<Field> fields_;
    std::size_t number_ = 0;
};

/// Writes such a line.
class FieldWriter final {
public:
    explicit FieldWriter(std::string_view tag) : text_(tag) {}
    FieldWriter& word(std::string_view plain);
    FieldWriter& put(std::string_view name, std::string_view value);
    FieldWriter& put(std::string_view name, std::int64_t value);
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

std::string escaped(std::string_view value);

/// "a,b,c" and back; an empty text is no parts.
std::vector<std::string> split(std::string_view text, char between);
std::string joined(const std::vector<std::string>& parts, char between);

/// A name of people or programs in these files: 1 to 64 letters, digits, dots, dashes, underlines.
bool is_name(std::string_view text);
/// So many bytes as lower-case hex digits.
bool is_hex(std::string_view text, std::size_t bytes);
/// A whole number and nothing else.
base::Result<std::int64_t> whole_number(std::string_view text);

}  // namespace tillhost::licd::keys
