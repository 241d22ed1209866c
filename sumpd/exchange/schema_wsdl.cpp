#include <fmt/format.h>

#include "sumpd/exchange/operations.h"
#include "sumpd/exchange/schema.h"
#include "sumpd/exchange/schema_parts.h"
#include "sumpd/exchange/xml_codec.h"

namespace tillhost::sumpd::exchange {
namespace {

constexpr std::string_view kHead =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<wsdl:definitions xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" "
    "xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" "
    "xmlns:soap12=\"http://schemas.xmlsoap.org/wsdl/soap12/\" "
    "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:tns=\"{0}\" name=\"SumpExchange\" "
    "targetNamespace=\"{0}\">\n<wsdl:types>\n{1}</wsdl:types>\n";

std::string message(std::string_view name, std::string_view part, std::string_view element) {
    return fmt::format(
        "<wsdl:message name=\"{}\"><wsdl:part name=\"{}\" element=\"tns:{}\"/>"
        "</wsdl:message>\n",
        name, part, element);
}

std::string messages() {
    std::string text;
#define X(Request, Response)                                \
    text += message(#Request "In", "parameters", #Request); \
    text += message(#Request "Out", "parameters", #Request "Response");
    SUMP_OPERATIONS(X)
#undef X
    return text + message("SumpFault", "fault", "SumpError");
}

std::string port_type() {
    std::string text = "<wsdl:portType name=\"SumpExchangePortType\">\n";
    const auto add = [&](std::string_view name) {
        text += fmt::format(
            "  <wsdl:operation name=\"{0}\"><wsdl:input message=\"tns:{0}In\"/>"
            "<wsdl:output message=\"tns:{0}Out\"/><wsdl:fault name=\"SumpFault\" "
            "message=\"tns:SumpFault\"/></wsdl:operation>\n",
            name);
    };
#define X(Request, Response) add(#Request);
    SUMP_OPERATIONS(X)
#undef X
    return text + "</wsdl:portType>\n";
}

std::string binding(std::string_view name, std::string_view soap) {
    std::string text = fmt::format(
        "<wsdl:binding name=\"{}\" type=\"tns:SumpExchangePortType\">\n  <{}:binding "
        "style=\"document\" transport=\"http://schemas.xmlsoap.org/soap/http\"/>\n",
        name, soap);
    const auto add = [&](std::string_view operation) {
        text += fmt::format(
            "  <wsdl:operation name=\"{0}\"><{1}:operation soapAction=\"{2}#{0}\" "
            "style=\"document\"/><wsdl:input><{1}:body use=\"literal\"/></wsdl:input>"
            "<wsdl:output><{1}:body use=\"literal\"/></wsdl:output><wsdl:fault "
            "name=\"SumpFault\"><{1}:fault name=\"SumpFault\" use=\"literal\"/></wsdl:fault>"
            "</wsdl:operation>\n",
            operation, soap, kExchangeNamespace);
    };
#define X(Request, Response) add(#Request);
    SUMP_OPERATIONS(X)
#undef X
    return text + "</wsdl:binding>\n";
}

}  // namespace

std::string exchange_wsdl(std::string_view address) {
    std::string text = fmt::format(kHead, kExchangeNamespace, exchange_schema_element());
    text += messages() + port_type() + binding("SumpExchangeSoapBinding", "soap") +
            binding("SumpExchangeSoap12Binding", "soap12");
    return text + fmt::format(
                      "<wsdl:service name=\"SumpExchange\">\n"
                      "  <wsdl:port name=\"SumpExchangeSoap\" "
                      "binding=\"tns:SumpExchangeSoapBinding\"><soap:address "
                      "location=\"{0}\"/></wsdl:port>\n"
                      "  <wsdl:port name=\"SumpExchangeSoap12\" "
                      "binding=\"tns:SumpExchangeSoap12Binding\"><soap12:address "
                      "location=\"{0}\"/></wsdl:port>\n"
                      "</wsdl:service>\n</wsdl:definitions>\n",
                      xml_escaped_attribute(address));
}

}  // namespace tillhost::sumpd::exchange
