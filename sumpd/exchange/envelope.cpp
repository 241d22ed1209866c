#include "sumpd/exchange/envelope.h"

#include <fmt/format.h>

#include <utility>

#include "sumpd/exchange/text_form.h"

namespace tillhost::sumpd::exchange {
namespace {

constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view kNext11 = "http://schemas.xmlsoap.org/soap/actor/next";
constexpr std::string_view kNext12 = "http://www.w3.org/2003/05/soap-envelope/role/next";
constexpr std::string_view kUltimate12 =
    "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver";

bool is_soap(Encoding encoding) {
    return encoding == Encoding::soap11 || encoding == Encoding::soap12;
}

/// Whether a header asks of us what we cannot do. Those for other actors are not ours to judge.
bool must_be_understood(const Node& header, Space soap) {
    const std::string* must = header.attribute(soap, "mustUnderstand");
    if (must == nullptr || (*must != "1" && *must != "true")) {
        return false;
    }
    const std::string* role = header.attribute(soap, soap == Space::soap11 ? "actor" : "role");
    return role == nullptr || role->empty() || *role == kNext11 || *role == kNext12 ||
           *role == kUltimate12;
}

Node* only_child(Node* node) {
    return node != nullptr && node->children.size() == 1 ? &node->children.front() : nullptr;
}

Outcome<Call> call_of(Node element) {
    if (element.space != Space::exchange) {
        return refuse(FaultCode::bad_request,
                      fmt::format("the operation's element must be in namespace {}",
                                  uri_of(Space::exchange)));
    }
    Call call{.operation = element.name};
    if (const Node* session = element.find(Space::exchange, "Session")) {
        if (!session->children.empty() || session->text.size() > kSessionMax) {
            return refuse_field("Session",
                                fmt::format("right is a text of at most {} bytes", kSessionMax));
        }
        if (!session->text.empty()) {  // some clients send all that may be absent as empty
            call.session = Secret{session->text};
        }
    }
    call.element = std::move(element);
    return call;
}

Envelope opened_soap(Node root) {
    const Space soap = root.space;
    Envelope opened{.encoding = soap == Space::soap11 ? Encoding::soap11 : Encoding::soap12};
    if (const Node* header = root.find(soap, "Header")) {
        for (const Node& each : header->children) {
            if (must_be_understood(each, soap)) {
                opened.soap_code = SoapCode::must_understand;
                opened.element = refuse(FaultCode::bad_request,
                                        "a header that must be understood is not known here: " +
                                            each.name.substr(0, 64));
                return opened;
            }
        }
    }
    Node* element = only_child(root.find(soap, "Body"));
    if (element == nullptr) {
        opened.element = refuse(FaultCode::bad_request, "right is one Body with one element");
    } else {
        opened.element = std::move(*element);
    }
    return opened;
}

bool is_envelope(const Node& root) {
    return root.name == "Envelope" && (root.space == Space::soap11 || root.space == Space::soap12);
}

std::string soap11_fault(const SoapFault& fault) {
    const std::string_view word = fault.code == SoapCode::must_understand    ? "MustUnderstand"
                                  : fault.code == SoapCode::version_mismatch ? "VersionMismatch"
                                  : fault.is_senders                         ? "Client"
                                                                             : "Server";
    return fmt::format(
        "<soap:Fault><faultcode>soap:{}</faultcode><faultstring>{}</faultstring>"
        "<detail>{}</detail></soap:Fault>",
        word, xml_escaped(fault.message), fault.detail);
}

std::string soap12_fault(const SoapFault& fault) {
    const std::string_view word = fault.code == SoapCode::must_understand    ? "MustUnderstand"
                                  : fault.code == SoapCode::version_mismatch ? "VersionMismatch"
                                  : fault.is_senders                         ? "Sender"
                                                                             : "Receiver";
    return fmt::format(
        "<env:Fault><env:Code><env:Value>env:{}</env:Value></env:Code><env:Reason>"
        "<env:Text xml:lang=\"en\">{}</env:Text></env:Reason><env:Detail>{}</env:Detail>"
        "</env:Fault>",
        word, xml_escaped(fault.message), fault.detail);
}

std::string problem_of(const Fault& fault) {
    std::string text = fmt::format(R"({{"type":"urn:sumpd:error:{0}","title":"{0}","status":{1},)",
                                   name_of(fault.code), http_status_of(fault.code));
    text += "\"detail\":";
    append_json_string(text, fault.message);
    return text + "," + to_json(fault).substr(1);
}

Fault fault_in(const Node& fault, Space soap) {
    const Node* detail = fault.find(soap == Space::soap11 ? Space::none : soap,
                                    soap == Space::soap11 ? "detail" : "Detail");
    if (detail != nullptr) {
        if (const Node* error = detail->find(Space::exchange, "SumpError")) {
            auto read = from_xml<Fault>(*error);
            return read ? *std::move(read) : read.error();
        }
    }
    const Node* text = fault.find(Space::none, "faultstring");
    return Fault{.code = FaultCode::internal,
                 .message = text == nullptr ? "a SOAP fault without SumpError" : text->text};
}

}  // namespace

Envelope open_envelope(std::string_view text, Encoding assumed) {
    Envelope opened{.encoding = assumed};
    Outcome<Node> root = xml_tree(text, kRequestBounds);
    if (!root) {
        opened.element = tl::unexpected<Fault>(std::move(root).error());
        return opened;
    }
    if (is_envelope(*root)) {
        return opened_soap(*std::move(root));
    }
    if (root->name == "Envelope") {
        opened.encoding = is_soap(assumed) ? assumed : Encoding::soap11;
        opened.soap_code = SoapCode::version_mismatch;
        opened.element = refuse(FaultCode::bad_request, "SOAP 1.1 or 1.2 is right");
        return opened;
    }
    opened.encoding = Encoding::raw_xml;
    opened.element = *std::move(root);
    return opened;
}

std::optional<Secret> session_at_the_beginning(std::string_view body) {
    constexpr std::string_view kTag = "Session>";
    body = body.substr(0, kSessionWithinBytes);
    const std::size_t tag = body.find(kTag);
    if (tag == std::string_view::npos) {
        return std::nullopt;
    }
    body.remove_prefix(tag + kTag.size());
    const std::size_t end = body.find('<');
    if (end == std::string_view::npos || end == 0 || end > kSessionMax) {
        return std::nullopt;
    }
    return Secret{std::string(body.substr(0, end))};
}

Opened open_request(std::string_view body, Encoding assumed) {
    Envelope envelope = open_envelope(body, assumed);
    Opened opened{.encoding = envelope.encoding, .soap_code = envelope.soap_code};
    if (envelope.element) {
        opened.call = call_of(*std::move(envelope.element));
    } else {
        opened.call = tl::unexpected<Fault>(std::move(envelope.element).error());
    }
    return opened;
}

Outcome<Node> open_answer(std::string_view body) {
    Outcome<Node> root = xml_tree(body, kAnswerBounds);
    if (!root) {
        return root;
    }
    Node element = *std::move(root);
    if (is_envelope(element)) {
        const Space soap = element.space;
        Node* only = only_child(element.find(soap, "Body"));
        if (only == nullptr) {
            return refuse(FaultCode::bad_request, "right is one Body with one element");
        }
        if (only->space == soap && only->name == "Fault") {
            return tl::unexpected<Fault>(fault_in(*only, soap));
        }
        Node taken = std::move(*only);
        element = std::move(taken);
    }
    if (element.space == Space::exchange && element.name == "SumpError") {
        auto read = from_xml<Fault>(element);
        return tl::unexpected<Fault>(read ? *std::move(read) : read.error());
    }
    return element;
}

std::string enclosed(Encoding encoding, std::string_view element) {
    std::string text(kDeclaration);
    if (!is_soap(encoding)) {
        return text.append(element);
    }
    const bool old = encoding == Encoding::soap11;
    const std::string_view prefix = old ? "soap" : "env";
    return text + fmt::format(
                      "<{0}:Envelope xmlns:{0}=\"{1}\"><{0}:Body>{2}</{0}:Body>"
                      "</{0}:Envelope>",
                      prefix, uri_of(old ? Space::soap11 : Space::soap12), element);
}

std::string close_fault(Encoding encoding, Fault fault, SoapCode code) {
    if (fault.code == FaultCode::unspecified) {
        fault.code = FaultCode::internal;
    }
    if (encoding == Encoding::json) {
        return problem_of(fault);
    }
    const std::string detail = to_xml(fault, "SumpError");
    if (encoding == Encoding::raw_xml) {
        return enclosed(encoding, detail);
    }
    return close_soap_fault(encoding, {.code = code,
                                       .is_senders = is_senders(fault.code),
                                       .message = fault.message,
                                       .detail = detail});
}

std::string close_soap_fault(Encoding encoding, const SoapFault& fault) {
    return enclosed(encoding,
                    encoding == Encoding::soap11 ? soap11_fault(fault) : soap12_fault(fault));
}

std::string_view content_type_of(Encoding encoding, bool is_fault) {
    switch (encoding) {
        case Encoding::json: return is_fault ? "application/problem+json" : "application/json";
        case Encoding::raw_xml: return "application/xml; charset=utf-8";
        case Encoding::soap11: return "text/xml; charset=utf-8";
        case Encoding::soap12: return "application/soap+xml; charset=utf-8";
    }
    return {};
}

int fault_status_of(Encoding encoding, FaultCode code) {
    return is_soap(encoding) ? 500 : http_status_of(code);
}

}  // namespace tillhost::sumpd::exchange
