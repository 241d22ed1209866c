#pragma once

#include <string>
#include <string_view>
#include <vector>

// The contract as machines read it. Everything is made of the fields() of the records, so that it
// cannot differ from what the codecs do. Frozen copies stand in sumpd/exchange/schema/; a test
// compares them, and `sumpd_exchange_test` with TILLHOST_WRITE_SCHEMA=1 writes them anew.
namespace tillhost::sumpd::exchange {

/// Elements of all requests and answers and of SumpError, in kExchangeNamespace. Texts are bounded
/// in characters here and in bytes by the codecs, which is stricter.
std::string exchange_xsd();
/// Element SumpMessage, what is inside the parts, in kDataNamespace.
std::string data_xsd();
/// SOAP 1.1 and 1.2, document/literal wrapped, in one text without imports. `address` is where both
/// ports are: "https://till.shop.example:8443/soap".
std::string exchange_wsdl(std::string_view address);
/// OpenAPI 3.0.3 of the JSON form, as one line of JSON.
std::string openapi(std::string_view server_address);

/// How an operation is called in JSON. Words in braces are fields of the request, in lowerCamel;
/// those of a GET are its query too, where they are single values. The others are the body.
struct JsonRoute {
    std::string_view operation;
    std::string_view method;
    std::string_view path;
    /// Field Data is the raw body, of the answer or of the request, and no JSON stands around it.
    bool is_raw = false;
};
const std::vector<JsonRoute>& json_routes();

}  // namespace tillhost::sumpd::exchange
