// The codecs of the exchange as a program, for clients that are not ours:
//   exchange_peer answer             takes a request's body, writes the answer's; the request as
//                                    JSON goes to stderr. Node "refuse" is answered with a fault.
//   exchange_peer elements           each request and answer with all fields set, one XML a line
//   exchange_peer message            an XML message with every kind of object and document
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "sumpd/exchange/envelope.h"
#include "sumpd/exchange/message.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/exchange/test/fill.h"

namespace tillhost::sumpd::exchange {
namespace {

std::string standard_input() {
    std::string text;
    char piece[4096];
    std::size_t got = 0;
    while ((got = std::fread(piece, 1, sizeof piece, stdin)) > 0) {
        text.append(piece, got);
    }
    return text;
}

template <class Request, class Response>
std::string answer_to(const Opened& opened, std::string_view name) {
    const auto request = from_xml<Request>(opened.call->element);
    if (!request) {
        return close_fault(opened.encoding, request.error());
    }
    fmt::print(stderr, "{}\n", to_json(*request));
    return close_answer(opened.encoding, std::string(name) + "Response",
                        filled<Response>({.everything = true, .longest = false}));
}

std::string answer(std::string_view body) {
    const Opened opened = open_request(body, Encoding::soap11);
    if (!opened.call) {
        return close_fault(opened.encoding, opened.call.error(), opened.soap_code);
    }
    const Node* node = opened.call->element.find(Space::exchange, "Node");
    if (node != nullptr && node->text == "refuse") {
        return close_fault(opened.encoding, Fault{.code = FaultCode::unknown_node,
                                                  .message = "right is the node's own code",
                                                  .field = "Node",
                                                  .request_id = "r-1"});
    }
#define X(Request, Response)                                   \
    if (opened.call->operation == #Request) {                  \
        return answer_to<Request, Response>(opened, #Request); \
    }
    SUMP_OPERATIONS(X)
#undef X
    return close_fault(opened.encoding, Fault{.code = FaultCode::bad_request});
}

template <class T>
void print_elements(std::string_view name) {
    for (std::size_t kind = 0; kind < object_kinds().size(); ++kind) {
        for (const bool everything : {true, false}) {
            T record = filled<T>({everything, false, kind});
            std::string text = to_xml(std::move(record), name);
            for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos;) {
                text.replace(at, 1, "&#10;");
            }
            fmt::print("{}\n", text);
        }
    }
}

void print_message() {
    const MessageWriter writer(MessageFormat::xml);
    std::string text = writer.head(filled<MessageHeader>({}));
    for (std::size_t kind = 0; kind < object_kinds().size(); ++kind) {
        text += writer.item(filled<Object>({true, false, kind}));
        text += writer.item(filled<MessageDocument>({true, false, kind}));
        text += writer.item(filled<DocumentVerdict>({kind % 2 == 0, false, kind}));
    }
    fmt::print("{}", text + writer.tail());
}

int run(std::string_view verb) {
    if (verb == "answer") {
        fmt::print("{}", answer(standard_input()));
        return 0;
    }
    if (verb == "elements") {
#define X(Request, Response)           \
    print_elements<Request>(#Request); \
    print_elements<Response>(#Request "Response");
        SUMP_OPERATIONS(X)
#undef X
        print_elements<Fault>("SumpError");
        return 0;
    }
    if (verb == "message") {
        print_message();
        return 0;
    }
    fmt::print(stderr, "usage: exchange_peer answer|elements|message\n");
    return 2;
}

}  // namespace
}  // namespace tillhost::sumpd::exchange

int main(int argc, char** argv) { return tillhost::sumpd::exchange::run(argc == 2 ? argv[1] : ""); }
