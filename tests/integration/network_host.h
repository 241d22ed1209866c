#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ipc/client/cpp/client.h"
#include "ipc/client/cpp/pairing.h"
#include "ipc/contract/decoder.h"
#include "tests/integration/counter.h"
#include "tests/support/free_port.h"

namespace tillhost::support {

/// A devd on the network in a folder of its own, with a registrar "kassa" that nobody plays and a
/// device "echo"; and this process as its workstations.
///
/// The environment points to the host that was made last: start it before another is made.
class NetworkHost final {
public:
    /// `more`: besides, of devd.toml.
    explicit NetworkHost(const std::string& more = "")
        : shop_(MUST(Shop::create(PROGRAMS_FOLDER))), ready_(shop_->folder() + "/notify") {
        MUST(shop_->configure(
            "kassa", "driver = \"fiscal/toy\"\nport = \"pty:" + shop_->pty("kassa") + "\"\n"));
        MUST(shop_->configure("echo", "driver = \"test/echo\"\n"));
        std::ofstream(shop_->folder() + "/config/devd.toml")
            << more << "[network]\nlisten = \"tcp://127.0.0.1:" << port_
            << "\"\npairing_port = " << pairing_port_ << "\nname = \"shop-server\"\n";
    }

    void start() {
        ::setenv("TILLHOST_HOSTS_DIR", hosts().c_str(), 1);
        ASSERT_TRUE(shop_->start_devd());
        ASSERT_EQ(ready_.next(), "READY=1") << shop_->devd_ended();
    }
    /// An administrator of the machine itself.
    std::unique_ptr<client::Client> local() {
        return MUST(client::Client::connect({.endpoint = shop_->endpoint(), .name = "here"}, clock_,
                                            deadline()));
    }
    /// The pairing code of a door that is opened for it.
    std::string code(const std::string& name, contract::Role role,
                     std::vector<std::string> devices = {}, bool host = false) {
        const auto admin = local();
        contract::OpenPairingRequest open;
        open.session = admin->hello().session;
        open.name = name;
        open.role = role;
        open.devices = std::move(devices);
        open.host = host;
        const auto body = MUST(admin->request(contract::RequestKind::open_pairing,
                                              contract::to_value(open), deadline()));
        return MUST(contract::from_value<contract::OpenPairingReply>(body)).code;
    }
    base::Result<client::Paired> use_code(const std::string& code, const std::string& save_as) {
        return client::pair_with_host({.host = "127.0.0.1:" + std::to_string(pairing_port_),
                                       .code = code,
                                       .save_as = save_as},
                                      clock_, deadline());
    }
    void pair(const std::string& name, contract::Role role, std::vector<std::string> devices = {},
              bool host = false) {
        const auto paired = use_code(code(name, role, std::move(devices), host), name);
        ASSERT_TRUE(paired) << base::to_text(paired.error());
    }
    base::Result<std::unique_ptr<client::Client>> connect(const std::string& workstation,
                                                          const std::string& program = "till") {
        return client::Client::connect({.name = program, .host = workstation}, clock_, deadline());
    }
    /// What devd answers an administrator of its machine.
    template <class Reply, class Request>
    Reply ask(contract::RequestKind kind, const Request& request) {
        const auto body = MUST(local()->request(kind, contract::to_value(request), deadline()));
        return MUST(contract::from_value<Reply>(body));
    }
    std::string metrics() {
        return ask<contract::MetricsReply>(contract::RequestKind::metrics, contract::Empty{}).text;
    }
    /// The texts of the records of the audit.
    std::vector<std::string> audit() {
        std::vector<std::string> texts;
        contract::AuditRequest page;
        while (true) {
            const auto reply = ask<contract::AuditReply>(contract::RequestKind::audit, page);
            for (const contract::AuditLine& line : reply.lines) {
                texts.push_back(line.text);
                page.first = line.number + 1;
            }
            if (reply.lines.empty() || page.first > reply.last) {
                return texts;
            }
        }
    }
    os::Deadline deadline() const { return clock_.now() + std::chrono::seconds(30); }
    /// Where this process keeps the keys of its workstations.
    std::string hosts() const { return shop_->folder() + "/hosts"; }
    std::uint16_t port() const { return port_; }
    Shop& shop() { return *shop_; }
    os::SystemClock& clock() { return clock_; }

private:
    os::SystemClock clock_;
    std::unique_ptr<Shop> shop_;
    ReadySocket ready_;
    const std::uint16_t port_ = free_port();
    const std::uint16_t pairing_port_ = free_port();
};

}  // namespace tillhost::support
