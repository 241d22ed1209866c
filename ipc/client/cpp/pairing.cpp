#include "ipc/client/cpp/pairing.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "hal/os/files.h"
#include "ipc/client/cpp/client.h"
#include "ipc/contract/decoder.h"
#include "ipc/host_file.h"
#include "ipc/pairing.h"
#include "ipc/zmq_client.h"

namespace tillhost::client {
namespace {

using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr os::Duration kGreetingTimeMax = std::chrono::seconds(5);
constexpr const char* kName = "pairing";

std::string default_name(const std::string& host) {
    const bool is_number = host.find_first_not_of("0123456789.") == std::string::npos;
    return is_number ? host : host.substr(0, host.find('.'));
}

Result<ipc::PairingGreeting> greeting_of(const ipc::TcpAddress& host, const os::Clock& clock,
                                         os::Deadline deadline) {
    const auto line =
        ipc::talk_over_tcp(host, {.bytes_max = ipc::kPairingGreetingBytesMax, .line = true}, clock,
                           std::min(deadline, clock.now() + kGreetingTimeMax));
    if (!line) {
        return make_error(ErrorCode::no_daemon,
                          line.error().detail +
                              "; is a pairing open there (tillctl pair NAME), and no firewall "
                              "between?");
    }
    return ipc::PairingGreeting::read(*line);
}

/// The key that an interrupted pairing with the same host has made, or a new one.
Result<ipc::HostFile> file_for(const std::string& pending, const ipc::TcpAddress& address,
                               const std::string& host_key) {
    if (::access(pending.c_str(), F_OK) == 0) {
        auto begun = ipc::read_host_file_at(pending);
        if (begun && begun->host_key == host_key) {
            begun->address = address;
            return begun;
        }
    }
    auto own = TRY(ipc::KeyPair::make());
    ipc::HostFile made{.address = address, .host_key = host_key, .own = std::move(own)};
    TRY(ipc::write_host_file_at(pending, made));
    return made;
}

}  // namespace

Result<Paired> pair_with_host(const PairingWish& wish, os::Clock& clock, os::Deadline deadline) {
    const auto host = TRY(ipc::parse_tcp_address(wish.host, ipc::kPairingPort));
    const auto code = TRY(ipc::PairingCode::read(wish.code));
    Paired paired{.saved_as = wish.save_as.empty() ? default_name(host.host) : wish.save_as};
    if (!ipc::is_host_name(paired.saved_as)) {
        return base::bad_field("save-as", "letters, digits, -, _ and ., at most 64");
    }
    const auto greeting = TRY(greeting_of(host, clock, deadline));
    if (!code.is_of(greeting.host_key)) {
        return make_error(ErrorCode::wrong_host_key,
                          fmt::format("the code is not one of the host at {}", host.text()));
    }
    paired.path = ipc::host_file_path(paired.saved_as);
    const std::string pending = paired.path + ".pairing";
    ipc::HostFile file = TRY(file_for(pending, {host.host, greeting.port}, greeting.host_key));
    const auto client = TRY(ipc::ZmqClient::connect(file.endpoint(), file.keys(), clock, deadline));
    const auto body =
        TRY(client->call(contract::RequestKind::pair,
                         contract::to_value(contract::PairRequest{code.secret}), deadline));
    paired.reply = TRY(contract::from_value<contract::PairReply>(body));
    file.workstation = paired.reply.name;
    TRY(ipc::write_host_file_at(paired.path, file));
    TRY(os::remove_file(pending));
    return paired;
}

Result<contract::Workstation> roll_key(const std::string& host, os::Clock& clock,
                                       os::Deadline deadline) {
    ipc::HostFile file = TRY(ipc::read_host_file(host));
    const std::string path = ipc::host_file_path(host);
    if (!file.next) {
        file.next = TRY(ipc::KeyPair::make());
        TRY(ipc::write_host_file_at(path, file));
    }
    const ClientOptions options{.name = kName, .host = host};
    contract::RollKeyRequest request;
    request.key = file.next->public_key;
    auto with_old = Client::connect(options, clock, deadline);
    if (with_old) {
        request.session = (*with_old)->hello().session;
        TRY((*with_old)->request(contract::RequestKind::roll_key, contract::to_value(request),
                                 deadline));
    } else if (with_old.error().code != ErrorCode::not_paired) {
        return with_old.error();
    }  // else it was used before, and the file not written any more
    file.own = *std::exchange(file.next, std::nullopt);
    const auto with_new = TRY(Client::connect_over(
        make_network_connector([file] { return Result<ipc::HostFile>(file); }, clock), options,
        clock, deadline));
    TRY(ipc::write_host_file_at(path, file));
    contract::Workstation workstation;
    workstation.name = file.workstation;
    workstation.role = with_new->hello().role;
    workstation.state = contract::WorkstationState::paired;
    workstation.key = file.own.public_key;
    workstation.connected = true;
    return workstation;
}

}  // namespace tillhost::client
