#include "sumpd/people/limits.h"

#include <algorithm>
#include <variant>

#include "sumpd/exchange/message.h"
#include "sumpd/people/reading.h"

namespace tillhost::sumpd::people {

using exchange::Outcome;

namespace {

constexpr std::int64_t kMilli = 1000;
constexpr std::int64_t kPercent = 100;

/// Looks at one document after the other field.
class Look final {
public:
    explicit Look(const Person& person) : person_(person) {}

    void at(const exchange::Receipt& receipt) {
        store(receipt.store_id);
        switch (receipt.type) {
            case exchange::ReceiptType::sale: may(Leaf::sale_sell); break;
            case exchange::ReceiptType::sale_return: at_return(receipt); break;
            case exchange::ReceiptType::sale_correction:
            case exchange::ReceiptType::return_correction: may(Leaf::sale_correction); break;
            case exchange::ReceiptType::unspecified: break;
        }
        if (receipt.type == exchange::ReceiptType::sale) {
            at_discounts(receipt);
        }
    }
    void at(const exchange::Shift& shift) {
        store(shift.store_id);
        may(shift.event == exchange::ShiftEvent::opened ? Leaf::shift_open : Leaf::shift_close);
    }
    void at(const exchange::CashMove& move) {
        may(move.direction == exchange::CashDirection::in ? Leaf::cash_in : Leaf::cash_out);
    }
    void at(const exchange::Order& order) {
        store(order.store_id);
        may(Leaf::orders_make);
    }
    void at(const exchange::TaskResult&) {}  // who is given a task may end it
    void at(const exchange::InventoryCount&) { may(Leaf::stock_inventory); }
    void at(const exchange::Transfer&) { may(Leaf::stock_transfer); }
    void at(const exchange::LabelRequest& request) {
        store(request.store_id);
        may(Leaf::stock_labels);
    }

    std::vector<std::string> take() { return std::move(flags_); }

private:
    void flag(std::string_view name) {
        if (flags_.size() < exchange::kFlagsMax &&
            std::find(flags_.begin(), flags_.end(), name) == flags_.end()) {
            flags_.emplace_back(name);
        }
    }
    void may(Leaf leaf) {
        if (!allows(person_.permissions, leaf)) {
            flag(row_of(leaf).name);
        }
    }
    void store(const std::string& id) {
        if (!person_.stores.empty() &&
            std::find(person_.stores.begin(), person_.stores.end(), id) == person_.stores.end()) {
            flag(kFlagOtherStore);
        }
    }
    void at_return(const exchange::Receipt& receipt) {
        if (receipt.returns) {
            may(Leaf::sale_return_with_receipt);
            return;
        }
        may(Leaf::sale_return_without_receipt);
        if (receipt.total.minor >
            money_of(person_.permissions, Leaf::sale_return_without_receipt_max)) {
            flag(row_of(Leaf::sale_return_without_receipt_max).name);
        }
    }
    void at_discounts(const exchange::Receipt& receipt) {
        const std::int64_t most = number_of(person_.permissions, Leaf::sale_discount_percent);
        for (const exchange::ReceiptLine& line : receipt.lines) {
            // Amounts reach 10^13 and quantities 10^12: only a long double holds their product, and
            // a unit of the money in its last place does not matter here.
            const long double full = static_cast<long double>(line.price.minor) *
                                     static_cast<long double>(line.qty.milli) / kMilli;
            const long double allowed = full * static_cast<long double>(most) / kPercent + 1;
            if (line.discount.minor > 0 &&
                static_cast<long double>(line.discount.minor) > allowed) {
                flag(row_of(Leaf::sale_discount_percent).name);
            }
        }
    }

    const Person& person_;
    std::vector<std::string> flags_{};
};

/// What a role may: the row for the store, else the one for all, else nothing.
using Roles = std::map<std::string, std::map<std::string, std::vector<exchange::Permission>>>;

std::vector<exchange::Permission> permissions_of(const Roles& roles, const std::string& role_id,
                                                 const std::string& store_id) {
    const auto role = roles.find(role_id);
    if (role == roles.end()) {
        return none_allowed();
    }
    auto at = role->second.find(store_id);
    at = at == role->second.end() ? role->second.find("") : at;
    return at == role->second.end() ? none_allowed() : at->second;
}

std::string store_of(const exchange::Document& document) {
    return std::visit(
        [](const auto& body) -> std::string {
            if constexpr (requires { body.store_id; }) {
                return body.store_id;
            }
            return {};
        },
        document.body);
}

}  // namespace

std::vector<std::string> flags_of(const exchange::Document& document, const Person& person) {
    if (!person.is_known) {
        return {std::string(kFlagUnknownUser)};
    }
    Look look(person);
    std::visit([&](const auto& body) { look.at(body); }, document.body);
    return look.take();
}

struct Limits::Image {
    std::int64_t newest = -1;
    std::map<std::string, exchange::User> users{};  ///< by id
    Roles roles{};

    Person person(const exchange::Document& document) const {
        const auto found = users.find(document.user_id);
        if (found == users.end()) {
            return {};
        }
        return {.is_known = true,
                .stores = found->second.stores,
                .permissions = permissions_of(roles, found->second.role_id, store_of(document))};
    }
};

std::shared_ptr<const Limits::Image> Limits::image() {
    const std::int64_t newest = store_.changes().newest();
    const std::lock_guard<std::mutex> guard(mutex_);
    if (image_ != nullptr && image_->newest == newest) {
        return image_;
    }
    auto read = store_.transactions().read<std::shared_ptr<Image>>(
        [&](store::Sql& sql) -> Outcome<std::shared_ptr<Image>> {
            auto made = std::make_shared<Image>();
            made->newest = newest;
            for (UserRow& row : visible_users(sql)) {
                made->users[row.id] = std::move(row.user);
            }
            for (const RoleRow& row : visible_roles(sql)) {
                made->roles[row.id][row.scope] = effective(row.id, row.role.permissions);
            }
            return made;
        });
    if (read) {
        image_ = std::move(*read);
    } else {
        logger_.warning("the limits of users cannot be read", {{"error", read.error().message}});
    }
    return image_;
}

std::vector<std::string> Limits::flags_of(const exchange::PutDocuments& request) {
    std::vector<std::string> all;
    const auto now = image();
    if (now == nullptr) {
        return all;
    }
    for (const exchange::Document& document : request.documents) {
        std::string& text = all.emplace_back();
        for (const std::string& flag : people::flags_of(document, now->person(document))) {
            text += text.empty() ? flag : " " + flag;
        }
    }
    return all;
}

}  // namespace tillhost::sumpd::people
