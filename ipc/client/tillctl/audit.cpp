#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>

#include "hal/os/digest.h"
#include "ipc/client/tillctl/sharing.h"
#include "ipc/client/tillctl/texts.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"

namespace tillhost::tillctl {
namespace {

using base::Result;
using client::Client;
using contract::AuditLine;

/// A record of the audit is below 4000 characters of four bytes.
constexpr std::size_t kLineBytesMax = 20'000;

std::string export_line(const AuditLine& line) {
    return fmt::format("{}\t{}\t{}\n", line.number, line.hash, line.text);
}

/// As export_line wrote it. Errors: bad_field.
Result<AuditLine> read_line(const std::string& text) {
    const std::size_t first = text.find('\t');
    const std::size_t second = first == std::string::npos ? first : text.find('\t', first + 1);
    AuditLine line;
    const char* const end = text.data() + std::min(first, text.size());
    const auto [stop, wrong] = std::from_chars(text.data(), end, line.number);
    if (second == std::string::npos || wrong != std::errc() || stop != end ||
        text.size() > kLineBytesMax) {
        return base::bad_field("FILE", "lines as tillctl audit --export writes them");
    }
    line.hash = text.substr(first + 1, second - first - 1);
    line.text = text.substr(second + 1);
    return line;
}

/// Goes through the records from `first` on, until `use` says that it has enough.
template <class Use>
base::Done each_record(Client& devd, std::int64_t first, const Invocation& how, os::Clock& clock,
                       Use use) {
    while (true) {
        const auto page = TRY(devd.audit(first, kAuditPage, clock.now() + how.timeout));
        for (const AuditLine& line : page.lines) {
            if (!use(line)) {
                return {};
            }
        }
        if (page.lines.empty() || page.lines.back().number >= page.last) {
            return {};
        }
        first = page.lines.back().number + 1;
    }
}

Exit tell(const AuditChain& chain, bool intact, Language language, Console& console) {
    console.out(intact ? filled(language, Text::audit_intact, chain.records(), chain.hash())
                       : filled(language, Text::audit_broken, chain.broken_at(), chain.records()));
    return intact ? Exit::done : Exit::failed;
}

void show(const AuditLine& line, const Invocation& how, Console& console) {
    const auto value = ipc::from_json(line.text);
    const auto record = value ? contract::from_value<contract::AuditRecord>(*value)
                              : Result<contract::AuditRecord>(value.error());
    console.out(how.json || !record ? line.text + "\n" : audit_text(how.language, *record));
}

}  // namespace

bool AuditChain::take(const AuditLine& line) {
    const std::string whole = hash_ + "\n" + line.text;
    if (line.number != number_ + 1 ||
        line.hash != os::sha256_hex(std::as_bytes(std::span(whole)))) {
        return false;
    }
    number_ = line.number;
    hash_ = line.hash;
    return true;
}

Result<Exit> run_audit(const AuditVerb& verb, const Invocation& how, Client& devd, os::Clock& clock,
                       Console& console) {
    if (verb.what == OnAudit::verify) {
        AuditChain chain;
        bool intact = true;
        TRY(each_record(devd, 1, how, clock, [&](const AuditLine& line) {
            intact = chain.take(line);
            return intact;
        }));
        return tell(chain, intact, how.language, console);
    }
    if (verb.what == OnAudit::export_all) {
        TRY(each_record(devd, 1, how, clock, [&](const AuditLine& line) {
            console.out(export_line(line));
            return true;
        }));
        return Exit::done;
    }
    const auto newest = TRY(devd.audit(1, 1, clock.now() + how.timeout)).last;
    const std::int64_t first = std::max<std::int64_t>(newest - verb.count + 1, 1);
    TRY(each_record(devd, first, how, clock, [&](const AuditLine& line) {
        show(line, how, console);
        return true;
    }));
    return Exit::done;
}

Result<Exit> verify_audit_file(const std::string& path, Language language, Console& console) {
    std::ifstream file(path);
    if (!file) {
        return base::bad_field("FILE", "a file that can be read: " + path);
    }
    AuditChain chain;
    bool intact = true;
    std::string text;
    while (intact && std::getline(file, text)) {
        intact = chain.take(TRY(read_line(text)));
    }
    return tell(chain, intact, language, console);
}

}  // namespace tillhost::tillctl
