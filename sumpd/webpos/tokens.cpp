#include "sumpd/webpos/tokens.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "hal/os/files.h"
#include "hal/os/random.h"
#include "ipc/text_tables.h"
#include "sumpd/apps/tokens.h"

namespace tillhost::sumpd::webpos {

using base::Done;
using base::Result;
using exchange::FaultCode;
using exchange::Outcome;

namespace {

constexpr std::string_view kActEnding = ".webact";
constexpr std::size_t kActBytesMax = 16 * 1024;
constexpr unsigned kActMode = 0600;
constexpr std::string_view kCommandLine = "sumpd --web-token";
/// A folder that changed a moment ago may change again within one tick of its clock.
constexpr std::int64_t kTickS = 2;

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kTokenNameMax &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
           });
}

/// Scheme, host and port as a browser writes them: lower case, no path.
bool is_origin(std::string_view text) {
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (!text.starts_with(scheme) || text.size() > kOriginBytesMax) {
            continue;
        }
        const std::string_view host = text.substr(scheme.size());
        return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
                   c == ':' || c == '[' || c == ']';
        });
    }
    return false;
}

std::string joined(const std::vector<std::string>& devices) {
    return fmt::format("{}", fmt::join(devices, ","));
}

WebToken token_from(const store::Row& row) {
    using store::integer;
    using store::text;
    return {.name = text(row[0]),
            .origin = text(row[1]),
            .role = role_from(text(row[2])),
            .devices = devices_from(text(row[3])),
            .digest = text(row[4]),
            .made_ms = integer(row[5])};
}

std::string told(const WebToken& token) {
    return fmt::format("origin {}, role {}, devices {}", token.origin,
                       contract::name_of(token.role),
                       token.devices.empty() ? "all" : joined(token.devices));
}

Done leave(const std::string& folder, const ipc::TextTable& act, std::int64_t now_ms) {
    // In the order of their names they are taken up.
    const std::string path =
        fmt::format("{}/{:015}-{:016x}{}", folder, now_ms, os::random_u64(), kActEnding);
    const std::string text = ipc::write_text_tables("left for the sumpd that runs", {act});
    TRY(os::write_atomically(path, base::bytes_of(text), kActMode));
    // Made by root, it is for the user whose folder it is.
    struct stat about {};
    if (::stat(folder.c_str(), &about) == 0 && ::geteuid() != about.st_uid &&
        ::chown(path.c_str(), about.st_uid, about.st_gid) != 0) {
        return base::make_error(base::ErrorCode::system_failed,
                                "the token cannot be given to sumpd's user");
    }
    return {};
}

}  // namespace

std::vector<std::string> devices_from(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(','), text.size());
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

contract::Role role_from(std::string_view name) {
    using contract::Role;
    for (const Role role : {Role::observer, Role::cashier, Role::operator_, Role::administrator}) {
        if (contract::name_of(role) == name) {
            return role;
        }
    }
    return Role::unspecified;
}

Done check(const WebToken& token) {
    if (!is_name(token.name)) {
        return base::bad_field("name",
                               fmt::format("1 to {} characters a-z, 0-9, - and _", kTokenNameMax));
    }
    if (token.origin != kNoOrigin && !is_origin(token.origin)) {
        return base::bad_field("origin",
                               "as the browser sends it, \"https://pos.example\" or "
                               "\"http://localhost:3000\": no path, no *; or - for a program");
    }
    if (token.role == contract::Role::unspecified) {
        return base::bad_field("role", "observer, cashier, operator or administrator");
    }
    const bool good = std::all_of(token.devices.begin(), token.devices.end(), [](const auto& one) {
        return !one.empty() && one.size() <= kDeviceIdMax;
    });
    if (!good || token.devices.size() > kTokenDevicesMax) {
        return base::bad_field("devices", fmt::format("at most {} ids", kTokenDevicesMax));
    }
    return {};
}

Result<std::string> leave_token(const std::string& folder, WebToken token, std::int64_t now_ms) {
    TRY(check(token));
    std::string secret = apps::make_token(apps::TokenKind::web);
    ipc::TextTable act{.name = "token"};
    act.set("name", token.name);
    act.set("origin", token.origin);
    act.set("role", std::string(contract::name_of(token.role)));
    act.set("devices", joined(token.devices));
    act.set("sha256", apps::digest_of_token(secret));
    TRY(leave(folder, act, now_ms));
    return secret;
}

Done leave_revocation(const std::string& folder, const std::string& name, std::int64_t now_ms) {
    if (!is_name(name)) {
        return base::bad_field("name", "of a token");
    }
    ipc::TextTable act{.name = "revoke"};
    act.set("name", name);
    return leave(folder, act, now_ms);
}

Result<std::unique_ptr<WebTokens>> WebTokens::open(Parts parts) {
    std::unique_ptr<WebTokens> tokens(new WebTokens(std::move(parts)));
    auto rows = tokens->parts_.transactions.read<std::vector<store::Row>>(
        [](store::Sql& sql) -> Outcome<std::vector<store::Row>> {
            return sql.query("SELECT name, origin, role, devices, digest, made_ms FROM web_token",
                             "ttttti");
        });
    if (!rows) {
        return base::make_error(base::ErrorCode::storage_failed, rows.error().message);
    }
    for (const store::Row& row : *rows) {
        WebToken token = token_from(row);
        tokens->tokens_.emplace(token.name, std::move(token));
    }
    tokens->look();
    return tokens;
}

