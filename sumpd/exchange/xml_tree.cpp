#include "sumpd/exchange/xml_tree.h"

#include <expat.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hal/base/invariant.h"
#include "hal/base/text.h"
#include "hal/codec/code_page.h"
#include "sumpd/exchange/operations.h"

namespace tillhost::sumpd::exchange {
namespace {

constexpr char kBetween = '\n';                // namespace and local name, as expat hands them over
constexpr std::size_t kFeedMax = 1024 * 1024;  // at once, well within expat's int

struct KnownSpace {
    Space space;
    std::string_view uri;
};
constexpr std::array kSpaces = {
    KnownSpace{Space::exchange, kExchangeNamespace},
    KnownSpace{Space::data, kDataNamespace},
    KnownSpace{Space::devices, "urn:tillhost:devices:1"},
    KnownSpace{Space::soap11, "http://schemas.xmlsoap.org/soap/envelope/"},
    KnownSpace{Space::soap12, "http://www.w3.org/2003/05/soap-envelope"},
    KnownSpace{Space::instance, "http://www.w3.org/2001/XMLSchema-instance"},
};

struct QualifiedName {
    Space space = Space::none;
    std::string local{};
};

QualifiedName name_of(const char* raw) {
    const std::string_view whole(raw);
    const std::size_t at = whole.rfind(kBetween);
    if (at == std::string_view::npos) {
        return {Space::none, std::string(whole)};
    }
    const std::string_view uri = whole.substr(0, at);
    const auto known = std::find_if(kSpaces.begin(), kSpaces.end(),
                                    [&](const KnownSpace& each) { return each.uri == uri; });
    return {known == kSpaces.end() ? Space::foreign : known->space,
            std::string(whole.substr(at + 1))};
}

/// The characters of windows-1251 as expat wants them: by byte, -1 where there is none.
std::array<int, 256> windows_1251() {
    std::array<int, 256> map{};
    for (std::size_t i = 0; i < map.size(); ++i) {
        const std::byte one = base::byte(static_cast<unsigned>(i));
        const std::string text = codec::from_code_page(codec::CodePage::cp1251, {&one, 1});
        std::string_view rest = text;
        const auto point = base::take_code_point(rest);
        map[i] = point && *point != 0xFFFD ? static_cast<int>(*point) : -1;
    }
    return map;
}

int unknown_encoding(void*, const XML_Char* name, XML_Encoding* encoding) {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (lower != "windows-1251" && lower != "cp1251") {
        return XML_STATUS_ERROR;
    }
    const std::array<int, 256> map = windows_1251();
    std::copy(map.begin(), map.end(), std::begin(encoding->map));
    encoding->data = nullptr;
    encoding->convert = nullptr;
    encoding->release = nullptr;
    return XML_STATUS_OK;
}

}  // namespace

class XmlStream::Parser final {
public:
    Parser(XmlEvents& events, std::size_t attributes_max)
        : events_(events), attributes_max_(attributes_max) {
        expat_ = XML_ParserCreateNS(nullptr, kBetween);
        INVARIANT(expat_ != nullptr);  // no memory
        XML_SetUserData(expat_, this);
        XML_SetElementHandler(expat_, &Parser::on_begin, &Parser::on_end);
        XML_SetCharacterDataHandler(expat_, &Parser::on_text);
        XML_SetStartDoctypeDeclHandler(expat_, &Parser::on_doctype);
        XML_SetUnknownEncodingHandler(expat_, unknown_encoding, nullptr);
    }
    ~Parser() { XML_ParserFree(expat_); }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;

