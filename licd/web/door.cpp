#include "licd/web/door.h"

#include <algorithm>

#include "hal/base/text.h"
#include "ipc/zmq_client.h"

namespace tillhost::licd::web {
namespace {

constexpr std::size_t kUserBytesMax = 64;  // LicenceHelloRequest

}  // namespace

std::string plain_user(std::string_view who) {
    constexpr unsigned char kFirstPrintable = 0x20;
    constexpr unsigned char kDelete = 0x7F;
    std::string name(base::cut_utf8(who, kUserBytesMax));
    std::replace_if(
        name.begin(), name.end(),
        [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return byte < kFirstPrintable || byte == kDelete;
        },
        '?');
    return name;
}

base::Result<contract::Value> LocalDoor::ask(std::string_view who, contract::RequestKind kind,
                                             const contract::Value& body) {
    const os::Deadline deadline = clock_.now() + kDoorTimeMax;
    const auto client = TRY(ipc::ZmqClient::connect(endpoint_, clock_, deadline));
    contract::LicenceHelloRequest hello;
    hello.instance = "licd-panel";
    hello.program = "licd panel";
    hello.user = plain_user(who);
    // Its answer does not matter: a licd with no room for one more program is administered, too.
    static_cast<void>(
        client->call(contract::RequestKind::licence_hello, contract::to_value(hello), deadline));
    return client->call(kind, body, deadline);
}

}  // namespace tillhost::licd::web
