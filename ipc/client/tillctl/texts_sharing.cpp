#include <fmt/format.h>

#include "ipc/client/tillctl/rows.h"
#include "ipc/client/tillctl/texts.h"

namespace tillhost::tillctl {
namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kHundred = 100;

}  // namespace

std::string lease_text(Language language, const contract::Lease& lease) {
    std::string told;
    if (!lease.holder.empty()) {
        told = filled(language, Text::lease_held, lease.device, lease.holder,
                      local_time(lease.since_ms), lease.expires_in_ms / kSecondMs);
    } else if (lease.waiting.empty()) {
        told = filled(language, Text::lease_free, lease.device);
    } else {
        told = filled(language, Text::lease_next, lease.device, lease.waiting.front().client,
                      lease.waits_for);
    }
    std::int64_t place = 0;
    for (const contract::LeaseWaiter& waiter : lease.waiting) {
        told += filled(language, Text::lease_waits, ++place, waiter.client,
                       local_time(waiter.since_ms));
    }
    return told;
}

std::string audit_text(Language, const contract::AuditRecord& record) {
    std::string told = fmt::format("{:>6} {} {:<10} {:<24} {:<12} {:<16} {:<12}", record.number,
                                   local_time(record.at_ms), contract::name_of(record.kind),
                                   record.who, record.device, record.action, record.outcome);
    if (record.amount_minor != 0) {
        told += fmt::format(" {}.{:02} {}", record.amount_minor / kHundred,
                            record.amount_minor % kHundred, record.currency);
    }
    if (record.fiscal_document_number != 0) {
        told += fmt::format(" #{}", record.fiscal_document_number);
    }
    for (const std::string* word : {&record.error, &record.note}) {
        told += word->empty() ? "" : " " + *word;
    }
    while (!told.empty() && told.back() == ' ') {
        told.pop_back();
    }
    return told + "\n";
}

}  // namespace tillhost::tillctl
