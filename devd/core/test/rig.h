#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "devd/core/core.h"
#include "hal/os/fake/fake_clock.h"
#include "ipc/contract/decoder.h"
#include "ipc/loopback_endpoint.h"

namespace tillhost::devd::core {

/// A store whose disk is as slow as the test wants.
class FakeStore final : public BookStore {
public:
    Position write(BookChange change) override {
        changes.push_back(std::move(change));
        if (!held) {
            durable_ = changes.size();
        }
        return changes.size();
    }
    Position durable() const override { return durable_; }
    bool has_room() const override { return room; }
    void sync() { durable_ = changes.size(); }

    /// What a start would read back.
    BookImage image() const {
        std::map<base::OperationId, OperationRow> rows;
        std::map<std::string, std::uint64_t> epochs;
        BookImage image;
        for (std::size_t i = 0; i < durable_; ++i) {
            for (const OperationRow& row : changes[i].put) {
                rows[row.id] = row;
            }
            for (const base::OperationId& id : changes[i].forget) {
                rows.erase(id);
            }
            if (changes[i].host_epoch) {
                epochs[changes[i].host_epoch->first] = changes[i].host_epoch->second;
            }
            if (!changes[i].audit.empty()) {
                image.audit = {changes[i].audit.back().number, changes[i].audit.back().hash};
            }
            if (changes[i].retention_watermark_ms) {
                image.retention_watermark_ms = *changes[i].retention_watermark_ms;
            }
        }
        for (const auto& [id, row] : rows) {
            image.operations.push_back(row);
        }
        image.host_epochs.assign(epochs.begin(), epochs.end());
        return image;
    }

    std::vector<BookChange> changes;
    bool held = false;
    bool room = true;

private:
    Position durable_ = 0;
};

/// Hosts that do nothing by themselves.
class FakeHosts final : public HostPort {
public:
    void spawn(const std::string&, base::HostEpoch epoch) override {
        epochs.push_back(epoch);
        sent.clear();
    }
    void kill(const std::string&) override { ++kills; }
    void send(const std::string&, const contract::ToHost& message) override {
        sent.push_back(message);
    }
    /// The last message, if it is of that kind.
    template <class T>
    const T* last() const {
        return sent.empty() ? nullptr : std::get_if<T>(&sent.back());
    }

    std::vector<base::HostEpoch> epochs;
    std::vector<contract::ToHost> sent;  ///< to the present host
    int kills = 0;
};

/// A core with one device "fr" and one client that has said hello.
class Rig {
public:
    explicit Rig(BookImage image = {}, CoreOptions options = {}) {
        options.program_version = "test";
        core = std::make_unique<Core>(options, std::vector<DeviceConfig>{{"fr", "fiscal/toy", {}}},
                                      std::move(image), clock, store, hosts, endpoint,
                                      [this] { return ++randoms; });
        core->start();
        peer = endpoint.connect({});
        session = hello(peer);
    }

    std::int64_t hello(ipc::PeerId of) {
        contract::HelloRequest request;
        request.client = "till";
        request.versions = {1};
        return ok<contract::HelloReply>(
                   ask(of, contract::RequestKind::hello, contract::to_value(request)))
            .session;
    }

    // --- the client

    /// Sends a request; its reply if there is one already.
    std::optional<contract::Reply> ask(ipc::PeerId of, contract::RequestKind kind,
                                       contract::Value body, std::int64_t deadline_ms = 0) {
        endpoint.request(of, {kind, ++last_request, deadline_ms, std::move(body)}, *core);
        return next_reply(of);
    }
    std::optional<contract::Reply> next_reply() { return next_reply(peer); }
    /// Events on the way to it are put aside.
    std::optional<contract::Reply> next_reply(ipc::PeerId of) {
        auto reply = endpoint.next_reply(of);
        while (reply && reply->is_event) {
            told[of].push_back(std::move(*reply));
            reply = endpoint.next_reply(of);
        }
        return reply;
    }

