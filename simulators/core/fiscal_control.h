#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "simulators/core/simulator.h"

namespace tillhost::simulators {

enum class FiscalDocumentType : std::uint8_t {
    registration = 1,
    shift_open = 2,
    receipt = 3,
    shift_close = 5,
    settlement = 21,  ///< report on what the data operator has not confirmed
    correction = 31,
    cash_in = 101,   ///< not in the fiscal memory: number and sign are 0
    cash_out = 102,  ///< not in the fiscal memory: number and sign are 0
};

/// What a receipt does with the money.
enum class FiscalOperation : std::uint8_t { none, sale, sale_return, purchase, purchase_return };

/// One tag of a document or a line as it came: number and value, undecoded.
struct FiscalTag {
    std::uint16_t number = 0;
    base::Bytes value;
    bool operator==(const FiscalTag&) const = default;
};

struct FiscalLine {
    std::string name;
    std::int64_t quantity_micro = 0;
    std::int64_t price_minor = 0;
    std::int64_t sum_minor = 0;
    std::uint8_t vat_code = 0;  ///< as the family codes it
    std::uint8_t department = 0;
    std::uint8_t payment_method = 0;
    std::uint8_t item_type = 0;
    std::int64_t vat_minor = 0;  ///< within the sum
    std::vector<FiscalTag> tags{};
};

/// A document as it stands in the device's memory.
struct FiscalDocument {
    FiscalDocumentType type = FiscalDocumentType::receipt;
    FiscalOperation operation = FiscalOperation::none;
    std::uint32_t number = 0;         ///< in the fiscal memory
    std::uint32_t sign = 0;           ///< fiscal sign
    std::uint32_t device_number = 0;  ///< running number of the device
    std::uint16_t shift_number = 0;
    std::uint16_t receipt_number = 0;
    std::int64_t total_minor = 0;
    std::int64_t change_minor = 0;
    std::int64_t date_time_ms = 0;  ///< the device's own clock, milliseconds since 1970, no zone
    std::uint64_t tag = 0;          ///< only where the family has one
    std::string operator_name;
    std::vector<FiscalLine> lines;
    std::vector<std::int64_t> payments_minor;  ///< by the family's payment numbers, from 1

    std::uint8_t tax_system = 0;          ///< as the family codes it
    std::uint8_t correction_basis = 0;    ///< of a correction: 0 own initiative, 1 by order
    std::int64_t rounding_minor = 0;      ///< taken off the total
    std::int64_t discount_minor = 0;      ///< taken off the total, a surcharge is negative
    bool electronic_only = false;         ///< it was not printed on purpose
    std::vector<std::int64_t> vat_minor;  ///< by the family's VAT rates, from 1
    std::vector<FiscalTag> tags;          ///< of the document itself
};

/// Where the device stands, for people and for tests.
struct FiscalState {
    std::string serial;
    std::string fiscal_memory;
    std::string mode;  ///< in the family's words
    bool powered = true;
    bool paper = true;
    bool printing = false;
    bool document_open = false;
    bool shift_open = false;
    bool shift_expired = false;
    std::uint16_t shift_number = 0;
    std::uint16_t receipt_number = 0;
    std::uint32_t last_document_number = 0;
    std::uint32_t unsent_documents = 0;
    std::int64_t cash_minor = 0;
    std::int64_t clock_ms = 0;  ///< milliseconds since 1970, no zone
    std::uint64_t faults_fired = 0;
    std::string failure;  ///< why the simulator gave up (its memory cannot be written), else empty
};

/// The back door to a simulated registrar: what a person in the shop would see or do, and what only
/// the fiscal memory knows. Not reachable by the device's own line.
class FiscalControl {
public:
    virtual ~FiscalControl() = default;

    /// Every document of the memory, oldest first, cash movements among them.
    virtual const std::vector<FiscalDocument>& documents() const = 0;
    virtual FiscalState state() const = 0;
};

/// A registrar on a line: both faces of one object.
class FiscalSimulator : public Simulator, public FiscalControl {
public:
    const FiscalControl* fiscal() const final { return this; }
};

}  // namespace tillhost::simulators
