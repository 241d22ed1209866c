#include "tests/bench/licence_lender.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "ipc/client/cpp/client.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/licence.h"

namespace tillhost::bench {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::RequestKind;

namespace {

constexpr os::Duration kAnswerTimeMax = std::chrono::seconds(10);

base::Error otherwise(std::string_view what) {
    return make_error(ErrorCode::wrong_state, fmt::format("licd has {}", what));
}

}  // namespace

Done LicenceTalk::say_hello(const std::string& instance) {
    contract::LicenceHelloRequest hello;
    hello.instance = instance;
    hello.program = "bench";
    hello.user = "bench";
    hello.computer = "bench";
    TRY(wire_->send(RequestKind::licence_hello, contract::to_value(hello)));
    const auto body = TRY(wire_->receive(clock_.now() + kAnswerTimeMax));
    session_ = TRY(contract::from_value<contract::LicenceHelloReply>(body)).session;
    return {};
}

Done LicenceTalk::ask_acquire(const std::string& licence, os::Duration wait) {
    asked_ = RequestKind::acquire_licence;
    request_ = client::make_operation_id(clock_);
    contract::AcquireLicenceRequest request;
    request.session = session_;
    request.request_id = request_;
    request.licence = licence;
    request.wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
    return send(contract::to_value(request));
}

Done LicenceTalk::ask_beat() {
    asked_ = RequestKind::beat_licences;
    contract::BeatLicencesRequest request;
    request.session = session_;
    request.leases.push_back({.number = number_, .generation = generation_, .used = ++used_});
    return send(contract::to_value(request));
}

Done LicenceTalk::ask_release() {
    asked_ = RequestKind::release_licence;
    contract::ReleaseLicenceRequest request;
    request.session = session_;
    request.number = number_;
    request.generation = generation_;
    request.request_id = request_;
    return send(contract::to_value(request));
}

Result<bool> LicenceTalk::answered(os::Deadline deadline) {
    const auto body = wire_->receive(deadline);
    if (!body && body.error().code == ErrorCode::retry_later) {
        // More than one connection may ask in a second: what any program would do, and its time.
        os::SystemClock clock;
        clock.sleep_until(clock.now() + kPause);
        TRY(wire_->send(asked_, sent_));
        return false;
    }
    if (!body) {
        return body.error().code == ErrorCode::deadline_passed ? Result<bool>(false)
                                                               : Result<bool>(body.error());
    }
    TRY(read(*body));
    return true;
}

Done LicenceTalk::send(contract::Value request) {
    sent_ = std::move(request);
    return wire_->send(asked_, sent_);
}

Done LicenceTalk::read(const contract::Value& body) {
    if (asked_ == RequestKind::acquire_licence) {
        const auto acquired = TRY(contract::from_value<contract::LicenceAcquired>(body));
        const auto* granted = std::get_if<contract::LicenceGranted>(&acquired);
        if (granted == nullptr) {
            return otherwise("no seat");
        }
        number_ = granted->lease.number;
        generation_ = granted->lease.generation;
    } else if (asked_ == RequestKind::beat_licences) {
        const auto beaten = TRY(contract::from_value<contract::BeatLicencesReply>(body));
        if (beaten.leases.size() != 1 || beaten.leases.front().ended) {
            return otherwise("ended a lease");
        }
    } else if (!TRY(contract::from_value<contract::LicenceReleased>(body)).was_held) {
        return otherwise("no such lease");
    }
    return {};
}

Done LicenceTalk::take(const std::string& licence) {
    TRY(ask_acquire(licence));
    const os::Deadline end = clock_.now() + kAnswerTimeMax;
    while (clock_.now() < end) {
        if (TRY(answered(end))) {
            return {};
        }
    }
    return make_error(ErrorCode::deadline_passed, "licd does not answer");
}

Done LicenceLender::ask(Step step) {
    switch (step) {
        case Step::take: return talk_.ask_acquire(licence_);
        case Step::give: return talk_.ask_release();
        case Step::beat: return talk_.ask_beat();
    }
    return {};
}

namespace {

Result<LicenceTalk> take_one(const os::Clock& clock, const std::string& endpoint,
                             const std::string& licence) {
    LicenceTalk talk(TRY(LicenceWire::open(endpoint, "", clock)), clock);
    TRY(talk.say_hello(fmt::format("holder-{}", ::getpid())));
    TRY(talk.take(licence));
    return talk;
}

}  // namespace

int hold_licence(const std::string& endpoint, const std::string& licence) {
    const os::SystemClock clock;
    const auto talk = take_one(clock, endpoint, licence);
    if (!talk) {
        fmt::print(stderr, "{}\n", base::to_text(talk.error()));
        return 1;
    }
    fmt::print("held\n");
    std::fflush(stdout);
    while (true) {
        ::pause();
    }
}

}  // namespace tillhost::bench
