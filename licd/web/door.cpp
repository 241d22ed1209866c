#include "licd/web/door.h"

#include "ipc/zmq_client.h"

namespace tillhost::licd::web {

base::Result<contract::Value> LocalDoor::ask(contract::RequestKind kind,
                                             const contract::Value& body) {
    const os::Deadline deadline = clock_.now() + kDoorTimeMax;
    const auto client = TRY(ipc::ZmqClient::connect(endpoint_, clock_, deadline));
    return client->call(kind, body, deadline);
}

}  // namespace tillhost::licd::web
