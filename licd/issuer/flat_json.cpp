#include "licd/issuer/flat_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "hal/base/text.h"

namespace tillhost::licd::issuer {
namespace {

constexpr std::uint32_t kHighSurrogates = 0xD800;
constexpr std::uint32_t kLowSurrogates = 0xDC00;
constexpr std::uint32_t kSurrogatesEnd = 0xE000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Reader final {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    base::Result<FlatObject> read() {
        FlatObject object;
        TRY(expect('{'));
        if (!take('}')) {
            do {
                std::string name = TRY(read_name());
                FlatValue value = TRY(read_value(1));
                if (!object.emplace(std::move(name), std::move(value)).second) {
                    return fault("a name that stands once");
                }
            } while (take(','));
            TRY(expect('}'));
        }
        skip_blanks();
        return at_ == text_.size() ? base::Result<FlatObject>(std::move(object))
                                   : fault("nothing behind the object");
    }

private:
    base::Error fault(std::string_view expected) const {
        return base::bad_field("json", fmt::format("at byte {}: {}", at_, expected));
    }
    void skip_blanks() {
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
            ++at_;
        }
    }
    char next() {
        skip_blanks();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool take(char wanted) {
        if (next() != wanted) {
            return false;
        }
        ++at_;
        return true;
    }
    base::Done expect(char wanted) {
        return take(wanted) ? base::Done() : base::Done(fault(fmt::format("'{}'", wanted)));
    }
    base::Result<std::string> read_name() {
        std::string name = TRY(read_text());
        TRY(expect(':'));
        return name;
    }

    base::Result<FlatValue> read_value(int depth) {
        switch (next()) {
            case '"': return FlatValue(TRY(read_text()));
            case '[': return read_list(depth);
            case '{': return read_object(depth);
            case 't': return read_word("true");
            case 'f': return read_word("false");
            case 'n': return read_word("null");
            default: return read_number();
        }
    }
    base::Result<FlatValue> read_word(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) {
            return fault("a value");
        }
        at_ += word.size();
        return FlatValue();
    }
    base::Result<FlatValue> read_number() {
        const std::size_t from = at_;
        while (at_ < text_.size() &&
               (is_digit(text_[at_]) ||
                std::string_view("+-.eE").find(text_[at_]) != std::string_view::npos)) {
            ++at_;
        }
        const std::string_view number = text_.substr(from, at_ - from);
        const std::size_t first = number.starts_with('-') ? 1 : 0;
        if (first >= number.size() || !is_digit(number[first]) ||
            (number[first] == '0' && number.size() > first + 1 && is_digit(number[first + 1]))) {
            at_ = from;
            return fault("a value");
        }
        std::int64_t value = 0;
        const char* const end = number.data() + number.size();
        const auto [stopped, error] = std::from_chars(number.data(), end, value);
        // A fraction, or too large: nothing that is asked for.
        return error == std::errc() && stopped == end ? FlatValue(value) : FlatValue();
    }
    base::Done check_depth(int depth) const {
        return depth < kJsonDepthMax ? base::Done() : base::Done(fault("no more levels"));
    }
    base::Result<FlatValue> read_list(int depth) {
        TRY(check_depth(depth));
        TRY(expect('['));
        std::vector<std::string> texts;
        bool only_texts = true;
        if (!take(']')) {
            do {
                FlatValue value = TRY(read_value(depth + 1));
                if (auto* const text = std::get_if<std::string>(&value)) {
                    texts.push_back(std::move(*text));
                } else {
                    only_texts = false;
                }
            } while (take(','));
            TRY(expect(']'));
        }
        return only_texts ? FlatValue(std::move(texts)) : FlatValue();
    }
    base::Result<FlatValue> read_object(int depth) {
        TRY(check_depth(depth));
        TRY(expect('{'));
        if (!take('}')) {
            do {
                TRY(read_name());
                TRY(read_value(depth + 1));
            } while (take(','));
            TRY(expect('}'));
        }
        return FlatValue();
    }

    base::Result<std::string> read_text() {
        TRY(expect('"'));
        std::string text;
        while (at_ < text_.size() && text_[at_] != '"') {
            const char c = text_[at_++];
            if (static_cast<unsigned char>(c) < 0x20) {
                return fault("no control characters in a text");
            }
            if (c == '\\') {
                TRY(read_escape(text));
            } else {
                text += c;
            }
        }
        if (at_ == text_.size() || !base::is_utf8(text)) {
            return fault("a text in UTF-8 that ends");
        }
        ++at_;
        return text;
    }
    base::Done read_escape(std::string& text) {
        constexpr std::string_view kNames = "\"\\/bfnrt";
        constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
        const char c = at_ < text_.size() ? text_[at_++] : '\0';
        if (c == 'u') {
            return read_unicode(text);
        }
        const std::size_t which = c == '\0' ? std::string_view::npos : kNames.find(c);
        if (which == std::string_view::npos) {
            return fault("an escape of JSON");
        }
        text += kMeanings[which];
        return {};
    }
    base::Result<std::uint32_t> read_four() {
        std::uint32_t value = 0;
        const std::string_view digits = text_.substr(at_, 4);
        const auto [stopped, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (digits.size() != 4 || error != std::errc() || stopped != digits.data() + 4) {
            return fault("four hex digits");
        }
        at_ += 4;
        return value;
    }
    base::Done read_unicode(std::string& text) {
        std::uint32_t point = TRY(read_four());
        if (point >= kHighSurrogates && point < kLowSurrogates &&
            text_.substr(at_).starts_with("\\u")) {
            at_ += 2;
            const std::uint32_t low = TRY(read_four());
            if (low < kLowSurrogates || low >= kSurrogatesEnd) {
                return fault("the second half of a character");
            }
            constexpr std::uint32_t kHalf = 0x400;
            constexpr std::uint32_t kFirst = 0x10000;
            point = kFirst + (point - kHighSurrogates) * kHalf + (low - kLowSurrogates);
        }
        if (point >= kHighSurrogates && point < kSurrogatesEnd) {
            return fault("a whole character");
        }
        base::append_utf8(text, static_cast<char32_t>(point));
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

base::Result<FlatObject> read_flat_json(std::string_view text) { return Reader(text).read(); }

}  // namespace tillhost::licd::issuer
