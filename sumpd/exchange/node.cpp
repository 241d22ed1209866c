#include "sumpd/exchange/node.h"

namespace tillhost::sumpd::exchange {

const Node* Node::find(Space in, std::string_view called) const {
    for (const Node& child : children) {
        if (child.space == in && child.name == called) {
            return &child;
        }
    }
    return nullptr;
}

const std::string* Node::attribute(Space in, std::string_view called) const {
    for (const Attribute& each : attributes) {
        if (each.space == in && each.name == called) {
            return &each.value;
        }
    }
    return nullptr;
}

}  // namespace tillhost::sumpd::exchange
