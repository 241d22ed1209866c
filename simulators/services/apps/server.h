#pragma once

#include <memory>
#include <string>

#include "simulators/services/apps/memory.h"
#include "simulators/services/exchange/caller.h"

namespace tillhost::simulators::apps {

/// How an attempt to talk to the server ended.
enum class Talk : std::uint8_t {
    done,
    later,    ///< no answer, or the server said "not now": the same once more
    refused,  ///< fault() says why
    revoked   ///< the device is not let in any more
};

/// Who is at the phone.
struct Person {
    std::string login{};
    std::string password{};
};

/// A phone's way to its server: signs in where it must and sorts answers. Of one thread. It
/// repeats nothing; that is for whoever knows what was written down.
class Server final {
public:
    Server(exchange::Form form, Person person, std::uint64_t seed)
        : form_(form), person_(std::move(person)), seed_(seed) {}

    /// Uses what an enrolment said. Errors: bad_field(pin).
    base::Done connect(const Enrolment& enrolment);
    /// Enroll itself; the enrolment is complete on done.
    Talk enrol(const std::string& token, const std::string& install_id, Enrolment& enrolment);
    /// With the session of the person, which is begun where there is none.
    Talk call(std::string_view operation, const Value& request);
    /// Documents go without a person too, under the device's own key.
    Talk call_as_device(std::string_view operation, const Value& request);

    const Value& body() const { return answer_.body; }
    const exchange::Fault& fault() const { return answer_.fault; }
    /// Milliseconds that the server asked to wait; 0: it did not.
    std::int64_t retry_after_ms() const { return retry_after_ms_; }
    const std::string& user_id() const { return user_id_; }
    std::int64_t packet_bytes() const { return packet_bytes_; }
    void set_faults(const exchange::LineFaults& faults);
    std::uint64_t dropped() const { return caller_ ? caller_->line().dropped() : 0; }
    std::uint64_t cut() const { return caller_ ? caller_->line().cut() : 0; }
    bool tells_kinds() const { return form_ != exchange::Form::json; }
    void forget_session() { session_.clear(); }

private:
    Talk ask(std::string_view operation, const Value& request);
    Talk log_in();

    exchange::Form form_;
    Person person_;
    std::uint64_t seed_;
    exchange::LineFaults faults_;
    std::unique_ptr<exchange::Caller> caller_;
    exchange::Answer answer_;
    std::int64_t retry_after_ms_ = 0;
    std::string device_key_;
    std::string session_;
    std::string user_id_;
    std::int64_t packet_bytes_ = 65'536;
};

}  // namespace tillhost::simulators::apps
