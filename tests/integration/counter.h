#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "hal/os/clock.h"
#include "hal/os/descriptor.h"
#include "ipc/client/cpp/client.h"
#include "tests/support/shop.h"

namespace tillhost::support {

/// Where devd says that it is ready, as it says so to systemd.
class ReadySocket final {
public:
    /// Points NOTIFY_SOCKET of this process, and so of its children, to `path`.
    explicit ReadySocket(const std::string& path)
        : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        INVARIANT(path.size() < sizeof address.sun_path);
        std::memcpy(address.sun_path, path.c_str(), path.size());
        INVARIANT(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
                  0);
        ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    ~ReadySocket() { ::unsetenv("NOTIFY_SOCKET"); }
    ReadySocket(const ReadySocket&) = delete;
    ReadySocket& operator=(const ReadySocket&) = delete;

    /// The next thing said; empty after 20 s.
    std::string next() const {
        pollfd one{.fd = fd_.get(), .events = POLLIN, .revents = 0};
        char text[256];
        const ssize_t count =
            ::poll(&one, 1, 20'000) == 1 ? ::recv(fd_.get(), text, sizeof text, 0) : 0;
        return std::string(text, count > 0 ? static_cast<std::size_t>(count) : 0);
    }

private:
    os::Descriptor fd_;
};

/// A counter of real processes: a toy registrar "kassa", a device "echo", devd, and a client.
class CounterTest : public testing::Test {
protected:
    CounterTest()
        : shop_(MUST(Shop::create(PROGRAMS_FOLDER))), ready_(shop_->folder() + "/notify") {
        MUST(shop_->configure(
            "kassa", "driver = \"fiscal/toy\"\nport = \"pty:" + shop_->pty("kassa") + "\"\n"));
        MUST(shop_->configure("echo", "driver = \"test/echo\"\n"));
    }
    /// devd goes before what a test plays for it: its udev monitors put sockets into umockdev's
    /// folder, and umockdev ends the test if one appears there while it removes it.
    void TearDown() override { shop_->kill_devd(); }

    void start_devd() {
        ASSERT_TRUE(shop_->start_devd());
        ASSERT_EQ(ready_.next(), "READY=1") << shop_->devd_ended();
    }
    void start() {
        ASSERT_TRUE(shop_->start_simulator("kassa", "fiscal/toy"));
        start_devd();
        connect();
    }
    void connect() {
        auto connected = client::Client::connect({.endpoint = shop_->endpoint(), .name = "test"},
                                                 clock_, deadline());
        ASSERT_TRUE(connected) << base::to_text(connected.error());
        client_ = std::move(*connected);
    }
    /// Returns when these devices are connected.
    void wait_until_ready(const std::vector<std::string>& devices) {
        for (const std::string& device : devices) {
            const std::string topic = "device/" + device;
            ASSERT_TRUE(client_->subscribe(topic, {}, deadline()));
            contract::Device seen = MUST(client_->status(device, deadline()));
            while (seen.state != contract::DeviceState::ready) {
                const auto event = client_->next_event(deadline());
                ASSERT_TRUE(event && *event) << device << ": " << seen.reason;
                if (const auto* changed = std::get_if<contract::Device>(&(**event).event.body)) {
                    seen = changed->device == device ? *changed : seen;
                }
            }
            ASSERT_TRUE(client_->unsubscribe(topic, deadline()));
        }
    }
    os::Deadline deadline() const { return clock_.now() + std::chrono::seconds(60); }

    static contract::Receipt tea() {
        contract::Receipt receipt;
        receipt.kind = contract::ReceiptKind::sale;
        contract::ReceiptLine& line = receipt.lines.emplace_back();
        line.name = "Tea";
        line.price_minor = 12000;
        line.quantity_units = 1;
        line.vat = contract::Vat::no_vat;
        receipt.payments.push_back({contract::PaymentKind::cash, 15000});
        return receipt;
    }
    /// What a registrar needs on its documents before it is set up.
    void set_layout(const std::string& device) {
        contract::SetLayout layout;
        layout.header = {"Corner shop"};
        layout.footer = {"Thank you"};
        const auto set = client_->carry_out(device, layout, new_id(), deadline());
        ASSERT_TRUE(set) << base::to_text(set.error());
        ASSERT_EQ(set->state, contract::OperationState::done);
        const auto checked = client_->check_device(device, deadline());
        ASSERT_TRUE(checked) << base::to_text(checked.error());
        ASSERT_TRUE(checked->setup_missing.empty());
    }
    client::OperationOptions new_id() const {
        client::OperationOptions options;
        options.operation_id = client::make_operation_id(clock_);
        options.doubt_patience = std::chrono::seconds(30);
        return options;
    }

    os::SystemClock clock_;
    std::unique_ptr<Shop> shop_;
    ReadySocket ready_;
    std::unique_ptr<client::Client> client_;
};

}  // namespace tillhost::support
