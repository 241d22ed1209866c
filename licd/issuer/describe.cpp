#include <fmt/format.h>

#include "licd/issuer/enrolment.h"
#include "licd/issuer/verbs.h"
#include "licd/keys/activation.h"
#include "licd/keys/instant.h"
#include "licd/keys/key_lines.h"

namespace tillhost::licd::issuer {
namespace {

Report of_line(const keys::LicenceLine& line) {
    Report row;
    row.put("name", line.name).put("type", std::string(keys::name_of(line.type)));
    if (line.type == keys::CountType::counted) {
        row.put("count", line.count).put("mode", std::string(keys::name_of(line.mode)));
    }
    row.put("until", line.until_s ? keys::day_to_text(*line.until_s - keys::kDayS) : "never")
        .put("versions", line.versions.text)
        .put_words("features", line.features);
    return row;
}

std::string traits_of(const keys::TraitDigests& traits) {
    std::vector<std::string> names;
    for (const auto& [kind, values] : traits) {
        names.push_back(fmt::format("{} ({})", keys::name_of(kind), values.size()));
    }
    return keys::joined(names, ' ');
}

Report of_key(const keys::KeyFile& file) {
    const keys::KeyContent& content = file.content;
    std::vector<Report> lines;
    for (const keys::LicenceLine& line : content.lines) {
        lines.push_back(of_line(line));
    }
    Report report;
    report.put("file", content.activation ? "answer" : "key")
        .put("head", content.head)
        .put("serial", content.serial)
        .put("product", content.product)
        .put("revision", content.revision)
        .put("issued", keys::instant_to_text(content.issued_s))
        .put("kind", std::string(keys::name_of(content.kind)))
        .put("policy", std::string(keys::name_of(content.policy.strictness)))
        .put("slots", static_cast<std::int64_t>(content.slots.size()))
        .put_list("licences", std::move(lines));
    if (content.token) {
        report.put("relying_party", content.token->rp)
            .put("model", aaguid_text(content.token->aaguid));
    }
    if (content.activation) {
        report.put("slot", content.activation->slot)
            .put("request", content.activation->request_id)
            .put("server", keys::key_text(content.activation->server))
            .put("traits", traits_of(content.activation->traits));
    }
    return report.put("issuer", file.chain.front().content().name)
        .put("issuer_id", file.issuer_id());
}

Report of_request(const keys::RequestFile& file) {
    const keys::RequestContent& content = file.content;
    Report report;
    return report.put("file", "request")
        .put("id", content.id)
        .put("serial", content.serial)
        .put("slot", content.slot)
        .put("revision", content.revision)
        .put("made", keys::instant_to_text(content.made_s))
        .put("software", content.software)
        .put("server", keys::key_text(content.server))
        .put("traits", traits_of(content.traits));
}

Report of_list(const keys::Revocations& list) {
    std::vector<Report> serials;
    for (const keys::RevokedSerial& one : list.serials) {
        Report row;
        serials.push_back(row.put("serial", one.serial)
                              .put("at", keys::instant_to_text(one.at_s))
                              .put("notice_s", one.notice_s));
    }
    std::vector<Report> issuers;
    for (const keys::RevokedIssuer& one : list.issuers) {
        Report row;
        issuers.push_back(
            row.put("issuer_id", one.key_id)
                .put("issued_after", one.after_s ? keys::instant_to_text(*one.after_s) : ""));
    }
    Report report;
    return report.put("file", "revocations")
        .put("number", list.number)
        .put("issued", keys::instant_to_text(list.issued_s))
        .put_list("serials", std::move(serials))
        .put_list("issuers", std::move(issuers));
}

bool has_fence(std::string_view text, keys::FileKind kind) {
    const std::string fence = fmt::format("-----LICD {} ", keys::name_of(kind));
    return text.starts_with(fence) || text.find("\n" + fence) != std::string_view::npos;
}

}  // namespace

base::Result<Report> describe(std::string_view text, const os::Certificate* root) {
    if (has_fence(text, keys::FileKind::request)) {
        return of_request(TRY(keys::read_request(text)));
    }
    if (root == nullptr) {
        return base::bad_field("--root", "the vendor's root certificate, or --dir its folder");
    }
    if (has_fence(text, keys::FileKind::revocations)) {
        return of_list(TRY(keys::read_revocations(text, *root)));
    }
    return of_key(TRY(keys::read_key(text, *root)));
}

}  // namespace tillhost::licd::issuer
