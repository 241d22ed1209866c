#pragma once

#include <cstdint>
#include <string>

#include "hal/os/descriptor.h"
#include "ipc/http/exchange.h"
#include "ipc/http/places.h"
#include "ipc/http/server.h"
#include "ipc/http/stream.h"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace tillhost::http {

/// What all connections share; belongs to the thread that moves bytes.
struct Shared {
    Options options;
    Handler handler;
    QuickHandler quick;  ///< may be none
    HostRule rule;
    boost::asio::io_context& io;
    boost::asio::io_context& work;
    boost::asio::io_context& sources;  ///< its thread asks the sources of streamed bodies
    boost::asio::ssl::context* tls;    ///< nullptr: none
    Places places;
    Places stream_places;
    Fault fault;
    std::size_t body_bytes = 0;  ///< of bodies, held by all connections
};

/// Serves one connection from its first byte to its last, and closes it. On the thread that moves
/// bytes; returns at once.
struct Accepted {
    os::Descriptor socket;
    bool is_ipv6 = false;
    std::string peer;  ///< address
};
void serve_connection(Shared& shared, Accepted accepted);

/// As people write it, without port: an address of IPv4 that came by a socket of IPv6 is one of
/// IPv4.
std::string plain_address(std::string address);

}  // namespace tillhost::http
