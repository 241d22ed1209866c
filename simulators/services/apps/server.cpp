#include "simulators/services/apps/server.h"

namespace tillhost::simulators::apps {

base::Done Server::connect(const Enrolment& enrolment) {
    caller_ = TRY(exchange::Caller::create(form_, enrolment.url, enrolment.pin, seed_));
    caller_->line().set_faults(faults_);
    device_key_ = enrolment.device_key;
    session_.clear();
    return {};
}

void Server::set_faults(const exchange::LineFaults& faults) {
    faults_ = faults;
    if (caller_) {
        caller_->line().set_faults(faults);
    }
}

Talk Server::ask(std::string_view operation, const Value& request) {
    answer_ = {};
    retry_after_ms_ = 0;
    if (!caller_) {
        return Talk::later;
    }
    base::Result<exchange::Answer> answer = caller_->call(operation, request);
    if (!answer) {
        answer_.fault = {.code = std::string(base::name_of(answer.error().code)),
                         .message = answer.error().detail};
        return answer.error().effect == base::Effect::unknown ? Talk::later : Talk::refused;
    }
    answer_ = std::move(*answer);
    if (answer_.ok()) {
        return Talk::done;
    }
    retry_after_ms_ = answer_.fault.retry_after_ms;
    if (answer_.fault.code == "device_revoked") {
        return Talk::revoked;
    }
    return answer_.fault.retryable ? Talk::later : Talk::refused;
}

Talk Server::enrol(const std::string& token, const std::string& install_id, Enrolment& enrolment) {
    if (!caller_) {
        if (const base::Done connected = connect(enrolment); !connected) {
            answer_.fault = {.code = "bad_field", .message = connected.error().detail};
            return Talk::refused;
        }
    }
    caller_->authorise("");
    Value request;
    request.set("token", token).set("installId", install_id).set("model", "devsim");
    request.set("os", "simulated").set("appName", "devsim services/apps").set("appVersion", "1.0");
    const Talk talk = ask("Enroll", request);
    if (talk == Talk::done) {
        enrolment.device_id = answer_.body.text_of("deviceId");
        enrolment.device_key = answer_.body.text_of("deviceKey");
        enrolment.last_seq = answer_.body.number_of("lastSeq");
        device_key_ = enrolment.device_key;
        session_.clear();
    }
    return talk;
}

Talk Server::log_in() {
    caller_->authorise("");
    Value request;
    request.set("deviceKey", device_key_).set("login", person_.login);
    const Talk talk = ask("Login", request.set("password", person_.password));
    if (talk == Talk::done) {
        session_ = answer_.body.text_of("session");
        user_id_ = answer_.body.text_of("userId");
        packet_bytes_ = answer_.body.at("policy").number_of("packetBytes");
    }
    return talk;
}

Talk Server::call(std::string_view operation, const Value& request) {
    if (!caller_) {
        return Talk::later;
    }
    if (session_.empty()) {
        if (const Talk talk = log_in(); talk != Talk::done) {
            return talk;
        }
    }
    caller_->authorise("Bearer " + session_);
    const Talk talk = ask(operation, request);
    const std::string& code = answer_.fault.code;
    if (talk == Talk::refused && (code == "session_expired" || code == "unauthorized")) {
        session_.clear();
        return Talk::later;
    }
    return talk;
}

Talk Server::call_as_device(std::string_view operation, const Value& request) {
    if (!caller_) {
        return Talk::later;
    }
    caller_->authorise("Bearer " + device_key_);
    return ask(operation, request);
}

}  // namespace tillhost::simulators::apps