    std::optional<Fault> feed(std::string_view piece, bool last) {
        do {
            const std::string_view now = piece.substr(0, kFeedMax);
            piece.remove_prefix(now.size());
            if (!fault_) {
                parse(now, last && piece.empty());
            }
        } while (!piece.empty() && !fault_);
        return fault_;
    }
    std::uint64_t at() const {
        const XML_Index index = XML_GetCurrentByteIndex(expat_);
        return index < 0 ? 0 : static_cast<std::uint64_t>(index);
    }
    std::uint64_t pending() const { return fed_ - std::min(fed_, at()); }

private:
    void parse(std::string_view piece, bool last) {
        fed_ += piece.size();
        const auto status =
            XML_Parse(expat_, piece.data(), static_cast<int>(piece.size()), last ? 1 : 0);
        if (status != XML_STATUS_OK && !fault_) {
            const std::string what = XML_ErrorString(XML_GetErrorCode(expat_));
            fault_ = Fault{.code = FaultCode::bad_request,
                           .message = fmt::format("the text is no XML at line {}, column {}: {}",
                                                  XML_GetCurrentLineNumber(expat_),
                                                  XML_GetCurrentColumnNumber(expat_) + 1, what)};
        }
    }
    void stop(Fault fault) {
        if (!fault_) {
            fault_ = std::move(fault);
            XML_StopParser(expat_, XML_FALSE);
        }
    }
    static Parser& self(void* data) { return *static_cast<Parser*>(data); }
    static void on_begin(void* data, const XML_Char* name, const XML_Char** attributes) {
        self(data).begin(name, attributes);
    }
    static void on_end(void* data, const XML_Char*) {
        Parser& parser = self(data);
        if (parser.fault_) {
            return;  // expat calls the end of an empty element even when its beginning stopped it
        }
        if (auto fault = parser.events_.end()) {
            parser.stop(std::move(*fault));
        }
    }
    static void on_text(void* data, const XML_Char* text, int length) {
        if (!self(data).fault_) {
            self(data).events_.text({text, static_cast<std::size_t>(length)});
        }
    }
    static void on_doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
        self(data).stop(Fault{.code = FaultCode::bad_request, .message = "a DOCTYPE is not taken"});
    }
    void begin(const XML_Char* name, const XML_Char** attributes) {
        if (fault_) {
            return;
        }
        auto [space, local] = name_of(name);
        Node element{.kind = Node::Kind::element, .space = space, .name = std::move(local)};
        for (; *attributes != nullptr; attributes += 2) {
            if (element.attributes.size() == attributes_max_) {
                stop(Fault{.code = FaultCode::bad_request, .message = "too many attributes"});
                return;
            }
            auto [of, called] = name_of(attributes[0]);
            element.attributes.push_back(Attribute{of, std::move(called), attributes[1]});
        }
        if (auto fault = events_.begin(std::move(element))) {
            stop(std::move(*fault));
        }
    }

    XmlEvents& events_;
    std::size_t attributes_max_;
    XML_Parser expat_ = nullptr;
    std::uint64_t fed_ = 0;
    std::optional<Fault> fault_{};
};

XmlStream::XmlStream(XmlEvents& events, std::size_t attributes_max)
    : parser_(std::make_unique<Parser>(events, attributes_max)) {}
XmlStream::~XmlStream() = default;
std::optional<Fault> XmlStream::feed(std::string_view piece, bool last) {
    return parser_->feed(piece, last);
}
std::uint64_t XmlStream::at() const { return parser_->at(); }
std::uint64_t XmlStream::pending() const { return parser_->pending(); }

std::optional<Fault> TreeBuilder::begin(Node element) {
    if (++nodes_ > bounds_.nodes_max) {
        return Fault{.code = FaultCode::bad_request,
                     .message = fmt::format("at most {} elements", bounds_.nodes_max)};
    }
    if (open_.size() >= bounds_.depth_max) {
        return Fault{.code = FaultCode::bad_request,
                     .message = fmt::format("elements are at most {} deep", bounds_.depth_max)};
    }
    open_.push_back(std::move(element));
    return std::nullopt;
}

void TreeBuilder::text(std::string_view piece) {
    if (!open_.empty()) {
        open_.back().text += piece;
    }
}

bool TreeBuilder::end() {
    INVARIANT(!open_.empty());
    Node element = std::move(open_.back());
    open_.pop_back();
    if (!element.children.empty()) {
        element.text = {};
    }
    if (open_.empty()) {
        whole_ = std::move(element);
        return true;
    }
    open_.back().children.push_back(std::move(element));
    return false;
}

Node TreeBuilder::take() {
    nodes_ = 0;
    return std::exchange(whole_, {});
}

Outcome<Node> xml_tree(std::string_view text, const TreeBounds& bounds) {
    if (text.size() > bounds.bytes_max) {
        return refuse(FaultCode::too_large, fmt::format("at most {} bytes", bounds.bytes_max));
    }
    struct Events final : XmlEvents {
        explicit Events(const TreeBounds& within) : tree(within) {}
        std::optional<Fault> begin(Node element) override { return tree.begin(std::move(element)); }
        void text(std::string_view piece) override { tree.text(piece); }
        std::optional<Fault> end() override {
            tree.end();
            return std::nullopt;
        }
        TreeBuilder tree;
    };
    Events events(bounds);
    XmlStream stream(events, bounds.members_max);
    if (auto fault = stream.feed(text, true)) {
        return tl::unexpected<Fault>(std::move(*fault));
    }
    return events.tree.take();
}

std::string_view uri_of(Space space) {
    for (const KnownSpace& each : kSpaces) {
        if (each.space == space) {
            return each.uri;
        }
    }
    return {};
}

}  // namespace tillhost::sumpd::exchange
