#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devd/core/sale_desk.h"
#include "devd/core/test/rig.h"

namespace tillhost::devd::core {

/// What the sale of these tests costs.
inline constexpr std::int64_t kTotal = 2500;

/// Hosts of several devices, each played by the test.
class Hosts final : public HostPort {
public:
    void spawn(const std::string& device, base::HostEpoch epoch) override {
        epochs[device] = epoch;
        sent[device].clear();
    }
    void kill(const std::string&) override {}
    void send(const std::string& device, const contract::ToHost& message) override {
        sent[device].push_back(message);
    }
    void abort(const std::string& device) override { aborted.push_back(device); }

    std::map<std::string, base::HostEpoch> epochs;
    std::map<std::string, std::vector<contract::ToHost>> sent;
    std::vector<std::string> aborted;
};

/// A core with two registrars, a terminal, a printer with a drawer and a client.
class Shop {
public:
    explicit Shop(BookImage image = {}, KnownBugs bugs = {}) {
        CoreOptions options;
        options.shop = {"fr", "fr2", "pos", ""};
        core = std::make_unique<Core>(
            options,
            std::vector<DeviceConfig>{{"fr", "fiscal/toy", {}},
                                      {"fr2", "fiscal/toy", {}},
                                      {"pos", "payment/zvt", {}},
                                      {"slips", "printer/escpos", {}}},
            std::move(image), clock, store, hosts, endpoint, [this] { return ++randoms; }, bugs);
        core->start();
        peer = endpoint.connect({});
        contract::HelloRequest hello;
        hello.client = "till";
        hello.versions = {1};
        session = Rig::ok<contract::HelloReply>(
                      ask(contract::RequestKind::hello, contract::to_value(hello)))
                      .session;
    }

    std::optional<contract::Reply> ask(contract::RequestKind kind, contract::Value body) {
        endpoint.request(peer, {kind, ++requests, 0, std::move(body)}, *core);
        return endpoint.next_reply(peer);
    }
    contract::Sale sale() const {
        contract::Sale sale;
        sale.receipt = Rig::receipt(kTotal);
        sale.receipt.payments = {{contract::PaymentKind::electronic, kTotal}};
        return sale;
    }
    std::optional<contract::Reply> submit(const contract::Sale& sale,
                                          const std::string& device = "") {
        contract::SubmitRequest request;
        request.session = session;
        request.operation_id = id;
        request.device = device;
        request.command = sale;
        return ask(contract::RequestKind::submit, contract::to_value(request));
    }
    contract::Operation look(const base::OperationId& of) {
        contract::OperationRequest request;
        request.operation_id = of;
        return Rig::ok<contract::Operation>(
            ask(contract::RequestKind::operation, contract::to_value(request)));
    }
    contract::Operation look() { return look(id); }
    contract::Operation step(contract::SaleRole role, int number = 1) {
        return look(step_id(id, role, number));
    }
    bool has(contract::SaleRole role, int number = 1) {
        contract::OperationRequest request;
        request.operation_id = step_id(id, role, number);
        const auto reply = ask(contract::RequestKind::operation, contract::to_value(request));
        return reply && std::holds_alternative<contract::Value>(reply->outcome);
    }
    std::optional<contract::Reply> of_operation(contract::RequestKind kind) {
        contract::SessionOperationRequest request;
        request.session = session;
        request.operation_id = id;
        return ask(kind, contract::to_value(request));
    }

    // --- hosts

    void say(const std::string& device, const contract::FromHost& message) {
        core->on_host_message(device, hosts.epochs.at(device), message);
    }
    void open(const std::string& device, bool terminal = false,
              std::optional<contract::Resolution> resolution = std::nullopt) {
        const char* const driver = terminal            ? "payment/zvt"
                                   : device == "slips" ? "printer/escpos"
                                                       : "fiscal/toy";
        say(device, contract::HostHello{1, driver, 7});
        contract::Opened opened;
        opened.identity = identity(device);
        opened.status = terminal ? contract::ClassStatus(contract::TerminalStatus{})
                                 : contract::ClassStatus(status());
        opened.resolution = std::move(resolution);
        say(device, opened);
    }
    void open_all() {
        open("fr");
        open("fr2");
        open("pos", true);
    }
    static contract::Identity identity(const std::string& device) { return {device, "", ""}; }
    static contract::FiscalStatus status(bool paper = true) {
        contract::FiscalStatus status;
        status.shift_open = true;
        status.paper_present = paper;
        return status;
    }
    template <class T>
    std::optional<T> last(const std::string& device) const {
        const auto& sent = hosts.sent.at(device);
        const T* const message = sent.empty() ? nullptr : std::get_if<T>(&sent.back());
        return message == nullptr ? std::nullopt : std::optional<T>(*message);
    }
    void answer_preflight(bool paper = true, const std::string& device = "fr") {
        const auto query = last<contract::QueryCommand>(device);
        ASSERT_TRUE(query);
        say(device,
            contract::Queried{query->ticket, contract::ClassStatus(status(paper)), {}, false});
    }
    static contract::Marker marker(const std::string& device) {
        if (device == "pos") {
            contract::PaymentMarker marker;
            marker.identity = identity(device);
            return marker;
        }
        contract::FiscalMarker marker;
        marker.identity = identity(device);
        return marker;
    }
    static contract::OperationResult result(const std::string& device) {
        if (device == "pos") {
            contract::PaymentResult result;
            result.amount_minor = kTotal;
            result.requested_minor = kTotal;
            result.currency = "RUB";
            result.receipt_number = 77;
            result.terminal_id = "pos";
            contract::TerminalReceipt slip;
            slip.kind = contract::TerminalReceiptKind::customer;
            slip.lines.push_back({"PAID", contract::Alignment::left, false, false});
            result.receipts.push_back(slip);
            return result;
        }
        contract::FiscalResult result;
        result.registered = true;
        result.printed = contract::Printed::printed;
        result.fiscal_document_number = 42;
        return result;
    }
    /// The device's host carries out what it was told, with this end.
    void prepare(const std::string& device) {
        const auto execute = last<contract::Execute>(device);
        ASSERT_TRUE(execute) << device << " was told nothing";
        say(device, contract::Persist{execute->operation_id, execute->attempt, marker(device)});
    }
    void finish(const std::string& device, contract::SaleRole role, int number = 1) {
        contract::Finished finished;
        finished.operation_id = step_id(id, role, number);
        finished.attempt = 1;
        finished.result = result(device);
        say(device, finished);
    }
    void refuse(const std::string& device, contract::SaleRole role, base::ErrorCode code,
                int number = 1, base::Effect effect = base::Effect::none) {
        contract::Finished finished;
        finished.operation_id = step_id(id, role, number);
        finished.attempt = 1;
        finished.error = contract::to_contract(base::make_error(code, "", effect));
        say(device, finished);
    }
    void carry_out(const std::string& device, contract::SaleRole role, int number = 1) {
        prepare(device);
        finish(device, role, number);
    }
    void wait(os::Duration by) {
        clock.advance(by);
        core->on_timer();
    }

    os::FakeClock clock;
    FakeStore store;
    Hosts hosts;
    ipc::LoopbackEndpoint endpoint;
    std::uint64_t randoms = 0;
    std::int64_t requests = 0;
    std::unique_ptr<Core> core;
    ipc::PeerId peer;
    std::int64_t session = 0;
    base::OperationId id = base::OperationId::make(1'780'000'000'000, {1, 2});
};

}  // namespace tillhost::devd::core
