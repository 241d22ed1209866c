#include "licd/client/server_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "ipc/contract/envelope.h"

namespace tillhost::licd::client {
namespace {

using base::Error;
using base::ErrorCode;
using base::make_error;
using base::Result;

using LinkResult = Result<std::unique_ptr<ServerLink>>;

/// After these a connection is of no use, even if it still stands.
bool ends_link(ErrorCode code) {
    return code == ErrorCode::link_lost || code == ErrorCode::deadline_passed ||
           code == ErrorCode::no_session || code == ErrorCode::stale_session ||
           code == ErrorCode::malformed || code == ErrorCode::too_large ||
           code == ErrorCode::wrong_version || code == ErrorCode::shutting_down;
}

/// The words of ipc are about devd.
Error in_our_words(Error error) {
    if (error.code == ErrorCode::link_lost) {
        error.detail = "the connection to the licence server ended";
    } else if (error.code == ErrorCode::deadline_passed) {
        error.detail = "the licence server has not answered in time";
    }
    return error;
}

Error nobody(std::string_view where) {
    return make_error(ErrorCode::no_daemon,
                      fmt::format("no licence server (licd) answers at {}", where));
}

}  // namespace

// --- one connection

bool ServerLink::is_of_use() { return is_of_use_ && !client_->lost(); }

Result<contract::Value> ServerLink::call(contract::RequestKind kind, contract::Value body,
                                         os::Deadline deadline) {
    auto answer = client_->call(kind, std::move(body), deadline);
    if (!answer) {
        is_of_use_ = is_of_use_ && !ends_link(answer.error().code);
        return in_our_words(std::move(answer).error());
    }
    return answer;
}

base::Done ServerLink::say_hello(const contract::LicenceHelloRequest& request,
                                 os::Deadline deadline) {
    hello_ = TRY(
        ask<contract::LicenceHelloReply>(contract::RequestKind::licence_hello, request, deadline));
    return {};
}

// --- which server

Result<ServerFinder> ServerFinder::create(Wish wish, const os::Clock& clock) {
    auto own = TRY(ipc::KeyPair::make());
    return ServerFinder(std::move(wish), std::move(own), clock);
}

LinkResult ServerFinder::connect(os::Deadline deadline) {
    if (wish_.servers.way == Servers::Way::local) {
        return connect_local(deadline);
    }
    TRY(pins_.load());
    return wish_.servers.way == Servers::Way::listed ? connect_listed(deadline)
                                                     : connect_found(deadline);
}

LinkResult ServerFinder::connect_local(os::Deadline deadline) {
    auto client = ipc::ZmqClient::connect(wish_.local_endpoint, clock_,
                                          std::min(deadline, clock_.now() + kServerTimeMax));
    if (!client) {
        return client.error().code == ErrorCode::no_daemon ? nobody(wish_.local_endpoint)
                                                           : client.error();
    }
    return std::make_unique<ServerLink>(std::move(*client), Pin{});
}

LinkResult ServerFinder::connect_listed(os::Deadline deadline) {
    const std::size_t count = wish_.servers.listed.size();
    std::optional<Error> telling;  // the first that says more than that nobody is there
    std::string heard;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = (first_ + i) % count;
        auto link = connect_to(wish_.servers.listed[at], deadline);
        if (link) {
            first_ = at;
            return link;
        }
        heard += (heard.empty() ? "" : "; ") + link.error().detail;
        if (!telling && link.error().code != ErrorCode::no_daemon) {
            telling = link.error();
        }
    }
    return telling ? *telling : make_error(ErrorCode::no_daemon, heard);
}

LinkResult ServerFinder::connect_to(const ServerAddress& server, os::Deadline deadline) {
    const os::Deadline until = std::min(deadline, clock_.now() + kServerTimeMax);
    const std::string address = server.address.text();
    // A key that the program names is newer than one that was pinned once.
    const Pin* pinned = server.curve_key.empty() ? pins_.of(address) : nullptr;
    if (pinned != nullptr) {
        return dial(*pinned, until);
    }
    Pin pin{.address = address, .curve_key = server.curve_key};
    if (pin.curve_key.empty()) {
        const auto found = TRY(ask_server(server.address, wish_.search.group, clock_, until));
        pin.curve_key = found.curve_key;
        pin.server_key = found.server_key;
        pin.name = found.name;
    }
    return dial(pin, until);
}

LinkResult ServerFinder::connect_found(os::Deadline deadline) {
    const auto found = TRY(search_servers(wish_.search, clock_));
    const auto usable = in_order(found, pins_, wish_.search.group);
    if (usable.empty()) {
        return make_error(
            ErrorCode::no_daemon,
            found.empty()
                ? std::string("no licence server answers in the local network (UDP broadcast): is "
                              "licd running with its network on, and no firewall between?")
                : fmt::format("licence servers answer, but none of those pinned in {}",
                              pins_.path()));
    }
    LinkResult last = nobody("any address");
    for (const FoundServer& server : usable) {
        last = dial({.address = server.address,
                     .curve_key = server.curve_key,
                     .server_key = server.server_key,
                     .name = server.name},
                    std::min(deadline, clock_.now() + kServerTimeMax));
        if (last) {
            break;
        }
    }
    return last;
}

LinkResult ServerFinder::dial(const Pin& pin, os::Deadline deadline) {
    auto client =
        ipc::ZmqClient::connect("tcp://" + pin.address, {pin.curve_key, own_}, clock_, deadline);
    if (client) {
        return std::make_unique<ServerLink>(std::move(*client), pin);
    }
    if (client.error().code == ErrorCode::no_daemon) {
        return nobody(pin.address);
    }
    if (client.error().code == ErrorCode::wrong_host_key) {
        const Pin* kept = pins_.of(pin.address);
        const std::string where =
            kept != nullptr && kept->curve_key == pin.curve_key
                ? "pinned: if it was set up anew, remove it from " + pins_.path()
                : std::string("named in its address");
        return make_error(ErrorCode::wrong_host_key,
                          fmt::format("the licence server at {} has another key than the one {}",
                                      pin.address, where));
    }
    return client.error();
}

base::Done ServerFinder::confirm(const ServerLink& link, const os::PublicKey& server_key) {
    Pin pin = link.pin();
    if (pin.address.empty()) {
        return {};  // this machine's own
    }
    const std::string proved = ipc::key_text(server_key.bytes);
    if (!pin.server_key.empty() && pin.server_key != proved) {
        return make_error(
            ErrorCode::wrong_host_key,
            fmt::format(
                "what answers at {} lends with another server's key: it "
                "stands between, or the server was set up anew{}",
                pin.address,
                pins_.of(pin.address) == nullptr ? "" : "; then remove it from " + pins_.path()));
    }
    if (pins_.path().empty()) {
        return {};
    }
    pin.server_key = proved;
    pin.name = link.hello().server;
    const Pin* old = pins_.of(pin.address);
    const bool is_known =
        old != nullptr && old->curve_key == pin.curve_key && old->server_key == pin.server_key;
    return is_known ? base::Done() : pins_.keep(pin);
}

std::vector<FoundServer> in_order(std::vector<FoundServer> found, const Pins& pins,
                                  const std::string& group) {
    if (!pins.empty()) {
        std::erase_if(found, [&pins](const FoundServer& one) { return !pins.know(one); });
    }
    std::sort(found.begin(), found.end(), [&group](const auto& a, const auto& b) {
        return std::tuple(a.group != group, a.load, a.address) <
               std::tuple(b.group != group, b.load, b.address);
    });
    return found;
}

}  // namespace tillhost::licd::client
