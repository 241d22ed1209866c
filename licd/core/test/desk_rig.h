#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/os/fake/fake_clock.h"
#include "ipc/contract/decoder.h"
#include "ipc/loopback_endpoint.h"
#include "licd/core/licence_desk.h"

namespace tillhost::licd::core {

/// A store whose disk is as slow as the test wants; what is not synced is gone with the process.
class FakeLeaseStore final : public LeaseStore {
public:
    Position write(LeaseChange change) override {
        changes.push_back(std::move(change));
        if (!held) {
            durable_ = changes.size();
        }
        return changes.size();
    }
    Position durable() const override { return durable_; }
    bool has_room() const override { return room; }
    void sync() { durable_ = changes.size(); }
    /// What was not synced is lost.
    void lose() { changes.resize(durable_); }

    LeaseImage image() const {
        LeaseImage image;
        std::map<std::uint64_t, LeaseRow> rows;
        for (std::size_t i = 0; i < durable_; ++i) {
            for (const LeaseRow& row : changes[i].put) {
                rows[row.number] = row;
            }
            for (const std::uint64_t number : changes[i].forget) {
                rows.erase(number);
            }
            image.last_number = changes[i].last_number;
        }
        for (const auto& [number, row] : rows) {
            image.leases.push_back(row);
        }
        return image;
    }

    std::vector<LeaseChange> changes;
    bool held = false;
    bool room = true;

private:
    Position durable_ = 0;
};

/// Keys that say what the test wants.
class FakeKeys final : public KeyPort {
public:
    std::vector<const Terms*> licences(std::string_view name) const override {
        std::vector<const Terms*> found;
        for (const auto& [id, terms] : all) {
            if (terms.licence == name) {
                found.push_back(&terms);
            }
        }
        return found;
    }
    const Terms* find(const std::string& key, const std::string& licence) const override {
        const auto found = all.find({key, licence});
        return found == all.end() ? nullptr : &found->second;
    }
    base::Done gives(const Terms& terms, std::string_view) const override {
        if (fading.contains(terms.key)) {
            return base::make_error(base::ErrorCode::dongle_missing, "");
        }
        return off.contains(terms.key) ? base::Done(base::make_error(base::ErrorCode::key_off, ""))
                                       : base::Done();
    }
    base::Done renews(const Terms& terms, std::string_view version) const override {
        return fading.contains(terms.key) ? base::Done() : gives(terms, version);
    }
    bool knows_code(const std::string&, base::ByteView, base::ByteView proof) const override {
        return base::string_of(proof) == "right";
    }
    contract::LicenceProof proof(const Terms&) const override { return {}; }
    contract::SignedLicenceLease sign(const LeaseFacts& facts) const override {
        contract::SignedLicenceLease lease;
        lease.text = std::to_string(facts.number) + "/" + std::to_string(facts.renewal);
        lease.signature = base::Bytes(64);
        return lease;
    }
    void add(const std::string& key, const std::string& licence, std::int64_t count,
             contract::SeatMode mode = contract::SeatMode::instance) {
        Terms terms;
        terms.key = key;
        terms.licence = licence;
        terms.count = count;
        terms.mode = mode;
        if (count == 0) {
            terms.counting = contract::LicenceCounting::uncounted;
        }
        all[{key, licence}] = terms;
    }
    std::map<std::pair<std::string, std::string>, std::int64_t> counts() const {
        std::map<std::pair<std::string, std::string>, std::int64_t> counted;
        for (const auto& [id, terms] : all) {
            counted[id] = terms.count;
        }
        return counted;
    }

    std::map<std::pair<std::string, std::string>, Terms> all;
    std::set<std::string> off;
    std::set<std::string> fading;  ///< what they gave goes on, nothing new is given
};

class FakeProcesses final : public ProcessPort {
public:
    bool watch(std::int64_t pid) override {
        watched.insert(pid);
        return true;
    }
    std::set<std::int64_t> watched;
};

/// A desk with a key K that has three seats of "till", shared by nobody, two of "desk", shared by
/// stations, and "free" uncounted.
class DeskRig {
public:
    DeskRig() {
        keys.add("K", "till", 3);
        keys.add("K", "desk", 2, contract::SeatMode::station);
        keys.add("K", "free", 0);
        start();
    }

    /// As after kill -9: nothing but what is on disk.
    void start() {
        store.lose();
        endpoint = std::make_unique<ipc::LoopbackEndpoint>();
        DeskOptions options;
        options.server = "host";
        options.server_key = base::Bytes(32);
        options.code_salt = base::Bytes(16);
        options.times = times;
        options.starts = ++starts;
        options.promised = std::chrono::seconds(600);
        desk = std::make_unique<LicenceDesk>(options, store, clock, keys, processes, *endpoint,
                                             [](std::size_t bytes) { return base::Bytes(bytes); });
        desk->start(store.image());
        desk->book().check(keys.counts());
    }

    struct Program {
        ipc::PeerId peer;
        std::int64_t session = 0;
        std::string instance;
        std::int64_t pid = 0;
    };
    Program program(const std::string& instance, std::int64_t pid = 0,
                    const std::string& user = "") {
        Program made;
        made.peer = endpoint->connect({});
        made.instance = instance;
        made.pid = pid;
        contract::LicenceHelloRequest hello;
        hello.instance = instance;
        hello.program = "till";
        hello.user = user;
        hello.computer = user.empty() ? "" : "counter";
        const auto reply =
            ask(made, contract::RequestKind::licence_hello, contract::to_value(hello));
        made.session = MUST(contract::from_value<contract::LicenceHelloReply>(
                                std::get<contract::Value>(reply->outcome)))
                           .session;
        return made;
    }
    void disconnect(const Program& program) { desk->on_peer_gone(program.peer); }

