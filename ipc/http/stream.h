#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hal/os/clock.h"
#include "ipc/http/message.h"
#include "ipc/http/places.h"

// What of connections and streamed bodies needs no socket library.
namespace tillhost::http {

/// Told what went wrong in a handler or source, and why.
using Fault = std::function<void(std::string_view what, std::string_view why)>;

/// The handler's answer; a 500 if it throws.
Response handle(const Handler& handler, const Request& request, const Fault& fault);
/// The same of a quick one, where there is one: its answer, or nothing.
std::optional<Response> handle_at_once(const QuickHandler& quick, const Request& request,
                                       const Fault& fault);

/// An address as a Host header has it: that of IPv6 in brackets.
std::string host_name(const std::string& address);
/// Under which an address is counted: who has many addresses at no cost has them in one network.
std::string counted_as(const std::string& address);

/// A streamed body under way: its source, its place among the streams, its end.
class Stream final {
public:
    Stream(std::shared_ptr<Source> source, Places& places, const std::string& address, bool chunked,
           os::Deadline until)
        : source_(std::move(source)),
          place_(places, counted_as(address)),
          chunked_(chunked),
          until_(until) {}

    bool is_admitted() const { return place_.admission() == Admission::served; }
    bool is_chunked() const { return chunked_; }
    bool is_late() const { return os::SystemClock().now() >= until_; }
    /// The source's, for another thread than that of the stream.
    const std::shared_ptr<Source>& source() const { return source_; }

private:
    const std::shared_ptr<Source> source_;
    const Place place_;
    const bool chunked_;
    const os::Deadline until_;
};

/// The next piece; the end if it throws or gives too much. On the thread of the sources.
std::optional<std::string> piece_of(Source& source, const Fault& fault);

/// Whether the other end of that socket has closed, or at least says no more.
bool has_gone(int socket);

}  // namespace tillhost::http
