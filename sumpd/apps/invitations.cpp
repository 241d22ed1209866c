#include "sumpd/apps/invitations.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "hal/base/text.h"
#include "hal/os/files.h"
#include "sumpd/apps/enrolment.h"
#include "sumpd/apps/orders.h"
#include "sumpd/apps/registry_words.h"
#include "sumpd/apps/tokens.h"

namespace tillhost::sumpd::apps {

using exchange::Empty;
using exchange::Outcome;

namespace {

constexpr std::size_t kFileBytesMax = 512;
constexpr unsigned kFileMode = 0600;

constexpr std::string_view kPrefix = "invitation-";

std::string path_of(const std::string& folder, const std::string& digest) {
    return fmt::format("{}/invitation-{}", folder, digest);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

std::string text_of(const InvitationWish& wish, std::int64_t expires_s) {
    return fmt::format("{}\n{}\n{}\n{}\n{}", expires_s, wish.name, static_cast<int>(wish.kind),
                       wish.store_id, wish.role_id);
}

std::optional<std::int64_t> whole_number(const std::string& text) {
    const auto number = base::parse_decimal(text);
    return number && number->scale == 0 ? std::optional(number->units) : std::nullopt;
}

/// Nothing if it is none.
std::optional<TokenRow> invitation_from(const std::string& text, const std::string& digest) {
    auto lines = lines_of(text);
    lines.resize(5);
    const auto expires = whole_number(lines[0]);
    const auto kind = whole_number(lines[2].empty() ? "0" : lines[2]);
    if (!expires || !kind || *kind < 0 || *kind > 2 ||
        fault_in_names(lines[1], lines[3], lines[4])) {
        return std::nullopt;
    }
    return TokenRow{.digest = digest,
                    .made_by = "sumpd --invite",
                    .expires_s = *expires,
                    .name = lines[1],
                    .kind = static_cast<AppKind>(*kind),
                    .store_id = lines[3],
                    .role_id = lines[4]};
}

}  // namespace

base::Result<MadeInvitation> leave_invitation(const std::string& folder, const InvitationWish& wish,
                                              std::int64_t now_s) {
    if (const auto fault = fault_in_invitation(wish)) {
        return base::bad_field(fault->field.value_or(""), fault->message);
    }
    MadeInvitation made{.token = make_token(TokenKind::enrolment),
                        .expires_s = now_s + wish.life_s};
    const std::string path = path_of(folder, digest_of_token(made.token));
    TRY(os::write_atomically(path, base::bytes_of(text_of(wish, made.expires_s)), kFileMode));
    TRY(give_to_owner_of(folder, path));
    return made;
}

Outcome<Empty> Invitations::take(const std::string& token) {
    const std::string digest = digest_of_token(token);
    const std::string path = path_of(folder_, digest);
    if (::access(path.c_str(), F_OK) != 0) {
        return Empty{};
    }
    const auto bytes = os::read_file(path, kFileBytesMax);
    if (!bytes) {
        return exchange::refuse(exchange::FaultCode::internal,
                                "the invitation cannot be read: " + bytes.error().detail);
    }
    if (auto invitation = invitation_from(base::string_of(*bytes), digest)) {
        // A kill behind this leaves the file; the registry then knows the token, and its use.
        const auto added = registry_.add_invitation(std::move(*invitation));
        if (!added) {
            return tl::unexpected(added.error());
        }
    }
    static_cast<void>(
        os::remove_file(path));  // one that stays is looked at again, and changes nothing
    return Empty{};
}

void Invitations::forget_expired(std::int64_t now_s) const {
    const auto names = os::list_files(folder_, "");
    if (!names) {
        return;
    }
    for (const std::string& name : *names) {
        const std::string path = folder_ + "/" + name;
        const auto bytes = name.starts_with(kPrefix) ? os::read_file(path, kFileBytesMax)
                                                     : base::Result<base::Bytes>(base::Bytes());
        // Its first line; what the device is to become stands below.
        std::string first = bytes ? base::string_of(*bytes) : "";
        first.resize(std::min(first.find('\n'), first.size()));
        const auto expires = base::parse_decimal(first);
        if (expires && expires->scale == 0 && now_s >= expires->units) {
            static_cast<void>(os::remove_file(path));  // one that stays is looked at again
        }
    }
}

}  // namespace tillhost::sumpd::apps