std::optional<WebToken> WebTokens::find(std::string_view secret) {
    look();
    if (apps::token_kind(secret) != apps::TokenKind::web) {
        return std::nullopt;
    }
    // By the digest: how far two of them agree tells nothing about the secret.
    const std::string digest = apps::digest_of_token(secret);
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(tokens_.begin(), tokens_.end(),
                                    [&](const auto& one) { return one.second.digest == digest; });
    return found == tokens_.end() ? std::nullopt : std::optional(found->second);
}

bool WebTokens::is_good(const std::string& digest) {
    look();
    const std::lock_guard lock(mutex_);
    return std::any_of(tokens_.begin(), tokens_.end(),
                       [&](const auto& one) { return one.second.digest == digest; });
}

bool WebTokens::knows_origin(std::string_view origin) {
    look();
    const std::lock_guard lock(mutex_);
    return origin != kNoOrigin && std::any_of(tokens_.begin(), tokens_.end(), [&](const auto& one) {
               return one.second.origin == origin;
           });
}

std::vector<WebToken> WebTokens::all() {
    look();
    const std::lock_guard lock(mutex_);
    std::vector<WebToken> tokens;
    for (const auto& [name, token] : tokens_) {
        tokens.push_back(token);
    }
    return tokens;
}

Outcome<bool> WebTokens::put(const WebToken& token, const std::string& actor) {
    if (const auto good = check(token); !good) {
        return exchange::refuse(FaultCode::schema_invalid, good.error().detail);
    }
    return write(token.name, &token, actor);
}

Outcome<bool> WebTokens::remove(const std::string& name, const std::string& actor) {
    return write(name, nullptr, actor);
}

/// No token: it is taken away.
Outcome<bool> WebTokens::write(const std::string& name, const WebToken* token,
                               const std::string& actor) {
    const std::lock_guard lock(mutex_);
    const auto before = tokens_.find(name);
    if (token == nullptr && before == tokens_.end()) {
        return false;
    }
    if (token != nullptr && before == tokens_.end() && tokens_.size() >= kTokensMax) {
        return exchange::refuse(FaultCode::too_many,
                                fmt::format("there are {} web tokens; end one first", kTokensMax));
    }
    const auto written = parts_.transactions.run<bool>([&](store::Sql& sql) -> Outcome<bool> {
        sql.run("DELETE FROM web_token WHERE name = :a", {name});
        if (token != nullptr) {
            sql.run("INSERT INTO web_token VALUES (:a, :b, :c, :d, :e, :f)",
                    {name, token->origin, std::string(contract::name_of(token->role)),
                     joined(token->devices), token->digest, token->made_ms});
        }
        parts_.audit.note(sql, {.actor = actor,
                                .action = token == nullptr ? "web_token.revoke" : "web_token.put",
                                .target = name,
                                .before = before == tokens_.end() ? "" : told(before->second),
                                .after = token == nullptr ? "" : told(*token)});
        return true;
    });
    if (!written) {
        return written;
    }
    if (token == nullptr) {
        tokens_.erase(name);
    } else {
        tokens_[name] = *token;
    }
    return true;
}

void WebTokens::look() {
    const std::lock_guard lock(looking_);
    struct stat about {};
    const bool same = ::stat(parts_.folder.c_str(), &about) == 0 &&
                      about.st_mtim.tv_sec == seen_.tv_sec &&
                      about.st_mtim.tv_nsec == seen_.tv_nsec;
    if (same) {
        return;
    }
    const bool is_settled = parts_.clock.unix_ms() / 1000 - about.st_mtim.tv_sec > kTickS;
    const auto acts = os::list_files(parts_.folder, std::string(kActEnding));
    if (!acts) {
        return;
    }
    for (const std::string& act : *acts) {
        take(parts_.folder + "/" + act);
    }
    if (acts->empty() && is_settled) {
        seen_ = about.st_mtim;
    }
}

/// A kill behind the commit leaves the file: the same is then written once more.
void WebTokens::take(const std::string& path) {
    const auto bytes = os::read_file(path, kActBytesMax);
    const auto tables = bytes ? ipc::read_text_tables(base::string_of(*bytes))
                              : Result<std::vector<ipc::TextTable>>(bytes.error());
    Outcome<bool> taken = exchange::refuse(FaultCode::schema_invalid, "no act of a web token");
    if (tables && tables->size() == 2 && tables->back().name == "token") {
        const ipc::TextTable& act = tables->back();
        taken = put({.name = act.get("name"),
                     .origin = act.get("origin"),
                     .role = role_from(act.get("role")),
                     .devices = devices_from(act.get("devices")),
                     .digest = act.get("sha256"),
                     .made_ms = parts_.clock.unix_ms()},
                    std::string(kCommandLine));
    } else if (tables && tables->size() == 2 && tables->back().name == "revoke") {
        taken = remove(tables->back().get("name"), std::string(kCommandLine));
    }
    if (!taken) {
        parts_.logger.error("web_token_not_taken",
                            {{"file", path}, {"why", taken.error().message}});
        if (exchange::is_retryable(taken.error().code)) {
            return;  // the disk may have room later
        }
    }
    static_cast<void>(os::remove_file(path));  // one that stays is looked at again
}

}  // namespace tillhost::sumpd::webpos
