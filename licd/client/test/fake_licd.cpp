#include "licd/client/test/fake_licd.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "ipc/contract/decoder.h"
#include "licd/keys/base64.h"
#include "licd/keys/proof.h"

namespace tillhost::licd::client::test {
namespace {

using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::RequestKind;
using contract::Value;

constexpr int kTurnMs = 20;
constexpr int kPortTriesMax = 50;
constexpr os::Duration kPatience = std::chrono::seconds(20);

base::Bytes salt() { return base::Bytes(wire::kCodeSaltBytes, base::byte(7)); }

}  // namespace

contract::LicenceLease FakeLicd::signed_lease(const wire::LeaseText& text,
                                              const os::SigningKey& key) {
    const std::string words = text.text().value();
    return {.number = text.number,
            .licence = text.licence,
            .key = text.key,
            .seat = text.seat,
            .generation = text.generation,
            .time_ms = text.time_s * 1000,
            .grace_ms = text.grace_s * 1000,
            .signed_lease = {words, key.sign(base::bytes_of(words))}};
}

contract::LicenceProof FakeLicd::proof_of(const keys::test::Vendor& vendor,
                                          const std::string& licence, const keys::KeyContent& key) {
    const auto file = keys::test::taken(keys::read_key(vendor.write(key), vendor.root));
    const auto proof = keys::test::taken(keys::proof_of(file, licence));
    contract::LicenceProof made;
    made.file_id = proof.file_id;
    made.seal = proof.seal;
    made.line = proof.licence;
    for (const std::string& certificate : proof.chain) {
        made.issuers.push_back(keys::test::taken(keys::from_base64(certificate)));
    }
    return made;
}

FakeLicd::FakeLicd(Network network) : network_(std::move(network)) {
    if (!network_->curve) {
        network_->curve = ipc::KeyPair::make().value();
    }
    start();
}

ipc::Admission::Verdict FakeLicd::admits(std::string_view, std::string_view) {
    return Verdict::admitted;
}

// --- its life

bool FakeLicd::bind() {
    if (network_) {
        return bind_network();
    }
    auto bound = ipc::ZmqEndpoint::bind("ipc://" + path_, contract::Daemon::licd);
    endpoint_ = bound ? std::move(*bound) : nullptr;
    return endpoint_ != nullptr;
}

bool FakeLicd::bind_network() {
    const std::string port = network_->port == 0 ? "*" : std::to_string(network_->port);
    ipc::NetworkOptions options;
    options.secret_key = network_->curve->secret_key;
    options.admission = this;
    options.clock = &clock_;
    options.nice = 0;
    auto bound = ipc::ZmqEndpoint::bind("tcp://127.0.0.1:" + port, std::move(options),
                                        contract::Daemon::licd);
    if (!bound) {
        return false;
    }
    const std::string at = (*bound)->address();
    const auto found = static_cast<std::uint16_t>(std::stoi(at.substr(at.rfind(':') + 1)));
    wire::DiscoveryResponder::Options answers;
    answers.port = found;
    answers.present = [this, found](const wire::DiscoveryQuery&) {
        wire::DiscoveryAnswer answer{.tcp_port = found,
                                     .load = network_->load,
                                     .group = network_->group,
                                     .name = network_->name};
        const base::Bytes key = ipc::key_bytes(network_->curve->public_key).value();
        std::copy(key.begin(), key.end(), answer.curve_key.begin());
        return std::optional(answer);
    };
    auto responder = wire::DiscoveryResponder::open(answers, network_->answer_key, clock_);
    if (!responder) {
        return false;  // somebody has that UDP port: another pair is tried
    }
    endpoint_ = std::move(*bound);
    responder_ = std::move(*responder);
    network_->port = found;
    return true;
}

void FakeLicd::start() {
    for (int i = 0; i < kPortTriesMax && endpoint_ == nullptr && !bind(); ++i) {
        ::poll(nullptr, 0, kTurnMs);
    }
    ASSERT_NE(endpoint_, nullptr);
    stopping_ = false;
    thread_ = std::make_unique<os::Thread>("fake licd", [this] { run(); });
}

void FakeLicd::stop() {
    stopping_ = true;
    thread_.reset();
    endpoint_.reset();
    responder_.reset();
    sessions_.clear();
}

void FakeLicd::run() {
    while (!stopping_) {
        std::vector<pollfd> fds{{.fd = endpoint_->fd(), .events = POLLIN, .revents = 0}};
        if (responder_) {
            fds.push_back({.fd = responder_->fd(), .events = POLLIN, .revents = 0});
        }
        ::poll(fds.data(), fds.size(), kTurnMs);
        if (responder_) {
            responder_->receive();
        }
        while (endpoint_->receive(*this, 100)) {
        }
        if (ends_connections_) {
            endpoint_.reset();
            responder_.reset();
            sessions_.clear();
            const bool bound = bind();
            ends_connections_ = false;
            ASSERT_TRUE(bound);
        }
    }
}

void FakeLicd::with(const std::function<void(Ways&)>& change) {
    const std::lock_guard lock(mutex_);
    change(ways_);
}

FakeLicd::Seen FakeLicd::seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
}

