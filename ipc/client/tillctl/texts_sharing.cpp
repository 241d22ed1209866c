#include <fmt/format.h>

#include <ctime>

#include "ipc/client/tillctl/texts.h"

namespace tillhost::tillctl {
namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kHundred = 100;

/// Local time, to the second.
std::string at(std::int64_t unix_ms) {
    const auto seconds = static_cast<std::time_t>(unix_ms / kSecondMs);
    std::tm parts{};
    char told[32]{};
    std::strftime(told, sizeof told, "%Y-%m-%d %H:%M:%S", ::localtime_r(&seconds, &parts));
    return told;
}

}  // namespace

std::string lease_text(Language language, const contract::Lease& lease) {
    std::string told;
    if (!lease.holder.empty()) {
        told = filled(language, Text::lease_held, lease.device, lease.holder, at(lease.since_ms),
                      lease.expires_in_ms / kSecondMs);
    } else if (lease.waiting.empty()) {
        told = filled(language, Text::lease_free, lease.device);
    } else {
        told = filled(language, Text::lease_next, lease.device, lease.waiting.front().client,
                      lease.waits_for);
    }
    std::int64_t place = 0;
    for (const contract::LeaseWaiter& waiter : lease.waiting) {
        told += filled(language, Text::lease_waits, ++place, waiter.client, at(waiter.since_ms));
    }
    return told;
}

std::string audit_text(Language, const contract::AuditRecord& record) {
    std::string told = fmt::format("{:>6} {} {:<10} {:<24} {:<12} {:<16} {:<12}", record.number,
                                   at(record.at_ms), contract::name_of(record.kind), record.who,
                                   record.device, record.action, record.outcome);
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
