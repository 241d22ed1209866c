#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What goes in and out of the HTTP server: plain values, which need no server to be tested.
namespace tillhost::http {

/// The methods that are served; any other is answered with 405 and never reaches a handler, as is
/// OPTIONS without Options::preflights.
enum class Method : std::uint8_t { get, head, post, put, patch, remove, options };

std::string_view name_of(Method method);
/// By its name as HTTP writes it ("DELETE" is remove); names are case-sensitive.
std::optional<Method> method_from(std::string_view name);

/// GET and HEAD: must not change anything (RFC 9110, section 9.2.1).
bool is_safe(Method method);

struct Pair {
    std::string name;
    std::string value;

    friend bool operator==(const Pair&, const Pair&) = default;
};

/// The value of the first pair of that name, or nothing.
const std::string* find(const std::vector<Pair>& pairs, std::string_view name);

/// One request that was read whole. Its form is checked: path and query are decoded UTF-8 (form.h),
/// Host is one that is served here.
struct Request {
    Method method = Method::get;
    std::string path = "/";  ///< begins with "/", decoded, without "." and ".."
    std::vector<Pair> query;
    std::vector<Pair> headers;  ///< as received, in their order; at most kHeaderLinesMax
    std::string body;           ///< at most Options::body_max
    std::string peer;           ///< the address it came from, without the port
    bool secure = false;        ///< it came through TLS

    /// The value of that header in any case, or an empty text. Of several the first.
    std::string_view header(std::string_view name) const;
};

/// The most bytes of one piece of a streamed body.
inline constexpr std::size_t kPieceBytesMax = 2 * 1024 * 1024;
/// How often a source that has nothing is asked again.
inline constexpr std::chrono::milliseconds kSourceAskedEvery{50};

/// The body of an answer that goes on: it is sent piece by piece, and the next piece is asked for
/// when the last one has been taken by the peer's end of the line. So at most one piece waits, and
/// a peer that reads slowly is told later, not more.
class Source {
public:
    virtual ~Source() = default;
    /// What there is, at most kPieceBytesMax; an empty text: nothing now; nothing at all: that was
    /// the end. One that throws or gives too much ends the body too. Called, and destroyed, on one
    /// thread of the server, which asks all sources in turn: must not wait.
    virtual std::optional<std::string> next() = 0;
};

/// What a handler answers. The server adds the length, the date and the headers of safety, which a
/// handler cannot change; of those only Cache-Control is its own.
struct Response {
    int status = 200;  ///< 200 to 599, anything else becomes 500
    std::string content_type = "text/html; charset=utf-8";
    std::vector<Pair> headers = {};  ///< a name or value that is none in HTTP makes it a 500
    std::string body = {};           ///< left out for HEAD, 204 and 304
    /// With one its pieces are the body and `body` is not sent; 503 when Options::streams_max or
    /// streams_per_address_max are open. Not for 204 and 304.
    std::shared_ptr<Source> source = {};
};

/// Called on one of the server's worker threads, several at a time; may block, and holds up one
/// worker meanwhile. An exception from it becomes a 500.
using Handler = std::function<Response(const Request&)>;
/// Asked before the handler, on the one thread that moves all bytes: answers at once what needs no
/// more than a look into memory, which saves two changes of threads, and else nothing, and then the
/// handler is asked. Must not wait, neither for a disk nor for whoever waits for one. An exception
/// from it becomes a 500.
using QuickHandler = std::function<std::optional<Response>(const Request&)>;

/// A short answer as plain text: "404 Not Found" and, behind it, `why`.
Response plain_answer(int status, std::string_view why = {});
/// 303: the browser goes on with GET. `where` is a path of this server; a text that could lead to
/// another one ("//host", control characters) leads to "/".
Response see_other(std::string_view where);

/// "Not Found"; "Unknown" for a number without a name.
std::string_view reason_phrase(int status);

/// Equal but for the case of ASCII letters: names of headers and hosts.
bool same_name(std::string_view one, std::string_view other);

}  // namespace tillhost::http
