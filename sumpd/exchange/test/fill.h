#pragma once

#include <algorithm>
#include <string>

#include "sumpd/exchange/visitor.h"

namespace tillhost::sumpd::exchange {

/// Makes a record with every field set, or with as little as is right: the text of all characters
/// that are hard to carry, numbers at their edges, lists of two, the alternative that is asked for.
/// Texts are as long as their bound where `longest`.
class Fill final : public FieldVisitor {
public:
    struct Wanted {
        bool everything = true;
        bool longest = false;
        std::size_t alternative = 0;  ///< taken modulo the number of names
    };
    explicit Fill(Wanted wanted) : wanted_(wanted) {}

    void value(std::string_view, std::string& to, Length bound) override { to = text(bound); }
    void value(std::string_view, Secret& to, Length bound) override { to.text = text(bound); }
    void value(std::string_view, std::int64_t& to, Range bound) override {
        to = ++count_ % 2 == 0 ? bound.min : bound.max;
    }
    void value(std::string_view, bool& to) override { to = ++count_ % 2 == 0; }
    void value(std::string_view, Amount& to) override {
        to.minor = ++count_ % 2 == 0 ? -Amount::kMinorMax : 1250;
    }
    void value(std::string_view, Measure& to) override {
        to.milli = ++count_ % 2 == 0 ? Measure::kMilliMax : -1;
    }
    void value(std::string_view, Moment& to) override {
        to = ++count_ % 2 == 0 ? Moment{1'795'763'045'006, 180} : Moment{951'782'400'000, -570};
    }
    void value(std::string_view, Uuid& to) override {
        to.text = "0190f5c4-6f6e-7cc1-9f0a-5b8c4d1e2f30";
        to.text.back() = static_cast<char>('0' + ++count_ % 10);
    }
    void value(std::string_view, base::Bytes& to, std::size_t max) override {
        to.assign(std::min<std::size_t>(max, 1000 + ++count_ % 3), base::byte(0xFE));
    }
    void enumerator(std::string_view, int& to, std::span<const std::string_view> names) override {
        to = static_cast<int>(++count_ % names.size()) + 1;
    }
    bool optional(std::string_view, bool) override { return wanted_.everything; }
    std::size_t list(std::string_view, std::size_t, Count bound) override {
        return std::clamp<std::size_t>(wanted_.everything ? 2 : 0, bound.min, bound.max);
    }
    void end_list() override {}
    void begin_record(std::string_view) override {}
    void end_record() override {}
    std::size_t one_of(std::string_view, std::size_t,
                       std::span<const std::string_view> names) override {
        return wanted_.alternative % names.size();
    }

private:
    std::string text(Length bound) {
        static constexpr std::string_view kHard =
            " Молоко «Ё» 🥛 <b>&amp;\"'\\ ]]> \t\r\n/ end\x7F ";
        ++count_;
        // Texts of one length are digests and the like: in ASCII, where bytes are characters.
        const bool hard = bound.max >= kHard.size() && bound.min != bound.max;
        std::string made = hard ? std::string(kHard) : std::string();
        made.resize(std::max(made.size(), wanted_.longest ? bound.max : bound.min), 'x');
        return made;
    }

    Wanted wanted_;
    std::size_t count_ = 0;
};

template <class T>
T filled(Fill::Wanted wanted) {
    T record{};
    Fill fill(wanted);
    fields(fill, record);
    return record;
}

}  // namespace tillhost::sumpd::exchange
