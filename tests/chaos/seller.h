#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ipc/client/cpp/client.h"

namespace tillhost::chaos {

/// One sale as the till knows it: every id it used, and what it was told of the last one.
struct Sale {
    std::int64_t total_minor = 0;
    std::vector<base::OperationId> ids;
    contract::OperationState told = contract::OperationState::unspecified;
    std::int64_t document_number = 0;
    std::int64_t sign = 0;
};

/// What a person in the shop can see: the documents in the registrar's memory.
class Paper {
public:
    virtual ~Paper() = default;
    /// The number of the receipt with that total; 0 if there is none. Errors: the registrar is off.
    virtual base::Result<std::int64_t> number_of(std::int64_t total_minor) = 0;
};

/// A till that sells one receipt after the other, each with a total of its own, and never lets go
/// of one before it knows what became of it.
class Seller final {
public:
    Seller(std::string endpoint, std::string device, os::Clock& clock, Paper& paper)
        : endpoint_(std::move(endpoint)),
          device_(std::move(device)),
          clock_(clock),
          paper_(paper) {}

    /// Opens the shift. Errors: whatever keeps it from being open.
    base::Done open_shift();
    /// Sells `count` receipts. Errors: a sale that no patience brought to an end.
    base::Done sell(int count);

    const std::vector<Sale>& sales() const { return sales_; }
    int sold() const { return sold_.load(); }
    int doubts_decided() const { return doubts_decided_; }
    int renewed() const { return renewed_; }
    /// All operations as the book has them, newest first. Waits for a devd that is starting.
    /// Errors: the client's.
    base::Result<std::vector<contract::Operation>> book();

private:
    base::Result<client::Client*> client();
    /// The same; waits for a devd that is starting.
    base::Result<client::Client*> client_by(os::Deadline deadline);
    base::Done sell_one(Sale& sale);
    base::Result<contract::Operation> to_the_end(const Sale& sale, const base::OperationId& id);
    base::Result<contract::Operation> hand_over(const Sale& sale, const base::OperationId& id);
    void decide(const Sale& sale, const contract::Operation& doubt);

    std::string endpoint_;
    std::string device_;
    os::Clock& clock_;
    Paper& paper_;
    std::unique_ptr<client::Client> client_;
    std::vector<Sale> sales_;
    std::atomic<int> sold_{0};
    int doubts_decided_ = 0;
    int renewed_ = 0;
};

}  // namespace tillhost::chaos
