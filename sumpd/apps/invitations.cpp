#include "sumpd/apps/invitations.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/base/text.h"
#include "hal/os/files.h"
#include "sumpd/apps/enrolment.h"
#include "sumpd/apps/tokens.h"

namespace tillhost::sumpd::apps {

using exchange::Empty;
using exchange::Outcome;

namespace {

constexpr std::size_t kFileBytesMax = 32;
constexpr unsigned kFileMode = 0600;

constexpr std::string_view kPrefix = "invitation-";

std::string path_of(const std::string& folder, const std::string& digest) {
    return fmt::format("{}/invitation-{}", folder, digest);
}

}  // namespace

base::Result<std::string> leave_invitation(const std::string& folder, std::int64_t now_s) {
    std::string token = make_token(TokenKind::enrolment);
    const std::string path = path_of(folder, digest_of_token(token));
    TRY(os::write_atomically(path, base::bytes_of(std::to_string(now_s + kInvitationLifeS)),
                             kFileMode));
    // Made by root, it is for the user whose folder it is.
    struct stat about {};
    if (::stat(folder.c_str(), &about) == 0 && ::geteuid() != about.st_uid &&
        ::chown(path.c_str(), about.st_uid, about.st_gid) != 0) {
        return base::make_error(base::ErrorCode::system_failed,
                                "the invitation cannot be given to sumpd's user");
    }
    return token;
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
    const auto expires = base::parse_decimal(base::string_of(*bytes));
    if (expires && expires->scale == 0) {
        // A kill behind this leaves the file; the registry then knows the token, and its use.
        const auto added = registry_.add_invitation(
            {.digest = digest, .made_by = "sumpd --invite", .expires_s = expires->units});
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
        const auto expires = bytes ? base::parse_decimal(base::string_of(*bytes)) : std::nullopt;
        if (expires && expires->scale == 0 && now_s >= expires->units) {
            static_cast<void>(os::remove_file(path));  // one that stays is looked at again
        }
    }
}

}  // namespace tillhost::sumpd::apps
