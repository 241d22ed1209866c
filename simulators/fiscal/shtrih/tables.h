#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "hal/base/bytes.h"
#include "simulators/fiscal/shtrih/memory.h"
#include "simulators/fiscal/shtrih/options.h"
#include "simulators/fiscal/shtrih/refusal.h"

namespace tillhost::simulators::shtrih {

/// The settings of the device: tables of rows and fields, numbered from 1 ("KKT with FN protocol
/// v1.17", commands 1Eh, 1Fh, 2Dh, 2Eh; the fields' meaning from the vendor's setup manual).

struct TableShape {
    std::string name;
    std::uint16_t rows = 0;
    std::uint8_t fields = 0;
};

struct FieldShape {
    std::string name;
    bool text = false;  ///< CHAR, else BIN
    std::uint8_t bytes = 1;
    std::uint64_t max = 255;  ///< BIN only, as min
    bool read_only = false;
    std::uint64_t min = 0;
};

/// Where a field stands.
struct FieldPlace {
    std::uint8_t table;
    std::uint16_t row;
    std::uint8_t field;
};

template <class T>
using OrRefusal = std::variant<Refusal, T>;

/// no_table if there is none of that number.
OrRefusal<TableShape> table_shape(std::uint8_t table);
OrRefusal<FieldShape> field_shape(std::uint8_t table, std::uint8_t field);

/// The tables of one device: what the memory holds, else what it left the shop with.
class Tables final {
public:
    Tables(const ShtrihOptions& options, Memory& memory) : options_(options), memory_(memory) {}

    /// The field's bytes, of the field's size. no_table if the place does not exist.
    OrRefusal<base::Bytes> read(FieldPlace place) const;
    /// A shorter value is filled with zeros. Refuses read_only, bad_length (longer than the field),
    /// bad_parameters (outside the field's bounds), wrong_mode (table 6 in an open shift).
    Refusal write(FieldPlace place, base::ByteView value);

    std::uint64_t number(FieldPlace place) const;  ///< 0 if the place does not exist
    std::string text(FieldPlace place) const;      ///< UTF-8

    /// Operator (1 to 30) of a password; 0 if nobody has it.
    std::uint8_t operator_of(std::uint32_t password) const;
    std::string operator_name(std::uint8_t index) const {
        return text({.table = 2, .row = index, .field = 2});
    }

private:
    base::Bytes factory_value(FieldPlace place, const FieldShape& shape) const;
    std::string factory_text(FieldPlace place) const;
    std::uint64_t factory_number(FieldPlace place) const;

    const ShtrihOptions& options_;
    Memory& memory_;
};

}  // namespace tillhost::simulators::shtrih
