#include "sumpd/exchange/schema_parts.h"

#include "sumpd/exchange/envelope.h"
#include "sumpd/exchange/fault.h"
#include "sumpd/exchange/operations.h"

namespace tillhost::sumpd::exchange {
namespace {

template <class T>
std::vector<SchemaField> learn(SchemaVisitor& visitor, std::string_view name) {
    return visitor.learn(name, [](FieldVisitor& v) {
        T record{};
        fields(v, record);
    });
}

}  // namespace

Contract learn_contract() {
    Contract contract;
    SchemaVisitor visitor(contract.schema);
#define X(Request, Response)                                                    \
    contract.operations.push_back({#Request, learn<Request>(visitor, #Request), \
                                   learn<Response>(visitor, #Request "Response")});
    SUMP_OPERATIONS(X)
#undef X
    contract.fault = learn<Fault>(visitor, "SumpError");
    contract.session = visitor
                           .learn("Session",
                                  [](FieldVisitor& v) {
                                      std::optional<Secret> session;
                                      maybe(v, "Session", session, Length{0, kSessionMax});
                                  })
                           .front();
    return contract;
}

}  // namespace tillhost::sumpd::exchange
