#include "tests/bench/network_counter.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "ipc/client/cpp/pairing.h"
#include "ipc/contract/decoder.h"
#include "ipc/host_file.h"
#include "tests/support/free_port.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::Result;

std::string name_of(int workstation) { return fmt::format("till-{}", workstation); }

}  // namespace

Result<std::unique_ptr<NetworkCounter>> NetworkCounter::start(Bench& bench, int workstations) {
    std::unique_ptr<NetworkCounter> made(new NetworkCounter(bench));
    made->counter_ = TRY(Counter::create(bench, {{.id = kDevice}}));
    const std::string folder = made->counter_->shop().folder();
    made->port_ = support::free_port();
    const int pairing = support::free_port();
    std::ofstream(folder + "/config/devd.toml") << fmt::format(
        "[network]\nlisten = \"tcp://127.0.0.1:{}\"\npairing_port = {}\n", made->port_, pairing);
    ::setenv("TILLHOST_HOSTS_DIR", (folder + "/hosts").c_str(), 1);
    TRY(made->counter_->start());
    for (int i = 0; i < workstations; ++i) {
        TRY(made->pair(fmt::format("127.0.0.1:{}", pairing), name_of(i)));
    }
    return made;
}

Result<std::unique_ptr<client::Client>> NetworkCounter::connect(int workstation) {
    return client::Client::connect({.name = "till", .host = name_of(workstation)}, bench_.clock,
                                   bench_.soon());
}

Result<std::unique_ptr<ipc::ZmqClient>> NetworkCounter::connect_bare(int workstation) {
    const ipc::HostFile file = TRY(ipc::read_host_file_at(keys_of(workstation)));
    auto client =
        TRY(ipc::ZmqClient::connect(file.endpoint(), file.keys(), bench_.clock, bench_.soon()));
    const contract::HelloRequest hello{
        .client = "bench", .versions = {contract::kProtocolVersion}, .program_version = ""};
    TRY(client->call(contract::RequestKind::hello, contract::to_value(hello), bench_.soon()));
    return client;
}

Done NetworkCounter::ask(client::Client& client) {
    contract::EchoQuery question;
    question.payload = base::Bytes(64, std::byte{7});
    TRY(client.query(kDevice, question, bench_.soon()));
    return {};
}

std::string NetworkCounter::keys_of(int workstation) const {
    return counter_->shop().folder() + "/hosts/" + name_of(workstation) + ".toml";
}

std::string NetworkCounter::host_key() const {
    return counter_->shop().folder() + "/state/network.key";
}

Done NetworkCounter::pair(const std::string& host, const std::string& name) {
    const auto local = TRY(client::Client::connect(
        {.endpoint = counter_->shop().endpoint(), .name = "host"}, bench_.clock, bench_.soon()));
    contract::OpenPairingRequest open;
    open.session = local->hello().session;
    open.name = name;
    const auto body = TRY(local->request(contract::RequestKind::open_pairing,
                                         contract::to_value(open), bench_.soon()));
    const auto code = TRY(contract::from_value<contract::OpenPairingReply>(body)).code;
    TRY(client::pair_with_host({.host = host, .code = code, .save_as = name}, bench_.clock,
                               bench_.soon()));
    return {};
}

}  // namespace tillhost::bench
