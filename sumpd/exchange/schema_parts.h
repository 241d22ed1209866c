#pragma once

#include <string>
#include <vector>

#include "sumpd/exchange/schema_model.h"

// What schema_xsd.cpp, schema_wsdl.cpp and openapi.cpp share.
namespace tillhost::sumpd::exchange {

struct LearnedOperation {
    std::string name{};
    std::vector<SchemaField> request{};  ///< without Session
    std::vector<SchemaField> response{};
};

/// Everything of SUMP_OPERATIONS.
struct Contract {
    Schema schema{};
    std::vector<LearnedOperation> operations{};
    std::vector<SchemaField> fault{};
    SchemaField session{};  ///< the optional first element of each request in XML
};
Contract learn_contract();

/// The element xs:schema of the exchange, for a file of its own and for the WSDL.
std::string exchange_schema_element();

}  // namespace tillhost::sumpd::exchange
