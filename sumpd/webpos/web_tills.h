#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "ipc/http/message.h"
#include "sumpd/webpos/events.h"
#include "sumpd/webpos/lines.h"
#include "sumpd/webpos/rate.h"
#include "sumpd/webpos/routes.h"
#include "sumpd/webpos/tokens.h"

namespace tillhost::sumpd::webpos {

/// Of the server's worker threads, those that web tills may hold at a time; and of these, those
/// that only wait (for an operation's end, for events).
inline constexpr std::size_t kWorkersHeldMax = 24;
inline constexpr std::size_t kWaitersMax = 16;
/// Streams of events in all and of one token; they hold no worker.
inline constexpr std::size_t kStreamsMax = 24;
inline constexpr std::size_t kStreamsPerTokenMax = 4;
/// How long an answer is waited for, where the request does not say.
inline constexpr std::int64_t kWaitMsUsual = 5000;  ///< kWaitMsMax is the most

/// The device contract over HTTP, for pages in a browser and programs that speak no ZeroMQ:
///
///   routes.def                a request of the contract each; what is asked and answered is the
///                             contract's own JSON (docs/ipc)
///   GET /v1/events            events, by waiting for them or as text/event-stream
///   GET /devices/openapi.json what there is, for everybody
///   POST /devices/soap        the same requests and the poll of events as SOAP (soap.h)
///   GET /devices/soap?wsdl    their WSDL, for everybody
///
/// Who asks shows a web token (Bearer). Operations go straight to devd, whose book has them under
/// the id that the till made: nothing is kept here, so that a repeat after any kill is devd's to
/// tell from a new one (docs/decisions/0035).
class WebTills final {
public:
    struct Parts {
        WebTokens& tokens;
        DeviceLines& lines;
        const os::Clock& clock;
        os::Logger logger;
    };
    explicit WebTills(Parts parts) : parts_(std::move(parts)), rate_(parts_.clock) {}

    /// Whether a request is for web tills: its path, or OPTIONS.
    static bool is_for(const http::Request& request);
    /// Any thread; blocks for devd as long as waitMs says, at most kWaitMsMax and a moment.
    http::Response answer(const http::Request& request);
    /// Ends all waits, now and later ones.
    void stop() { is_stopping_ = true; }

private:
    class Held;
    /// Of one request, for the log.
    struct Seen {
        std::string request_id{};
        std::string token_name{"-"};
        std::string operation{};  ///< of SOAP
    };
    struct Admission;
    http::Response answer_to(const http::Request& request, Seen& seen);
    http::Response json_answer_to(const http::Request& request, Seen& seen);
    http::Response soap_answer_to(const http::Request& request, Seen& seen);
    Admission admit(const http::Request& request, Seen& seen);
    base::Result<http::Response> serve_json(const WebToken& token, const http::Request& request);
    base::Result<Told> serve(const WebToken& token, const Asked& asked);
    base::Result<DeviceLines::Answer> ask(const WebToken& token, const Asked& asked);
    base::Result<DeviceLines::Answer> wait_for(const WebToken& token, const contract::Value& body,
                                               std::int64_t book, os::Deadline end);
    base::Result<std::unique_ptr<EventReader>> reader_for(const WebToken& token,
                                                          const Asked& asked);
    base::Result<http::Response> stream(const WebToken& token, const Asked& asked);
    base::Result<Told> poll(const WebToken& token, const Asked& asked);
    std::shared_ptr<void> stream_place(const std::string& digest);
    bool is_over(const WebToken& token);

    const Parts parts_;
    RateBound rate_;
    std::atomic<bool> is_stopping_ = false;
    std::atomic<std::size_t> held_ = 0;
    std::atomic<std::size_t> waiting_ = 0;

    /// Outlives the streams that count themselves out of it.
    struct Streams {
        std::mutex mutex;
        std::map<std::string, std::size_t> of_token;  // guarded by mutex, by digest
    };
    std::shared_ptr<Streams> streams_ = std::make_shared<Streams>();
};

}  // namespace tillhost::sumpd::webpos
