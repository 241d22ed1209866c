#include <fmt/format.h>

#include "sumpd/exchange/fault.h"
#include "sumpd/exchange/message.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/exchange/schema.h"
#include "sumpd/exchange/schema_model.h"
#include "sumpd/exchange/schema_parts.h"

namespace tillhost::sumpd::exchange {
namespace {

constexpr std::size_t kCountedMax = 100;  // longer lists are unbounded: some validators unroll them
constexpr std::string_view kUuidPattern =
    "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
constexpr std::string_view kXsdDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

std::string facet(std::string_view name, std::string_view value) {
    return fmt::format("<xs:{} value=\"{}\"/>", name, value);
}
std::string facet(std::string_view name, std::int64_t value) {
    return facet(name, std::to_string(value));
}

std::string restriction_of(const SimpleType& type) {
    const auto of = [](std::string_view base, const std::string& facets) {
        return fmt::format("<xs:restriction base=\"xs:{}\">{}</xs:restriction>", base, facets);
    };
    switch (type.kind) {
        case SimpleType::Kind::text:
            return of("string", facet("minLength", type.min) + facet("maxLength", type.max));
        case SimpleType::Kind::integer:
            return of("long", facet("minInclusive", type.min) + facet("maxInclusive", type.max));
        case SimpleType::Kind::boolean: return of("boolean", "");
        case SimpleType::Kind::amount:
            return of("string", facet("pattern", "-?[0-9]{1,12}(\\.[0-9]{1,2})?"));
        case SimpleType::Kind::measure:
            return of("string", facet("pattern", "-?[0-9]{1,10}(\\.[0-9]{1,3})?"));
        case SimpleType::Kind::moment:
            return of("dateTime", facet("pattern", ".+(Z|[+\\-][0-9]{2}:[0-9]{2})"));
        case SimpleType::Kind::uuid: return of("string", facet("pattern", kUuidPattern));
        case SimpleType::Kind::bytes: return of("base64Binary", facet("maxLength", type.max));
        case SimpleType::Kind::words: break;
    }
    std::string words;
    for (const std::string& word : type.words) {
        words += facet("enumeration", word);
    }
    return of("string", words);
}

/// Bounds may become wider within a major version, so what has no other meaning than its bounds has
/// no name that clients could depend on.
bool is_named(const SimpleType& type) {
    switch (type.kind) {
        case SimpleType::Kind::amount:
        case SimpleType::Kind::measure:
        case SimpleType::Kind::moment:
        case SimpleType::Kind::uuid:
        case SimpleType::Kind::words: return true;
        case SimpleType::Kind::text:
        case SimpleType::Kind::integer:
        case SimpleType::Kind::boolean:
        case SimpleType::Kind::bytes: break;
    }
    return false;
}

/// An attribute or an element of a type; `more` are further XML attributes.
std::string typed(std::string_view what, const Schema& schema, const SchemaField& field,
                  const std::string& more) {
    const std::string begin = fmt::format("<xs:{} name=\"{}\"", what, field.name);
    const auto simple = schema.simple.find(field.type);
    if (simple == schema.simple.end() || is_named(simple->second)) {
        return fmt::format("{} type=\"tns:{}\"{}/>", begin, field.type, more);
    }
    if (simple->second.kind == SimpleType::Kind::boolean) {
        return fmt::format("{} type=\"xs:boolean\"{}/>", begin, more);
    }
    return fmt::format("{}{}><xs:simpleType>{}</xs:simpleType></xs:{}>", begin, more,
                       restriction_of(simple->second), what);
}

std::string element_of(const Schema& schema, const SchemaField& field) {
    std::string occurs;
    if (field.min != 1) {
        occurs += fmt::format(" minOccurs=\"{}\"", field.min);
    }
    if (field.is_list && field.max > kCountedMax) {
        occurs += " maxOccurs=\"unbounded\"";
    } else if (field.max != 1) {
        occurs += fmt::format(" maxOccurs=\"{}\"", field.max);
    }
    return typed("element", schema, field, occurs);
}

std::string content_of(const Schema& schema, const std::vector<SchemaField>& fields,
                       bool is_choice) {
    const std::string_view kind = is_choice ? "choice" : "sequence";
    std::string text = fmt::format("<xs:{}>\n", kind);
    for (const SchemaField& field : fields) {
        text += "    " + element_of(schema, field) + "\n";
    }
    return text + fmt::format("  </xs:{}>", kind);
}

std::string element_named(const Schema& schema, std::string_view name,
                          const std::vector<SchemaField>& fields) {
    return fmt::format(
        "  <xs:element name=\"{}\"><xs:complexType>{}</xs:complexType></xs:element>\n", name,
        content_of(schema, fields, false));
}

std::string types_of(const Schema& schema) {
    std::string text;
    for (const auto& [name, type] : schema.simple) {
        if (!is_named(type)) {
            continue;
        }
        text += fmt::format("  <xs:simpleType name=\"{}\">{}</xs:simpleType>\n", name,
                            restriction_of(type));
    }
    for (const RecordType& record : schema.records) {
        text += fmt::format("  <xs:complexType name=\"{}\">{}</xs:complexType>\n", record.name,
                            content_of(schema, record.fields, record.is_choice));
    }
    return text;
}

std::string schema_around(std::string_view uri, const std::string& inside) {
    return fmt::format(
        "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:tns=\"{0}\" "
        "targetNamespace=\"{0}\" elementFormDefault=\"qualified\" "
        "attributeFormDefault=\"unqualified\">\n{1}</xs:schema>\n",
        uri, inside);
}

std::string header_attributes(const Schema& schema, const std::vector<SchemaField>& fields) {
    std::string text;
    for (const SchemaField& field : fields) {
        text += "    " + typed("attribute", schema, field, " use=\"required\"") + "\n";
    }
    return text;
}

}  // namespace

std::string exchange_schema_element() {
    const Contract contract = learn_contract();
    std::string elements;
    for (const LearnedOperation& each : contract.operations) {
        std::vector<SchemaField> request = each.request;
        request.insert(request.begin(), contract.session);
        elements += element_named(contract.schema, each.name, request);
        elements += element_named(contract.schema, each.name + "Response", each.response);
    }
    elements += element_named(contract.schema, "SumpError", contract.fault);
    return schema_around(kExchangeNamespace, types_of(contract.schema) + elements);
}

std::string exchange_xsd() { return std::string(kXsdDeclaration) + exchange_schema_element(); }

std::string data_xsd() {
    Schema schema;
    SchemaVisitor visitor(schema);
    const auto attributes = visitor.learn("Header", [](FieldVisitor& v) {
        MessageHeader header;
        fields(v, header);
    });
    const auto items = visitor.learn("SumpMessage", [](FieldVisitor& v) {
        Object object;
        MessageDocument document;
        DocumentVerdict verdict;
        record(v, "Object", object);
        record(v, "Document", document);
        record(v, "Result", verdict);
    });
    std::string message =
        "  <xs:element name=\"SumpMessage\"><xs:complexType><xs:choice minOccurs=\"0\" "
        "maxOccurs=\"unbounded\">\n";
    for (const SchemaField& item : items) {
        message += "    " + element_of(schema, item) + "\n";
    }
    message += "  </xs:choice>\n" + header_attributes(schema, attributes) +
               "  </xs:complexType></xs:element>\n";
    return std::string(kXsdDeclaration) + schema_around(kDataNamespace, types_of(schema) + message);
}

}  // namespace tillhost::sumpd::exchange
