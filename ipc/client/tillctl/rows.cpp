#include "ipc/client/tillctl/rows.h"

#include "ipc/json.h"

namespace tillhost::tillctl {
namespace {

using contract::Value;

void add(const std::string& name, const Value& value, std::string& told) {
    if (const auto* fields = value.get_if<Value::Map>()) {
        for (const auto& [inner, field] : *fields) {
            add(name.empty() ? inner : name + "." + inner, field, told);
        }
    } else if (const auto* items = value.get_if<Value::Array>()) {
        for (std::size_t i = 0; i < items->size(); ++i) {
            add(fmt::format("{}[{}]", name, i), (*items)[i], told);
        }
    } else if (const auto* plain = value.get_if<std::string>()) {
        told += row(name, *plain);
    } else {
        told += row(name, ipc::to_json(value, -1));
    }
}

}  // namespace

std::string fields_text(const Value& tree) {
    std::string told;
    add("", tree, told);
    return told;
}

}  // namespace tillhost::tillctl
