// A driver host for tests; its "driver" argument says how it behaves.
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>

#include "devd/host/host_socket.h"
#include "ipc/msgpack.h"

using namespace tillhost;

namespace {

/// Says hello and answers queries with their own payload, for ever.
int serve(devd::host::HostSocket& link) {
    contract::HostHello hello;
    hello.version = 1;
    hello.driver = "test";
    hello.pid = ::getpid();
    if (!link.send(contract::FromHost(hello))) {
        return 3;
    }
    while (true) {
        const auto message = link.receive(os::Deadline::max());
        if (!message) {
            return 4;
        }
        if (const auto* query = std::get_if<contract::QueryCommand>(&*message)) {
            contract::Queried answer;
            answer.ticket = query->ticket;
            answer.status =
                contract::EchoStatus{std::get<contract::EchoQuery>(query->query).payload};
            if (!link.send(contract::FromHost(answer))) {
                return 5;
            }
        }
    }
}

/// Leaves a process behind that holds the device's lock until its own input ends.
void leave_lock_holder() {
    if (::fork() == 0) {
        ::close(devd::host::kLinkFd);
        ::alarm(1);
        ::pause();
    }
}

void send_raw(base::ByteView bytes) {
    [[maybe_unused]] const auto sent =
        ::send(devd::host::kLinkFd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

}  // namespace

int main(int count, char** arguments) {
    const std::string_view kind = count > 1 ? arguments[1] : "";
    const os::SystemClock clock;
    devd::host::HostSocket link(os::Descriptor(devd::host::kLinkFd), clock);
    if (kind == "serve") {
        return serve(link);
    }
    if (kind == "exits") {
        return 7;
    }
    if (kind == "talks_and_exits") {
        for (int i = 0; i < 200; ++i) {
            if (!link.send(contract::FromHost(contract::Beat{}))) {
                return 3;
            }
        }
        return 0;
    }
    if (kind == "rubbish") {
        send_raw(base::bytes_of("\xc1rubbish"));
    } else if (kind == "wrong_message") {
        send_raw(ipc::encode_msgpack(contract::Value(
            contract::Value::Map{{"hello", contract::Value(contract::Value::Map{})}})));
    } else if (kind == "deserts") {
        ::close(devd::host::kLinkFd);
    } else if (kind == "leaves_lock") {
        leave_lock_holder();
        return 0;
    }
    ::pause();  // hangs, or does not read
    return 0;
}
