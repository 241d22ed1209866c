// How the book is looked into.
#include "devd/core/operation_book.h"

namespace tillhost::devd::core {

const OperationBook::Entry* OperationBook::find(const base::OperationId& id) const {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second;
}

const OperationBook::Entry* OperationBook::with_sale_ref(const std::string& client,
                                                         const std::string& sale_ref) const {
    const auto found = by_sale_ref_.find({client, sale_ref});
    return found == by_sale_ref_.end() ? nullptr : find(found->second);
}

const OperationBook::Entry* OperationBook::equal_open(const std::string& client,
                                                      const std::string& content_hash) const {
    const auto found = open_by_content_.find({client, content_hash});
    return found == open_by_content_.end() ? nullptr : found->second.begin()->second;
}

const OperationBook::Queue& OperationBook::waiting(const std::string& device) const {
    const auto found = waiting_.find(device);
    return found == waiting_.end() ? nothing() : found->second;
}

const OperationBook::Queue& OperationBook::steps_of(const base::OperationId& sale) const {
    const auto found = steps_.find(sale);
    return found == steps_.end() ? nothing() : found->second;
}

const OperationBook::Queue& OperationBook::with_slip(const std::string& device,
                                                     std::int64_t receipt_number) const {
    const auto found = by_slip_.find({device, receipt_number});
    return found == by_slip_.end() ? nothing() : found->second;
}

const OperationBook::Entry* OperationBook::reversal_of(const base::OperationId& payment) const {
    const auto found = reversals_.find(payment);
    return found == reversals_.end() ? nullptr : found->second;
}

const OperationBook::Queue& OperationBook::nothing() {
    static const Queue kNothing;
    return kNothing;
}

const OperationBook::Entry* OperationBook::in_doubt(const std::string& device) const {
    const auto found = doubts_.find(device);
    return found == doubts_.end() ? nullptr : found->second.begin()->second;
}

const OperationBook::Entry* OperationBook::doubt_to_ask(const std::string& device) const {
    const Entry* doubt = in_doubt(device);
    // Of another host's device that host's book tells, whatever became of this one.
    const bool told_there = doubt != nullptr && doubt->row.marker &&
                            std::holds_alternative<contract::RemoteMarker>(*doubt->row.marker);
    return doubt == nullptr || (is_restored_doubt(doubt->row) && !told_there) ? nullptr : doubt;
}

const OperationBook::Entry* OperationBook::last_payment(const std::string& device) const {
    const auto last = last_payments_.find(device);
    const auto found =
        last == last_payments_.end() ? by_sequence_.end() : by_sequence_.find(last->second);
    return found == by_sequence_.end() ? nullptr
                                       : found->second;  // forgotten: nothing older counts
}

}  // namespace tillhost::devd::core
