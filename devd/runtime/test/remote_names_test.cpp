// Claim: what passes between two hosts has the device's id of the one and of the other, however
// deep it stands, and everything else as it was. Shown on bodies.
#include "devd/runtime/remote_names.h"

#include <gtest/gtest.h>

#include "ipc/contract/messages.h"

namespace tillhost::devd::runtime {
namespace {

using contract::Value;

RemoteHost hall() { return {"hall", "", {{"hall-kassa", "kassa"}, {"hall-pos", "pos"}}}; }

TEST(RemoteNames, ChangesTheDeviceOfARequestAndNothingElse) {
    const RemoteHost host = hall();
    const RemoteNames names(host);
    contract::SubmitRequest request;
    request.device = "hall-kassa";
    request.sale_ref = "hall-kassa";  // a text that happens to be the same
    Value::Map body = *contract::to_value(request).get_if<Value::Map>();
    body.emplace_back("newer", Value(std::string("kept")));
    const Value sent = names.to_there(Value(body));
    EXPECT_EQ(text_at(sent, "device"), "kassa");
    EXPECT_EQ(text_at(sent, "sale_ref"), "hall-kassa");
    EXPECT_EQ(text_at(sent, "newer"), "kept");
    EXPECT_EQ(names.to_there(Value(std::string("no map"))), Value(std::string("no map")));
}

TEST(RemoteNames, ChangesEveryDeviceOfAnAnswer) {
    const RemoteHost host = hall();
    const RemoteNames names(host);
    contract::Operation operation;
    operation.device = "kassa";
    operation.client = "kassa";
    operation.sale.emplace();
    operation.sale->steps.push_back({contract::SaleRole::payment, {}, "pos", {}});
    operation.sale->steps.push_back({contract::SaleRole::registration, {}, "other", {}});
    contract::OperationsReply reply;
    reply.operations = {operation};
    const Value said = names.to_here(contract::to_value(reply));
    const Value& first = (*said.find("operations")->get_if<Value::Array>())[0];
    EXPECT_EQ(text_at(first, "device"), "hall-kassa");
    EXPECT_EQ(text_at(first, "client"), "kassa");
    const auto& steps = *first.find("sale")->find("steps")->get_if<Value::Array>();
    EXPECT_EQ(text_at(steps[0], "device"), "hall-pos");
    EXPECT_EQ(text_at(steps[1], "device"), "other");  // it has no id here
}

}  // namespace
}  // namespace tillhost::devd::runtime