bool FakeLicd::sees(const std::function<bool(const Seen&)>& condition) {
    const os::Deadline until = clock_.now() + kPatience;
    while (!condition(seen())) {
        if (clock_.now() >= until) {
            return false;
        }
        ::poll(nullptr, 0, 1);
    }
    return true;
}

void FakeLicd::wait_until_it_listens() {
    while (ends_connections_) {
        ::poll(nullptr, 0, 1);
    }
}

std::size_t FakeLicd::lent() {
    const std::lock_guard lock(mutex_);
    return leases_.size();
}

void FakeLicd::occupy() {
    const std::lock_guard lock(mutex_);
    const auto id = base::OperationId::make(1, {1, 1});
    leases_[id] = {.number = ++last_number_, .request = id};
}

void FakeLicd::vacate() {
    const std::lock_guard lock(mutex_);
    leases_.erase(base::OperationId::make(1, {1, 1}));
}

// --- requests

void FakeLicd::on_request(ipc::PeerId peer, const ipc::PeerIdentity&,
                          const contract::Request& request) {
    const std::lock_guard lock(mutex_);
    auto answered = answer(peer, request);
    if (request.kind == RequestKind::acquire_licence && std::exchange(ways_.loses_answer, false)) {
        ends_connections_ = true;
    } else if (answered) {
        endpoint_->send(peer, {request.id, std::move(*answered)});
    } else {
        endpoint_->send(peer, {request.id, contract::to_contract(answered.error())});
    }
}

Result<Value> FakeLicd::answer(ipc::PeerId peer, const contract::Request& request) {
    if (request.kind == RequestKind::licence_hello) {
        return hello(peer, request);
    }
    const auto session = sessions_.find(peer);
    if (session == sessions_.end()) {
        return make_error(ErrorCode::no_session, "");
    }
    if (request.kind == RequestKind::acquire_licence) {
        return acquire(session->second, request);
    }
    if (request.kind == RequestKind::beat_licences) {
        return beat(request);
    }
    if (request.kind == RequestKind::release_licence) {
        return release(request);
    }
    return make_error(ErrorCode::unknown_kind, "");
}

Result<Value> FakeLicd::hello(ipc::PeerId peer, const contract::Request& request) {
    const auto body = TRY(contract::from_value<contract::LicenceHelloRequest>(request.body));
    ++seen_.hellos;
    seen_.hello = body;
    const auto number = static_cast<unsigned>(++last_session_);
    const Session session{.id = last_session_,
                          .instance = body.instance,
                          .nonce = base::Bytes(wire::kCodeNonceBytes, base::byte(number % 256))};
    const auto& key = ways_.lease_key.public_key().bytes;
    sessions_[peer] = session;
    return contract::to_value(
        contract::LicenceHelloReply{.session = session.id,
                                    .server = "server",
                                    .server_key = base::Bytes(key.begin(), key.end()),
                                    .beat_ms = ways_.beat_ms,
                                    .code_salt = salt(),
                                    .code_nonce = session.nonce});
}

