#include "ipc/client/tillctl/grammar.h"

namespace tillhost::tillctl {
namespace {

constexpr std::int64_t kHoldSecondsMax = 86'400;
constexpr std::int64_t kAuditCountMax = 1'000'000;

void declare_lease(CommandLine& line, Invocation& to) {
    VerbGrammar lease = line.verb("lease");
    auto filled = std::make_shared<LeaseVerb>();
    lease.text("DEVICE", "device", filled->device, Presence::required);
    lease.flag("--hold", "lease.hold", filled->hold);
    lease.flag("--wait", "lease.wait", filled->wait);
    lease.flag("--takeover", "lease.takeover", filled->takeover);
    lease.number("--for SECONDS", "lease.for", 1, kHoldSecondsMax, filled->for_s);
    lease.text("--note TEXT", "lease.note", filled->note);
    lease.text("--end TEXT", "lease.end", filled->end);
    lease.chosen([&to, filled, language = lease.language()] {
        const bool holds = filled->wait || filled->takeover || filled->for_s != 0;
        if ((holds && !filled->hold) || (filled->hold && !filled->end.empty())) {
            return std::string(text(language, Text::lease_wants_hold));
        }
        to.verb = std::move(*filled);
        return Problem();
    });
}

void declare_audit(CommandLine& line, Invocation& to) {
    VerbGrammar audit = line.verb("audit");
    auto filled = std::make_shared<AuditVerb>();
    auto exports = std::make_shared<bool>(false);
    auto verifies = std::make_shared<bool>(false);
    audit.number("--count NUMBER", "audit.count", 1, kAuditCountMax, filled->count);
    audit.flag("--export", "audit.export", *exports);
    audit.flag("--verify", "audit.verify", *verifies);
    audit.text("--file FILE", "audit.file", filled->path);
    audit.chosen([&to, filled, exports, verifies, language = audit.language()] {
        if ((*exports && *verifies) || (!filled->path.empty() && !*verifies)) {
            return std::string(text(language, Text::audit_one_of));
        }
        filled->what = *exports ? OnAudit::export_all : *verifies ? OnAudit::verify : OnAudit::show;
        to.verb = std::move(*filled);
        return Problem();
    });
}

}  // namespace

void declare_sharing(CommandLine& line, Invocation& to) {
    declare_lease(line, to);
    declare_audit(line, to);
}

}  // namespace tillhost::tillctl
