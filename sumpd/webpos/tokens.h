#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "ipc/contract/messages.h"
#include "sumpd/store/audit.h"

namespace tillhost::sumpd::webpos {

inline constexpr std::size_t kTokensMax = 200;
inline constexpr std::size_t kTokenNameMax = 32;     ///< characters a-z, 0-9, - and _
inline constexpr std::size_t kTokenDevicesMax = 64;  ///< as hello has them
inline constexpr std::size_t kDeviceIdMax = 64;
inline constexpr std::size_t kOriginBytesMax = 256;
/// In the place of an origin: for programs that are no browser; a request with any Origin is
/// refused.
inline constexpr std::string_view kNoOrigin = "-";

/// What one web till, or one program, may. One token a till: the book of devd knows it by the
/// token's name, and takes equal sales of one name for a possible duplicate.
struct WebToken {
    std::string name{};
    std::string origin{};  ///< "https://pos.example", or kNoOrigin
    contract::Role role = contract::Role::observer;
    std::vector<std::string> devices{};  ///< ids that it may see and use; empty = all
    std::string digest{};                ///< SHA-256 of the secret, hex digits; it is not kept
    std::int64_t made_ms = 0;
    friend bool operator==(const WebToken&, const WebToken&) = default;
};

/// unspecified if there is none of that name.
contract::Role role_from(std::string_view name);
/// "kassa,pos"; an empty text: none.
std::vector<std::string> devices_from(std::string_view text);
/// Errors: bad_field naming name, origin, devices and what would be right.
base::Done check(const WebToken& token);

// Tokens are made, and ended, beside the running server by whoever may write to its state folder:
// a file that it takes up at the next request. Errors: those of check(), system_failed,
// storage_full.

/// The secret, which nobody can be told again. One of that name that is there is replaced.
base::Result<std::string> leave_token(const std::string& folder, WebToken token,
                                      std::int64_t now_ms);
base::Done leave_revocation(const std::string& folder, const std::string& name,
                            std::int64_t now_ms);

/// The tokens that are good (table web_token). Any thread.
class WebTokens final {
public:
    struct Parts {
        store::Transactions& transactions;
        store::Audit& audit;
        const os::Clock& clock;
        os::Logger logger;
        std::string folder;  ///< where acts are left
    };
    /// Errors: storage_failed.
    static base::Result<std::unique_ptr<WebTokens>> open(Parts parts);

    /// Takes up what was left first, which blocks for the disk where there is something.
    std::optional<WebToken> find(std::string_view secret);
    /// Whether the token with that digest is still good.
    bool is_good(const std::string& digest);
    /// Whether any token is for pages of that origin.
    bool knows_origin(std::string_view origin);
    std::vector<WebToken> all();

    /// Writes it, with its record in the audit; one of that name is replaced. Faults:
    /// schema_invalid, too_many (kTokensMax), disk_full.
    exchange::Outcome<bool> put(const WebToken& token, const std::string& actor);
    /// False if there is none.
    exchange::Outcome<bool> remove(const std::string& name, const std::string& actor);

private:
    explicit WebTokens(Parts parts) : parts_(std::move(parts)) {}
    void look();
    void take(const std::string& path);
    exchange::Outcome<bool> write(const std::string& name, const WebToken* token,
                                  const std::string& actor);

    const Parts parts_;
    std::mutex looking_;  ///< of the folder
    timespec seen_{};     // guarded by looking_: when the folder last changed
    std::mutex mutex_;    ///< of the map and, while one is written, of the table
    std::map<std::string, WebToken> tokens_;  // guarded by mutex_, by name
};

}  // namespace tillhost::sumpd::webpos
