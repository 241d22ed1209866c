// Claim: XSD, WSDL and OpenAPI say what the codecs do and stay as they were released. Shown by the
// frozen files byte by byte, and by looking up what each operation has.
#include "sumpd/exchange/schema.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "sumpd/exchange/json_tree.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/exchange/schema_parts.h"
#include "sumpd/exchange/xml_tree.h"

namespace tillhost::sumpd::exchange {
namespace {

/// TILLHOST_WRITE_SCHEMA=1 writes the file anew: after a change of the contract that was meant.
void expect_frozen(const std::string& name, const std::string& text) {
    const std::string path = "sumpd/exchange/schema/" + name;
    if (std::getenv("TILLHOST_WRITE_SCHEMA") != nullptr) {
        std::ofstream(path, std::ios::binary) << text;
    }
    std::ifstream file(path, std::ios::binary);
    const std::string frozen{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(text == frozen, true) << path << " differs from what the records say";
}

TEST(Schema, IsAsItWasReleased) {
    expect_frozen("exchange-1.wsdl", exchange_wsdl("http://localhost/soap"));
    expect_frozen("exchange-1.xsd", exchange_xsd());
    expect_frozen("data-1.xsd", data_xsd());
    expect_frozen("exchange-1.openapi.json", openapi("http://localhost") + "\n");
}

std::size_t count_of(const std::string& text, std::string_view word) {
    std::size_t count = 0;
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        ++count;
    }
    return count;
}

constexpr std::size_t kOperations = [] {
    std::size_t count = 0;
#define X(Request, Response) ++count;
    SUMP_OPERATIONS(X)
#undef X
    return count;
}();

TEST(Schema, TheWsdlHasEveryOperationTwice) {
    const std::string wsdl = exchange_wsdl("https://till:8443/soap?a=1&b=2");
    EXPECT_EQ(count_of(wsdl, "location=\"https://till:8443/soap?a=1&amp;b=2\""), 2U);
    EXPECT_EQ(count_of(wsdl, "<soap:operation "), kOperations);
    EXPECT_EQ(count_of(wsdl, "<soap12:operation "), kOperations);
    EXPECT_EQ(count_of(wsdl, "name=\"Session\" minOccurs=\"0\""), kOperations);
    EXPECT_TRUE(xml_tree(wsdl, kAnswerBounds));
    for (const auto* unwanted : {"nillable", "xs:any", "import", "xs:decimal"}) {
        EXPECT_EQ(count_of(wsdl, unwanted), 0U) << unwanted;
    }
}

TEST(Schema, EveryTypeThatIsNamedIsThere) {
    const Contract contract = learn_contract();
    std::set<std::string> names;
    for (const auto& [name, type] : contract.schema.simple) {
        EXPECT_TRUE(names.insert(name).second) << name;
    }
    for (const RecordType& record : contract.schema.records) {
        EXPECT_TRUE(names.insert(record.name).second) << record.name;
    }
    for (const RecordType& record : contract.schema.records) {
        for (const SchemaField& field : record.fields) {
            EXPECT_EQ(names.count(field.type), 1U) << record.name << "." << field.name;
        }
    }
    const RecordType* documents = contract.schema.record("DocumentBody");
    ASSERT_NE(documents, nullptr);
    EXPECT_TRUE(documents->is_choice);
    EXPECT_EQ(documents->fields.size(), document_kinds().size());
    EXPECT_EQ(contract.schema.record("ObjectBody")->fields.size(), object_kinds().size());
}

TEST(Schema, TheOpenApiPageHasARouteForEachOperation) {
    std::set<std::string_view> routed;
    std::set<std::pair<std::string_view, std::string_view>> places;
    for (const JsonRoute& route : json_routes()) {
        EXPECT_TRUE(routed.insert(route.operation).second) << route.operation;
        EXPECT_TRUE(places.insert({route.method, route.path}).second) << route.path;
    }
    EXPECT_EQ(routed.size(), kOperations);
    const std::string page = openapi("https://till");
    const auto tree = json_tree(page, kAnswerBounds);
    ASSERT_TRUE(tree) << tree.error().message;
    EXPECT_EQ(count_of(page, "\"operationId\""), kOperations);
    const Node* schemas = tree->find(Space::none, "components")->find(Space::none, "schemas");
    std::set<std::string> defined;
    for (const Node& each : schemas->children) {
        defined.insert(each.name);
    }
    const std::string_view reference = "\"$ref\":\"#/components/schemas/";
    for (std::size_t at = page.find(reference); at != std::string::npos;
         at = page.find(reference, at + 1)) {
        const std::size_t begin = at + reference.size();
        const std::string name = page.substr(begin, page.find('"', begin) - begin);
        EXPECT_EQ(defined.count(name), 1U) << name;
    }
}

}  // namespace
}  // namespace tillhost::sumpd::exchange
