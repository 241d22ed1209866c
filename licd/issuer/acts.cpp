#include "licd/issuer/acts.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "hal/os/digest.h"
#include "licd/keys/instant.h"

namespace tillhost::licd::issuer {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::int64_t kYearS = 365 * keys::kDayS;
constexpr const char* kRootWords = "the root key";
constexpr const char* kIssuerWords = "the issuing authority's key";

std::string random_id(const Means& means) {
    return fmt::format("{:016x}{:016x}", means.random(), means.random());
}

/// "4410-0093-7721"
std::string random_serial(const VendorFolder& folder, const Means& means) {
    constexpr std::uint64_t kGroup = 10'000;
    while (true) {
        const std::string serial = fmt::format("{:04}-{:04}-{:04}", means.random() % kGroup,
                                               means.random() % kGroup, means.random() % kGroup);
        if (folder.acts().find(serial) == nullptr) {
            return serial;
        }
    }
}

base::Result<os::SigningKey> issuer_key(const VendorFolder& folder, const os::Certificate& issuer,
                                        const Means& means) {
    auto key =
        TRY(load_key(folder.issuer_key_path(issuer.key_id()), kIssuerWords, means.passphrases));
    if (key.public_key() != issuer.content().key) {
        return make_error(
            ErrorCode::storage_failed,
            fmt::format("{} is not the key of {}", folder.issuer_key_path(issuer.key_id()),
                        folder.issuer_path(issuer.key_id())));
    }
    return key;
}

base::Result<os::SigningKey> root_key(const VendorFolder& folder, const std::string& path,
                                      const Means& means) {
    if (::access(path.c_str(), F_OK) != 0) {
        return base::bad_field("--root-key",
                               fmt::format("the root's secret key is wanted, and {} is not there: "
                                           "--root-key names where it is kept",
                                           path));
    }
    auto key = TRY(load_key(path, kRootWords, means.passphrases));
    if (key.public_key() != folder.root().content().key) {
        return base::bad_field("root key", fmt::format("the one of {}", folder.root_path()));
    }
    return key;
}

/// Secret key and certificate on the disk before the record that puts them in use.
base::Result<os::Certificate> add_issuer(VendorFolder& folder, const os::SigningKey& root,
                                         const std::vector<std::string>& products,
                                         const Means& means) {
    const std::int64_t now = folder.now_s(means.clock);
    const os::SigningKey key = os::SigningKey::make();
    const std::string name = fmt::format("{} issuer {}", folder.root().content().name.substr(0, 40),
                                         folder.acts().issuers().size() + 1);
    auto issuer = TRY(os::issue_certificate({.name = name,
                                             .key = key.public_key(),
                                             .not_before_s = now,
                                             .not_after_s = now + kIssuerYears * kYearS,
                                             .path_length = 0,
                                             .products = products},
                                            folder.root(), root));
    TRY(save_key(folder.issuer_key_path(issuer.key_id()), kIssuerWords, key, means.passphrases));
    TRY(os::write_atomically(folder.issuer_path(issuer.key_id()),
                             base::bytes_of(os::certificate_to_pem(issuer)), 0644));
    TRY(folder.record(write(IssuerRecord{.at_s = now,
                                         .id = issuer.key_id(),
                                         .name = name,
                                         .until_s = issuer.content().not_after_s,
                                         .products = products})));
    return issuer;
}

std::string one_line(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

/// What a server would refuse, or could never use, is not made.
base::Done check_lines(const std::vector<keys::LicenceLine>& lines, std::int64_t now) {
    for (const keys::LicenceLine& line : lines) {
        if (line.until_s && *line.until_s <= now) {
            return base::bad_field(fmt::format("until of {}", line.name),
                                   fmt::format("a day that is not over; {} is",
                                               keys::day_to_text(*line.until_s - keys::kDayS)));
        }
        const auto same = std::count_if(lines.begin(), lines.end(),
                                        [&](const auto& other) { return other.name == line.name; });
        if (same > 1) {
            return base::bad_field("line",
                                   fmt::format("each licence once; {} stands twice", line.name));
        }
    }
    return {};
}

base::Done check_product(const os::Certificate& issuer, const std::string& product) {
    const std::vector<std::string>& may = issuer.content().products;
    if (std::find(may.begin(), may.end(), product) == may.end()) {
        return base::bad_field("product", fmt::format("one that the issuing authority may sign: "
                                                      "{}; not {}",
                                                      one_line(may), product));
    }
    return {};
}

base::Done check_new_products(const os::Certificate& root,
                              const std::vector<std::string>& products) {
    const std::vector<std::string>& may = root.content().products;
    for (const std::string& product : products) {
        if (std::find(may.begin(), may.end(), product) == may.end()) {
            return base::bad_field("product",
                                   fmt::format("one of the root's: {}; not {}. A root's products "
                                               "are for all time: another one needs a folder and "
                                               "a root of its own",
                                               one_line(may), product));
        }
    }
    return {};
}

std::vector<std::string> add_slots(keys::KeyContent& content, int count, const Means& means) {
    std::vector<std::string> pins;
    for (int number = 1; number <= count; ++number) {
        const keys::Pin pin = keys::Pin::make(means.random(), means.random());
        content.slots.push_back({number, pin.key_for(content.serial, number).public_key()});
        pins.push_back(pin.reveal());
    }
    return pins;
}

KeyRecord record_of(const keys::KeyContent& content, const NewKey& wanted,
                    const std::string& file) {
    KeyRecord record{.at_s = content.issued_s,
                     .serial = content.serial,
                     .product = content.product,
                     .kind = std::string(keys::name_of(content.kind)),
                     .lines = static_cast<std::int64_t>(content.lines.size()),
                     .slots = wanted.slots,
                     .file = file,
                     .credential{},
                     .aaguid{},
                     .attestation{}};
    if (wanted.dongle) {
        record.credential = os::sha256_hex(wanted.dongle->dongle.credential);
        record.aaguid = aaguid_text(wanted.dongle->dongle.aaguid);
        record.attestation = wanted.dongle->is_self ? "self" : "maker";
    }
    return record;
}

/// Checks the request against what was given out already. The blank key's text is the one kept.
base::Result<keys::KeyFile> blank_for(const VendorFolder& folder, const IssueRegister::Key& known,
                                      const keys::RequestFile& request) {
    const std::string text = TRY(folder.kept(known.record.file));
    keys::KeyFile blank = TRY(keys::read_key(text, folder.root()));
    TRY(keys::check_request(request, blank));
    const AnswerRecord* const first = known.first_of(request.content.slot);
    if (first == nullptr) {
        return blank;
    }
    const keys::BindingVerdict verdict =
        keys::judge(blank.content.policy, first->traits, request.content.traits);
    if (!verdict.accepted) {
        return make_error(
            ErrorCode::pin_spent,
            fmt::format("PIN {} of the key {} was used on {} on another machine: {}", first->slot,
                        known.record.serial, keys::day_to_text(first->at_s), verdict.told()));
    }
    return blank;
}

base::Result<Answer> repeated(const VendorFolder& folder, const AnswerRecord& before,
                              const std::string& request_sha256) {
    if (before.request_sha256 != request_sha256) {
        return make_error(ErrorCode::conflict,
                          "another request with this id was answered before: make a new request");
    }
    std::string text = TRY(folder.kept(before.file));
    keys::KeyFile key = TRY(keys::read_key(text, folder.root()));
    return Answer{std::move(text), std::move(key), true};
}

base::Result<Answer> answered(VendorFolder& folder, const IssueRegister::Key& known,
                              const keys::RequestFile& request, const std::string& request_sha256,
                              const Means& means) {
    const keys::KeyFile blank = TRY(blank_for(folder, known, request));
    const os::Certificate issuer = TRY(folder.issuer());
    const os::SigningKey key = TRY(issuer_key(folder, issuer, means));
    const std::int64_t now = folder.now_s(means.clock);
    const keys::KeyContent content =
        keys::bind(blank.content, request.content, random_id(means), known.revision() + 1, now);
    const std::string text = TRY(keys::write_key(content, std::span(&issuer, 1), key));
    keys::KeyFile read = TRY(keys::read_key(text, folder.root()));  // what a server will do
    const std::string kept = TRY(folder.keep(text));
    TRY(folder.record(write(AnswerRecord{.at_s = now,
                                         .serial = content.serial,
                                         .slot = request.content.slot,
                                         .request_id = request.content.id,
                                         .request_sha256 = request_sha256,
                                         .revision = content.revision,
                                         .traits = request.content.traits,
                                         .file = kept})));
    return Answer{text, std::move(read), false};
}

base::Done check_revocation(const VendorFolder& folder, const NewRevocation& wanted) {
    const auto& issuers = folder.acts().issuers();
    const bool knows_issuer =
        std::any_of(issuers.begin(), issuers.end(),
                    [&](const IssuerRecord& one) { return one.id == wanted.issuer_id; });
    if (wanted.serial.empty() == wanted.issuer_id.empty()) {
        return base::bad_field("serial", "a serial or --issuer, one of them");
    }
    if (wanted.serial.empty() ? !knows_issuer : folder.acts().find(wanted.serial) == nullptr) {
        return make_error(ErrorCode::key_foreign,
                          fmt::format("{} was never made here: licissue list shows what was",
                                      wanted.serial.empty() ? wanted.issuer_id : wanted.serial));
    }
    return {};
}

void add(keys::Revocations& list, const NewRevocation& wanted, std::int64_t now) {
    if (!wanted.serial.empty()) {
        std::erase_if(list.serials, [&](const auto& one) { return one.serial == wanted.serial; });
        list.serials.push_back({wanted.serial, now, wanted.notice_s});
        return;
    }
    std::erase_if(list.issuers, [&](const auto& one) { return one.key_id == wanted.issuer_id; });
    list.issuers.push_back({wanted.issuer_id, wanted.after_s});
}

}  // namespace

base::Result<MadeVendor> make_vendor(const std::string& path, const NewVendor& wanted,
                                     const Means& means) {
    auto folder = TRY(VendorFolder::make(path));
    const std::int64_t now = folder.now_s(means.clock);
    const os::SigningKey key = os::SigningKey::make();
    auto root = TRY(os::make_root({.name = wanted.name,
                                   .key = key.public_key(),
                                   .not_before_s = now,
                                   .not_after_s = now + kRootYears * kYearS,
                                   .path_length = 2,
                                   .products = wanted.products},
                                  key));
    const bool is_protected =
        TRY(save_key(folder.root_key_path(), kRootWords, key, means.passphrases));
    TRY(os::write_atomically(folder.root_path(), base::bytes_of(os::certificate_to_pem(root)),
                             0644));
    folder.set_root(root);
    TRY(folder.record(write(InitRecord{.at_s = now, .root_id = root.key_id()})));
    auto issuer = TRY(add_issuer(folder, key, wanted.products, means));
    return MadeVendor{std::move(root), std::move(issuer), is_protected};
}

base::Result<os::Certificate> renew_issuer(VendorFolder& folder, const std::string& root_key_path,
                                           std::vector<std::string> products, const Means& means) {
    if (products.empty()) {
        products = folder.acts().issuers().empty() ? folder.root().content().products
                                                   : folder.acts().issuers().back().products;
    }
    TRY(check_new_products(folder.root(), products));
    const os::SigningKey root = TRY(root_key(folder, root_key_path, means));
    return add_issuer(folder, root, products, means);
}

base::Result<MadeKey> make_key(VendorFolder& folder, const NewKey& wanted, const Means& means) {
    if (wanted.lines.empty() || wanted.slots < 0 || wanted.slots > keys::kSlotsMax) {
        return base::bad_field("key", "one licence or more, and up to 50 slots");
    }
    keys::KeyContent content{
        .head = wanted.head,
        .id = random_id(means),
        .serial = wanted.serial.empty() ? random_serial(folder, means) : wanted.serial,
        .issued_s = folder.now_s(means.clock),
        .kind = wanted.kind,
        .product = wanted.product,
        .policy = wanted.policy,
        .terms = wanted.terms,
        .token = wanted.dongle ? std::optional(wanted.dongle->dongle) : std::nullopt,
        .lines = wanted.lines,
        .slots = {},
        .activation = {}};
    if (wanted.dongle.has_value() != (wanted.kind == keys::KeyKind::token) ||
        (wanted.dongle && wanted.slots > 0)) {
        return base::bad_field("key", "of a dongle, then without slots, or of a machine");
    }
    if (!wanted.dongle && wanted.slots == 0) {
        return base::bad_field("slots", "1 or more: without a PIN the key cannot be activated");
    }
    TRY(check_lines(wanted.lines, content.issued_s));
    if (folder.acts().find(content.serial) != nullptr) {
        return make_error(ErrorCode::conflict,
                          fmt::format("there is a key {} already", content.serial));
    }
    const os::Certificate issuer = TRY(folder.issuer());
    TRY(check_product(issuer, content.product));
    const os::SigningKey key = TRY(issuer_key(folder, issuer, means));
    std::vector<std::string> pins = add_slots(content, wanted.slots, means);
    std::string text = TRY(keys::write_key(content, std::span(&issuer, 1), key));
    TRY(keys::read_key(text, folder.root()));  // what a server will do
    const std::string kept = TRY(folder.keep(text));
    TRY(folder.record(write(record_of(content, wanted, kept))));
    return MadeKey{content.serial, std::move(text), std::move(pins)};
}

base::Result<MadeKey> revise_key(VendorFolder& folder, const std::string& serial,
                                 const std::vector<keys::LicenceLine>& lines, const Means& means) {
    const IssueRegister::Key* const known = folder.acts().find(serial);
    if (known == nullptr) {
        return make_error(ErrorCode::key_foreign,
                          fmt::format("a key {} was never made here", serial));
    }
    if (folder.acts().is_revoked(serial)) {
        return make_error(ErrorCode::key_revoked, fmt::format("the key {} is revoked", serial));
    }
    const std::string before = TRY(folder.kept(known->newest_file()));
    keys::KeyContent content = TRY(keys::read_key(before, folder.root())).content;
    if (!content.token) {
        return make_error(ErrorCode::wrong_state,
                          fmt::format("the key {} is bound to a machine: its revisions are the "
                                      "answers to its server's requests",
                                      serial));
    }
    content.id = random_id(means);
    content.revision = known->revision() + 1;
    content.issued_s = folder.now_s(means.clock);
    content.lines = lines;
    TRY(check_lines(lines, content.issued_s));
    const os::Certificate issuer = TRY(folder.issuer());
    const os::SigningKey key = TRY(issuer_key(folder, issuer, means));
    std::string text = TRY(keys::write_key(content, std::span(&issuer, 1), key));
    TRY(keys::read_key(text, folder.root()));  // what a server will do
    const std::string kept = TRY(folder.keep(text));
    TRY(folder.record(write(RevisionRecord{.at_s = content.issued_s,
                                           .serial = serial,
                                           .revision = content.revision,
                                           .lines = static_cast<std::int64_t>(lines.size()),
                                           .file = kept})));
    return MadeKey{serial, std::move(text), {}};
}

base::Result<Answer> answer_request(VendorFolder& folder, std::string_view request,
                                    const Means& means) {
    const keys::RequestFile file = TRY(keys::read_request(request));
    const std::string sha256 = os::sha256_hex(base::bytes_of(request));
    const IssueRegister::Key* const known = folder.acts().find(file.content.serial);
    if (known == nullptr) {
        return make_error(ErrorCode::key_foreign,
                          fmt::format("a key {} was never made here", file.content.serial));
    }
    if (folder.acts().is_revoked(file.content.serial)) {
        return make_error(ErrorCode::key_revoked,
                          fmt::format("the key {} is revoked", file.content.serial));
    }
    const AnswerRecord* const before = known->of_request(file.content.id);
    return before != nullptr ? repeated(folder, *before, sha256)
                             : answered(folder, *known, file, sha256, means);
}

base::Result<std::optional<keys::Revocations>> newest_list(const VendorFolder& folder) {
    if (folder.acts().revocations().empty()) {
        return std::optional<keys::Revocations>();
    }
    const std::string text = TRY(folder.kept(folder.acts().revocations().back().file));
    return std::optional(TRY(keys::read_revocations(text, folder.root())));
}

base::Result<keys::Revocations> revoke(VendorFolder& folder, const NewRevocation& wanted,
                                       const std::string& root_key_path, const Means& means) {
    TRY(check_revocation(folder, wanted));
    const os::SigningKey root = TRY(root_key(folder, root_key_path, means));
    keys::Revocations list = TRY(newest_list(folder)).value_or(keys::Revocations{});
    const std::int64_t now = folder.now_s(means.clock);
    ++list.number;
    list.id = random_id(means);
    list.issued_s = now;
    add(list, wanted, now);
    list.text = TRY(keys::write_revocations(list, root));
    const std::string kept = TRY(folder.keep(list.text));
    TRY(folder.record(write(RevocationRecord{.at_s = now,
                                             .number = list.number,
                                             .file = kept,
                                             .serial = wanted.serial,
                                             .issuer_id = wanted.issuer_id})));
    return list;
}

}  // namespace tillhost::licd::issuer
