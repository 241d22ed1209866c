#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulators/services/exchange/diary.h"

namespace tillhost::simulators::apps {

using exchange::Value;

/// A command for a device of the shop, made and written down before it is sent anywhere.
struct Command {
    std::string id{};
    std::string step{};  ///< "pay" or "fiscal"
    std::string device{};
    std::string op{};
    std::string payload{};
    std::string state{};  ///< done, failed or refused once it is over, else empty
    Value result{};       ///< of done: what the device's host told
};

/// The sale that the phone is at.
struct Sale {
    std::int64_t number = 0;
    std::int64_t total_minor = 0;
    bool card = false;
    std::string registrar{};
    std::string terminal{};
    std::vector<Value> lines{};  ///< goodsId, name, priceMinor, quantity
    std::optional<Command> pay{};
    std::optional<Command> fiscal{};
};

/// Who the phone is to the server.
struct Enrolment {
    std::string url{};
    std::string pin{};
    std::string device_id{};
    std::string device_key{};
    std::int64_t last_seq = 0;  ///< of the documents that the server knows of this telephone
};

/// All that a phone may not forget, in one diary: whatever it does next, it does from here, also
/// after kill -9. Errors of all writers: system_failed, storage_full.
class Memory final {
public:
    /// Errors: system_failed, storage_full, malformed.
    static base::Result<std::unique_ptr<Memory>> open(const std::string& folder,
                                                      std::int64_t now_ms);

    const std::string& install_id() const { return install_id_; }
    const std::optional<Enrolment>& enrolment() const { return enrolment_; }
    const std::optional<Sale>& sale() const { return sale_; }
    const std::deque<Value>& queue() const { return queue_; }
    std::int64_t next_seq() const { return next_seq_; }
    std::int64_t last_sale() const { return last_sale_; }
    std::int64_t sold() const { return sold_; }
    std::int64_t abandoned() const { return abandoned_; }
    std::int64_t set_aside() const { return set_aside_; }
    bool did_task(const std::string& task) const;

    base::Done enrolled(const Enrolment& enrolment);
    base::Done begin_sale(const Sale& sale);
    base::Done begin_command(const Command& command);
    base::Done end_command(const std::string& id, const std::string& state, const Value& result,
                           const std::string& why);
    /// The customer goes without having paid.
    base::Done abandon_sale(const std::string& why);
    /// A document with its id and number; `sale` or `task` name what it is of, or nothing. It waits
    /// for the server unless `forgotten`, and ends the sale.
    base::Done add_document(const Value& document, std::int64_t sale, const std::string& task,
                            bool forgotten);
    /// What the server said of it; it waits no longer.
    base::Done answered(const std::string& doc_id, const std::string& status);
    /// As if the app had been deleted and installed again: only the telephone is the same. The
    /// former diary stays under another name.
    base::Done reinstall(std::int64_t now_ms);

private:
    explicit Memory(std::string folder) : folder_(std::move(folder)) {}
    base::Done load(std::int64_t now_ms, const std::string& install_id);
    base::Done note(const Value& entry);
    void apply(const Value& entry);
    void apply_sale(const Value& sale);
    void apply_command(const Value& command);
    void apply_ended(const Value& ended);
    void apply_document(const Value& entry);
    void apply_answered(const std::string& doc_id, const std::string& status);

    std::string folder_;
    std::unique_ptr<exchange::Diary> diary_;
    std::string install_id_;
    std::optional<Enrolment> enrolment_;
    std::optional<Sale> sale_;
    std::deque<Value> queue_;
    std::vector<std::string> tasks_;
    std::int64_t next_seq_ = 1;
    std::int64_t last_sale_ = 0;
    std::int64_t sold_ = 0;
    std::int64_t abandoned_ = 0;
    std::int64_t set_aside_ = 0;
};

}  // namespace tillhost::simulators::apps
