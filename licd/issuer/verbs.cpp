#include "licd/issuer/verbs.h"

#include <fmt/format.h>

#include <algorithm>

#include "licd/issuer/acts.h"
#include "licd/keys/instant.h"

namespace tillhost::licd::issuer {
namespace {

constexpr unsigned kFileMode = 0600;  // a key names the customer
constexpr std::int64_t kHourS = 3600;

std::string root_key_of(const Arguments& arguments, const VendorFolder& folder) {
    return arguments.root_key.empty() ? folder.root_key_path() : arguments.root_key;
}

base::Result<Report> init(const Arguments& arguments, const Means& means) {
    const MadeVendor made =
        TRY(make_vendor(arguments.folder, {arguments.name, arguments.products}, means));
    Report report;
    report.put("folder", arguments.folder)
        .put("root_id", made.root.key_id())
        .put("issuer_id", made.issuer.key_id())
        .put("issuer_until", keys::instant_to_text(made.issuer.content().not_after_s))
        .put_flag("protected", made.is_protected)
        .put("next", fmt::format("build {}/root.crt into the products, and move {}/root.key to a "
                                 "medium of its own",
                                 arguments.folder, arguments.folder));
    if (!made.is_protected) {
        report.put("warning",
                   "the secret keys have no passphrase: whoever reads this folder can "
                   "sign licences");
    }
    return report;
}

base::Result<Report> renew(const Arguments& arguments, const Means& means) {
    VendorFolder folder = TRY(VendorFolder::open(arguments.folder));
    const os::Certificate issuer =
        TRY(renew_issuer(folder, root_key_of(arguments, folder), arguments.products, means));
    Report report;
    return report.put("issuer_id", issuer.key_id())
        .put("name", issuer.content().name)
        .put("until", keys::instant_to_text(issuer.content().not_after_s))
        .put_words("products", issuer.content().products);
}

constexpr std::size_t kRootBytesMax = 1024 * 1024;

base::Result<std::vector<std::string>> makers_in(const std::string& folder) {
    std::vector<std::string> roots;
    if (folder.empty()) {
        return roots;
    }
    for (const char* ending : {".pem", ".crt"}) {
        for (const std::string& name : TRY(os::list_files(folder, ending))) {
            roots.push_back(
                base::string_of(TRY(os::read_file(folder + "/" + name, kRootBytesMax))));
        }
    }
    return roots;
}

/// Whether the maker of the dongle vouches for it, and the vendor takes such dongles.
base::Result<Attested> attested_dongle(const Arguments& arguments) {
    AttestationPolicy policy;
    policy.roots_pem = TRY(makers_in(arguments.attestation_roots));
    policy.accepts_self = arguments.accepts_self_attestation;
    for (const std::string& text : arguments.aaguids) {
        policy.aaguids.push_back(TRY(aaguid_from_text(text)));
    }
    if (policy.aaguids.empty()) {
        return base::bad_field("--aaguid",
                               "the models of dongles that are taken; tillctl query DEVICE status "
                               "tells a dongle's as its make");
    }
    const base::Bytes file = TRY(os::read_file(arguments.dongle, kEnrolmentBytesMax));
    return check_enrolment(TRY(read_enrolment(base::string_of(file))), policy);
}

base::Result<std::vector<keys::LicenceLine>> wanted_lines(const Arguments& arguments) {
    std::vector<keys::LicenceLine> lines;
    for (const std::string& line : arguments.lines) {
        lines.push_back(TRY(keys::licence_line_from_words(line)));
    }
    return lines;
}

base::Result<NewKey> wanted_key(const Arguments& arguments) {
    NewKey wanted;
    wanted.serial = arguments.serial;
    wanted.head = arguments.head;
    wanted.product = arguments.product;
    wanted.slots = arguments.slots.value_or(arguments.dongle.empty() ? 1 : 0);
    if (!arguments.dongle.empty()) {
        wanted.kind = keys::KeyKind::token;
        wanted.dongle = TRY(attested_dongle(arguments));
        if (wanted.slots != 0) {
            return base::bad_field("--slots", "none with --dongle: such a key is not activated");
        }
    }
    wanted.policy.strictness = arguments.policy == keys::name_of(keys::Strictness::strict)
                                   ? keys::Strictness::strict
                                   : keys::Strictness::tolerant;
    wanted.policy.weak_allowed = arguments.weak == "allow";
    wanted.terms = {.contact_h = arguments.contact_h,
                    .dongle_grace_s = arguments.dongle_grace_s,
                    .hosts = arguments.hosts};
    wanted.lines = TRY(wanted_lines(arguments));
    return wanted;
}

base::Result<Report> new_key(const Arguments& arguments, const Means& means) {
    const NewKey wanted = TRY(wanted_key(arguments));
    VendorFolder folder = TRY(VendorFolder::open(arguments.folder));
    const MadeKey made = TRY(make_key(folder, wanted, means));
    const std::string out = arguments.out.empty() ? made.serial + ".dongle" : arguments.out;
    const auto written = os::write_atomically(out, base::bytes_of(made.text), kFileMode);
    // Also without that file the PINs have to be told, here and nowhere else: the key is in the
    // journal, and its file among those that are kept.
    const std::string kept =
        fmt::format("{}/files/{}", arguments.folder, folder.acts().find(made.serial)->record.file);
    Report report;
    report.put("serial", made.serial).put("written", written ? out : kept);
    report.put_words("pins", made.pins);
    if (!written) {
        report.put("warning", fmt::format("{} could not be written: {}; take the kept file", out,
                                          base::to_text(written.error())));
    }
    if (wanted.dongle && wanted.dongle->is_self) {
        report.put("warning",
                   "no maker vouches for the dongle: it may be a program, which can be copied; the "
                   "journal says so");
    }
    return report;
}

base::Result<Report> revise(const Arguments& arguments, const Means& means) {
    const auto lines = TRY(wanted_lines(arguments));
    VendorFolder folder = TRY(VendorFolder::open(arguments.folder));
    const MadeKey made = TRY(revise_key(folder, arguments.serial, lines, means));
    const std::string out = arguments.out.empty() ? made.serial + ".dongle" : arguments.out;
    TRY(os::write_atomically(out, base::bytes_of(made.text), kFileMode));
    Report report;
    return report.put("serial", made.serial)
        .put("revision", folder.acts().find(made.serial)->revision())
        .put("written", out);
}

base::Result<Report> answer(const Arguments& arguments, const Means& means) {
    const base::Bytes bytes = TRY(os::read_file(arguments.file, keys::kFileBytesMax));
    VendorFolder folder = TRY(VendorFolder::open(arguments.folder));
    const Answer given = TRY(answer_request(folder, base::string_of(bytes), means));
    const keys::KeyContent& content = given.key.content;
    const std::string out =
        arguments.out.empty() ? fmt::format("{}-{}.lact", content.serial, content.activation->slot)
                              : arguments.out;
    TRY(os::write_atomically(out, base::bytes_of(given.text), kFileMode));
    Report report;
    return report.put("serial", content.serial)
        .put("slot", content.activation->slot)
        .put("revision", content.revision)
        .put_flag("repeated", given.is_repeated)
        .put("written", out);
}

base::Result<Report> revoke_one(const Arguments& arguments, const Means& means) {
    NewRevocation wanted;
    wanted.serial = arguments.serial;
    wanted.issuer_id = arguments.issuer;
    wanted.notice_s = arguments.notice_h * kHourS;
    if (!arguments.after.empty()) {
        wanted.after_s = TRY(keys::instant_from_text(arguments.after));
    }
    VendorFolder folder = TRY(VendorFolder::open(arguments.folder));
    const keys::Revocations list =
        TRY(revoke(folder, wanted, root_key_of(arguments, folder), means));
    const std::string out = arguments.out.empty() ? "revocations.lrev" : arguments.out;
    TRY(os::write_atomically(out, base::bytes_of(list.text), 0644));
    Report report;
    return report.put("number", list.number)
        .put("revoked", arguments.serial + arguments.issuer)
        .put("written", out);
}

std::vector<Report> keys_of(const IssueRegister& acts) {
    std::vector<Report> rows;
    for (const auto& [serial, key] : acts.keys()) {
        std::vector<Report> answers;
        for (const AnswerRecord& answer : key.answers) {
            Report row;
            answers.push_back(row.put("slot", answer.slot)
                                  .put("at", keys::instant_to_text(answer.at_s))
                                  .put("revision", answer.revision)
                                  .put("request", answer.request_id));
        }
        Report row;
        rows.push_back(row.put("serial", serial)
                           .put("product", key.record.product)
                           .put("kind", key.record.kind)
                           .put("revision", key.revision())
                           .put("model", key.record.aaguid)
                           .put("attestation", key.record.attestation)
                           .put("made", keys::instant_to_text(key.record.at_s))
                           .put("licences", key.record.lines)
                           .put("slots", key.record.slots)
                           .put_flag("revoked", acts.is_revoked(serial))
                           .put_list("answers", std::move(answers)));
    }
    return rows;
}

base::Result<Report> list(const Arguments& arguments) {
    const VendorFolder folder = TRY(VendorFolder::open(arguments.folder));
    std::vector<Report> issuers;
    for (const IssuerRecord& issuer : folder.acts().issuers()) {
        Report row;
        issuers.push_back(row.put("id", issuer.id)
                              .put("name", issuer.name)
                              .put("until", keys::instant_to_text(issuer.until_s))
                              .put_words("products", issuer.products));
    }
    const auto newest = TRY(newest_list(folder));
    Report report;
    return report.put("root_id", folder.acts().root_id())
        .put_list("issuers", std::move(issuers))
        .put_list("keys", keys_of(folder.acts()))
        .put("revocation_list", newest ? newest->number : 0);
}

base::Result<Report> show(const Arguments& arguments) {
    const base::Bytes bytes = TRY(os::read_file(arguments.file, keys::kFileBytesMax));
    const std::string path =
        arguments.root.empty() ? arguments.folder + "/root.crt" : arguments.root;
    const auto root = load_certificate(path);
    if (!root && !arguments.root.empty()) {
        return root.error();
    }
    return describe(base::string_of(bytes), root ? &*root : nullptr);
}

base::Result<Report> journal(const Arguments& arguments) {
    const VendorFolder folder = TRY(VendorFolder::open(arguments.folder));
    std::vector<std::string> records;
    for (const IssueJournal::Record& record : folder.journal().records()) {
        records.push_back(fmt::format("{} {}", record.number, record.text));
    }
    Report report;
    report.put_words("records", std::move(records)).put("hash", folder.journal().head());
    if (folder.journal().was_cut()) {
        report.put("warning",
                   "the last record was not whole and was taken off: it was never "
                   "acknowledged");
    }
    return report;
}

}  // namespace

base::Result<Report> run(const Arguments& arguments, const Means& means) {
    switch (arguments.verb) {
        case Verb::init: return init(arguments, means);
        case Verb::renew: return renew(arguments, means);
        case Verb::make_key: return new_key(arguments, means);
        case Verb::revise_key: return revise(arguments, means);
        case Verb::answer: return answer(arguments, means);
        case Verb::revoke: return revoke_one(arguments, means);
        case Verb::list: return list(arguments);
        case Verb::show: return show(arguments);
        case Verb::journal: return journal(arguments);
    }
    return base::make_error(base::ErrorCode::internal, "a verb without an act");
}

}  // namespace tillhost::licd::issuer
