#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "ipc/client/cpp/client.h"
#include "sumpd/webpos/tokens.h"

namespace tillhost::sumpd::webpos {

/// Connections to devd in all and of one token, those of event streams among them. Each costs two
/// threads of the messaging library, which sleep; no thread of sumpd's own.
inline constexpr std::size_t kLinesMax = 56;
inline constexpr std::size_t kLinesPerTokenMax = 10;
/// Of one token, kept open though nobody uses them.
inline constexpr std::size_t kIdleLinesPerTokenMax = 2;

/// Connections to devd, each for one token: devd knows it by the token's name and holds it to the
/// token's role and devices. Any thread; outlives the lines that it gave.
class DeviceLines final {
public:
    using Connect =
        std::function<base::Result<std::unique_ptr<client::Client>>(const WebToken&, os::Deadline)>;
    explicit DeviceLines(Connect connect) : connect_(std::move(connect)) {}

    /// One connection, for one user at a time; goes back when it is dropped.
    class Line final {
    public:
        Line(Line&& other) noexcept;
        Line& operator=(Line&&) = delete;
        ~Line();
        client::Client& client() { return *client_; }
        /// Nobody is to use the connection again; nor is client() to be called.
        void close() { client_.reset(); }

    private:
        friend class DeviceLines;
        Line(DeviceLines& of, std::string digest) : of_(&of), digest_(std::move(digest)) {}
        DeviceLines* of_;
        std::string digest_;
        std::unique_ptr<client::Client> client_{};
    };
    /// One that is idle, or a new one. Errors: retry_later (kLinesMax, kLinesPerTokenMax), and
    /// those of client::Client::connect.
    base::Result<Line> take(const WebToken& token, os::Deadline deadline);

    struct Answer {
        contract::Value body;   ///< as the contract's JSON has it
        std::int64_t book = 0;  ///< of the devd that answered
    };
    /// One request of the contract; its session is filled in. `book`: no other devd may answer, 0 =
    /// any. Waits for devd up to the deadline and a moment longer. Errors: devd's, and those of
    /// take(); with effect unknown the request may have been carried out.
    base::Result<Answer> ask(const WebToken& token, contract::RequestKind kind,
                             const contract::Value& body, std::int64_t book, os::Deadline deadline);

private:
    using Clients = std::vector<std::unique_ptr<client::Client>>;
    base::Result<std::unique_ptr<client::Client>> reserve(const std::string& digest);
    void give_back(const std::string& digest, std::unique_ptr<client::Client> client);

    const Connect connect_;
    std::mutex mutex_;
    std::map<std::string, Clients> idle_;      // guarded by mutex_, by digest
    std::map<std::string, std::size_t> used_;  // guarded by mutex_, by digest
    std::size_t count_ = 0;                    // guarded by mutex_, idle ones too
};

/// How devd is told of a token.
client::ClientOptions options_for(const WebToken& token);
/// How devd is connected to for a token. `endpoint`: empty = this machine's.
DeviceLines::Connect connect_to_devd(std::string endpoint, os::Clock& clock);

}  // namespace tillhost::sumpd::webpos