base::Done FakeLicd::may_acquire(const Session& session,
                                 const contract::AcquireLicenceRequest& body) {
    if (ways_.refuses_acquire) {
        const ErrorCode code = *ways_.refuses_acquire;
        if (ways_.refusals > 0 && --ways_.refusals == 0) {
            ways_.refuses_acquire.reset();
        }
        return make_error(code, "as the test wants");
    }
    if (!ways_.access_code.empty()) {
        const auto key = TRY(wire::CodeKey::derive(ways_.access_code, salt()));
        if (!key.is_proved_by(body.code_proof, session.nonce)) {
            return make_error(ErrorCode::access_code_wrong, "");
        }
    }
    return {};
}

Result<Value> FakeLicd::acquire(const Session& session, const contract::Request& request) {
    const auto body = TRY(contract::from_value<contract::AcquireLicenceRequest>(request.body));
    ++seen_.acquires;
    TRY(may_acquire(session, body));
    if (const auto earlier = leases_.find(body.request_id); earlier != leases_.end()) {
        ++earlier->second.renewal;
        return granted(earlier->second);
    }
    if (static_cast<std::int64_t>(leases_.size()) >= ways_.seats) {
        if (body.wait_ms == 0) {
            return make_error(ErrorCode::no_seat, "all are in use");
        }
        return contract::to_value(
            contract::LicenceAcquired(contract::LicencePlace{1, ways_.seats, 10'000}));
    }
    const wire::LeaseText text{.number = ++last_number_,
                               .licence = body.licence,
                               .key = "4410-0093-7721",
                               .seat = 1,
                               .generation = last_number_,
                               .instance = session.instance,
                               .request = body.request_id,
                               .time_s = ways_.time_s,
                               .grace_s = ways_.grace_s};
    leases_[body.request_id] = text;
    return granted(text);
}

Value FakeLicd::granted(const wire::LeaseText& text) {
    contract::LicenceGranted made{.lease = signed_lease(text, ways_.lease_key),
                                  .proof = proof_of(vendor_, text.licence)};
    if (ways_.on_grant) {
        ways_.on_grant(made);
    }
    return contract::to_value(contract::LicenceAcquired(std::move(made)));
}

Result<Value> FakeLicd::beat(const contract::Request& request) {
    const auto body = TRY(contract::from_value<contract::BeatLicencesRequest>(request.body));
    ++seen_.beats;
    contract::BeatLicencesReply reply{.next_beat_ms = ways_.beat_ms};
    for (const contract::LicenceBeat& one : body.leases) {
        seen_.used = one.used;
        contract::LicenceBeatAnswer answered{.number = one.number, .ended = ways_.ends};
        const auto at = std::find_if(leases_.begin(), leases_.end(), [&one](const auto& lease) {
            return lease.second.number == one.number;
        });
        if (at == leases_.end()) {
            answered.ended = contract::LicenceEnd::unknown;
        } else if (!answered.ended && ways_.renews) {
            ++at->second.renewal;
            answered.renewed = signed_lease(at->second, ways_.lease_key);
            if (ways_.on_renewal) {
                ways_.on_renewal(*answered.renewed);
            }
        }
        reply.leases.push_back(std::move(answered));
    }
    return contract::to_value(reply);
}

Result<Value> FakeLicd::release(const contract::Request& request) {
    const auto body = TRY(contract::from_value<contract::ReleaseLicenceRequest>(request.body));
    seen_.releases.push_back(body);
    return contract::to_value(
        contract::LicenceReleased{.was_held = leases_.erase(body.request_id) != 0});
}

}  // namespace tillhost::licd::client::test
