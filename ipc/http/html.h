#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace tillhost::http {

/// Text as it may stand between tags and within quoted attributes: & < > " ' as entities. What is
/// no UTF-8 becomes U+FFFD, control characters other than tab and line ends too.
std::string escape(std::string_view text);

/// HTML that is meant as such. Only this class passes unescaped, and making one of a text is
/// written out, so that it can be searched for.
class Markup final {
public:
    Markup() = default;
    explicit Markup(std::string html) : html_(std::move(html)) {}
    const std::string& html() const { return html_; }
    Markup& operator+=(const Markup& other) {
        html_ += other.html_;
        return *this;
    }
    friend Markup operator+(Markup one, const Markup& other) { return one += other; }

private:
    std::string html_;
};

/// What stands for a name of a template: a text, which is escaped, or markup, which is not.
class Insert final {
public:
    Insert(std::string_view name, std::string_view text) : name_(name), html_(escape(text)) {}
    Insert(std::string_view name, const Markup& markup) : name_(name), html_(markup.html()) {}
    std::string_view name() const { return name_; }
    const std::string& html() const { return html_; }

private:
    std::string_view name_;
    std::string html_;
};

/// The template with each {name} replaced; "{{" and "}}" stand for one bracket. A template is a
/// constant of the program: one that names what is not inserted, or is cut, ends the process.
/// Attributes in it stand in double quotes, and nothing is inserted in a script, a style, a comment
/// or the name of a tag; an href takes only what this program made.
///
///   fill("<td>{name}</td><td>{button}</td>", {{"name", user}, {"button", button}})
Markup fill(std::string_view html, std::initializer_list<Insert> inserts);

}  // namespace tillhost::http