    /// Nothing = it waits.
    std::optional<contract::Reply> ask(const Program& by, contract::RequestKind kind,
                                       contract::Value body) {
        contract::Request request;
        request.kind = kind;
        request.id = ++last_id;
        request.body = std::move(body);
        EXPECT_TRUE(desk->on_request(by.peer, {.uid = 1000, .pid = by.pid}, request));
        return reply_of(by.peer, request.id);
    }
    std::optional<contract::Reply> reply_of(ipc::PeerId peer, std::int64_t id) {
        while (auto next = endpoint->next_reply(peer)) {
            replies.insert_or_assign({peer, next->id}, std::move(*next));
        }
        auto node = replies.extract({peer, id});
        return node.empty() ? std::nullopt : std::optional(std::move(node.mapped()));
    }

    static base::OperationId request_id(std::uint64_t number) {
        return base::OperationId::make(1'780'000'000'000, {number, number});
    }
    std::optional<contract::Reply> acquire(const Program& by, std::uint64_t request,
                                           const std::string& licence = "till",
                                           std::int64_t wait_ms = 0,
                                           const std::string& proof = "") {
        contract::AcquireLicenceRequest body;
        body.session = by.session;
        body.request_id = request_id(request);
        body.licence = licence;
        body.wait_ms = wait_ms;
        body.code_proof = base::bytes_of(proof);
        return ask(by, contract::RequestKind::acquire_licence, contract::to_value(body));
    }
    static std::optional<contract::LicenceGranted> granted(
        const std::optional<contract::Reply>& reply) {
        if (!reply || !std::holds_alternative<contract::Value>(reply->outcome)) {
            return std::nullopt;
        }
        const auto acquired = MUST(contract::from_value<contract::LicenceAcquired>(
            std::get<contract::Value>(reply->outcome)));
        const auto* lease = std::get_if<contract::LicenceGranted>(&acquired);
        return lease == nullptr ? std::nullopt : std::optional(*lease);
    }
    static std::string error(const std::optional<contract::Reply>& reply) {
        if (!reply) {
            return "no answer";
        }
        const auto* error = std::get_if<contract::Error>(&reply->outcome);
        return error == nullptr ? "none" : error->code;
    }
    contract::LicenceLease take(const Program& by, std::uint64_t request,
                                const std::string& licence = "till") {
        const auto reply = acquire(by, request, licence);
        const auto got = granted(reply);
        EXPECT_TRUE(got) << error(reply);
        return got ? got->lease : contract::LicenceLease();
    }
    contract::LicenceBeatAnswer beat(const Program& by, const contract::LicenceLease& lease,
                                     std::int64_t used = 0) {
        contract::BeatLicencesRequest body;
        body.session = by.session;
        body.leases.push_back({lease.number, lease.generation, used});
        const auto reply = ask(by, contract::RequestKind::beat_licences, contract::to_value(body));
        return MUST(contract::from_value<contract::BeatLicencesReply>(
                        std::get<contract::Value>(reply->outcome)))
            .leases.at(0);
    }
    bool release(const Program& by, const contract::LicenceLease& lease,
                 std::uint64_t request = 999) {
        contract::ReleaseLicenceRequest body;
        body.session = by.session;
        body.number = lease.number;
        body.generation = lease.generation;
        body.request_id = request_id(request);
        const auto reply =
            ask(by, contract::RequestKind::release_licence, contract::to_value(body));
        return MUST(contract::from_value<contract::LicenceReleased>(
                        std::get<contract::Value>(reply->outcome)))
            .was_held;
    }
    std::int64_t free_licence(std::int64_t number, bool accept_double_use = false) {
        contract::FreeLicencesRequest body;
        body.number = number;
        body.accept_double_use = accept_double_use;
        const Program administrator{endpoint->connect({}), 0, "", 0};
        auto reply =
            ask(administrator, contract::RequestKind::free_licences, contract::to_value(body));
        if (!reply) {
            store.sync();
            desk->on_durable();
            reply = reply_of(administrator.peer, last_id);
        }
        const auto* value = std::get_if<contract::Value>(&reply->outcome);
        return value == nullptr
                   ? -1
                   : MUST(contract::from_value<contract::FreeLicencesReply>(*value)).taken;
    }
    /// Time passes, and the desk does what is due.
    void pass(os::Duration time) {
        const os::Instant end = clock.now() + time;
        for (auto next = desk->next_time(); next && *next <= end; next = desk->next_time()) {
            clock.advance_to(*next);
            desk->on_time();
        }
        clock.advance_to(end);
        desk->on_time();
    }
    std::size_t used(const std::string& licence = "till") const {
        return desk->book().used("K", licence);
    }

    os::FakeClock clock;
    FakeLeaseStore store;
    FakeKeys keys;
    FakeProcesses processes;
    LeaseTimes times;
    std::unique_ptr<ipc::LoopbackEndpoint> endpoint;
    std::unique_ptr<LicenceDesk> desk;
    std::uint64_t starts = 0;
    std::int64_t last_id = 0;
    std::map<std::pair<ipc::PeerId, std::int64_t>, contract::Reply> replies;
};

}  // namespace tillhost::licd::core