    static contract::Receipt receipt(std::int64_t total) {
        contract::Receipt receipt;
        receipt.kind = contract::ReceiptKind::sale;
        contract::ReceiptLine line;
        line.name = "milk";
        line.price_minor = total;
        line.quantity_units = 1;
        line.vat = contract::Vat::no_vat;
        receipt.lines.push_back(line);
        receipt.payments.push_back({contract::PaymentKind::cash, total});
        return receipt;
    }
    base::OperationId new_id() {
        return base::OperationId::make(static_cast<std::uint64_t>(clock.unix_ms()),
                                       {++randoms, ++randoms});
    }
    contract::SubmitRequest sale(const base::OperationId& id, std::int64_t total = 1000) const {
        contract::SubmitRequest request;
        request.session = session;
        request.operation_id = id;
        request.device = "fr";
        request.command = receipt(total);
        return request;
    }
    std::optional<contract::Reply> submit(const contract::SubmitRequest& request) {
        return ask(peer, contract::RequestKind::submit, contract::to_value(request));
    }
    std::optional<contract::Reply> of_operation(contract::RequestKind kind,
                                                const base::OperationId& id,
                                                std::int64_t deadline_ms = 0) {
        contract::SessionOperationRequest request;
        request.session = session;
        request.operation_id = id;
        return ask(peer, kind, contract::to_value(request), deadline_ms);
    }
    contract::Operation look(const base::OperationId& id) {
        return ok<contract::Operation>(of_operation(contract::RequestKind::operation, id));
    }
    contract::Device device() {
        contract::DeviceRequest request;
        request.device = "fr";
        return ok<contract::Device>(
            ask(peer, contract::RequestKind::status, contract::to_value(request)));
    }

    // --- the host

    void say(const contract::FromHost& message) {
        core->on_host_message("fr", hosts.epochs.back(), message);
    }
    void gone(const std::string& reason = "crashed") {
        core->on_host_gone("fr", hosts.epochs.back(), reason);
    }
    static contract::Identity identity(const std::string& serial = "S1") {
        return {serial, "F1", ""};
    }
    void open_device(std::optional<contract::Resolution> resolution = std::nullopt) {
        say(contract::HostHello{1, "fiscal/toy", 7});
        say(contract::Opened{identity(), contract::FiscalStatus{}, std::move(resolution)});
    }
    static contract::Marker marker(std::int64_t last_document = 41) {
        contract::FiscalMarker marker;
        marker.identity = identity();
        marker.last_document_number = last_document;
        return marker;
    }
    static contract::OperationResult result(std::int64_t number = 42) {
        contract::FiscalResult result;
        result.registered = true;
        result.printed = contract::Printed::printed;
        result.fiscal_document_number = number;
        return result;
    }
    void finish(const base::OperationId& id, const contract::OperationResult& with) {
        contract::Finished finished;
        finished.operation_id = id;
        finished.attempt = 1;
        finished.result = with;
        say(finished);
    }
    /// The host says nothing new to the question that an idle device is asked.
    void answer_idle_question() {
        if (const auto* asked = hosts.last<contract::QueryCommand>()) {
            const std::int64_t ticket = asked->ticket;
            hosts.sent.clear();
            say(contract::Queried{
                ticket,
                {},
                contract::to_contract(base::make_error(base::ErrorCode::not_supported, "")),
                false});
        }
    }
    /// Hands over a sale and lets the host get as far as the marker.
    base::OperationId prepared_sale(std::int64_t total = 1000) {
        const base::OperationId id = new_id();
        submit(sale(id, total));
        say(contract::Persist{id, 1, marker()});
        return id;
    }
    void wait(os::Duration by) {
        clock.advance(by);
        core->on_timer();
    }
    void sync() {
        store.sync();
        core->on_durable();
    }

    template <class T>
    static T ok(const std::optional<contract::Reply>& reply) {
        EXPECT_TRUE(reply.has_value()) << "no reply yet";
        if (!reply) {
            return {};
        }
        if (const auto* error = std::get_if<contract::Error>(&reply->outcome)) {
            ADD_FAILURE() << error->code << ": " << error->text;
            return {};
        }
        auto body = contract::from_value<T>(std::get<contract::Value>(reply->outcome));
        EXPECT_TRUE(body.has_value());
        return body ? *body : T{};
    }
    static contract::Error error(const std::optional<contract::Reply>& reply) {
        EXPECT_TRUE(reply.has_value()) << "no reply yet";
        const auto* error = reply ? std::get_if<contract::Error>(&reply->outcome) : nullptr;
        EXPECT_NE(error, nullptr) << "no error";
        return error != nullptr ? *error : contract::Error{};
    }

    os::FakeClock clock;
    FakeStore store;
    FakeHosts hosts;
    ipc::LoopbackEndpoint endpoint;
    std::unique_ptr<Core> core;
    ipc::PeerId peer;
    std::int64_t session = 0;
    std::uint64_t randoms = 0;
    std::int64_t last_request = 0;
    std::map<ipc::PeerId, std::vector<contract::Reply>> told;  ///< events, not looked at yet
};

}  // namespace tillhost::devd::core
