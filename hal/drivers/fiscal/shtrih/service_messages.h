#pragma once

#include <array>
#include <string>

#include "hal/drivers/fiscal/shtrih/protocol.h"

namespace tillhost::drivers::shtrih {

// Messages of commands that move no money: printing, tables, clock, storage. As protocol.h.

// --- printing -----------------------------------------------------------------------------------

/// C2h: the first 12 digits of an EAN-13 as a number; the device adds the thirteenth.
base::Bytes ean13_request(Password password, std::uint64_t first_12_digits);

/// CBh: a barcode that the printer draws. Types: 0 UPC-A, 2 EAN-13, 3 EAN-8, 4 code 39, 5 ITF,
/// 6 Codabar, 8 code 128, 10 PDF417.
struct BarsFields {
    std::uint8_t height = 0;      ///< dots
    std::uint8_t bar_width = 0;   ///< dots
    std::uint8_t text_place = 0;  ///< 0 none, 2 below
    std::uint8_t text_font = 0;
    std::uint8_t type = 0;
    base::Bytes data{};  ///< 1 to kBarsBytesMax
};
inline constexpr std::size_t kBarsBytesMax = 48;
base::Bytes bars_request(Password password, const BarsFields& bars);

/// DDh: a block of data for DEh, filled up with zeros.
inline constexpr std::size_t kBlockBytes = 64;
inline constexpr std::size_t kBlocksMax = 128;
base::Bytes load_data_request(Password password, std::uint8_t block, base::ByteView data);

/// DEh: a two-dimensional code of the data in the blocks from 0. Types: 0 PDF417, 1 Data Matrix,
/// 2 Aztec, 3 QR (parameters: version, mask, dots, unused, correction 0…3).
struct SquareCodeFields {
    std::uint8_t type = 3;
    std::uint16_t data_bytes = 0;
    std::array<std::uint8_t, 5> parameters{};
    std::uint8_t alignment = 1;  ///< 0 left, 1 centre, 2 right
};
base::Bytes square_code_request(Password password, const SquareCodeFields& code);

/// C5h: one line of dots, printed `repeats` times.
base::Bytes graphic_line_request(Password password, std::uint16_t repeats, base::ByteView dots);

/// 26h.
base::Bytes font_metrics_request(Password password, std::uint8_t font);
struct FontMetrics {
    std::uint16_t line_dots = 0;  ///< width of the paper
    std::uint8_t char_dots = 0;   ///< width of a character with its gap
    std::uint8_t fonts = 0;       ///< how many there are
};
base::Result<FontMetrics> read_font_metrics(base::ByteView body);

// --- tables, clock, registers -------------------------------------------------------------------

/// 2Dh and 2Eh.
base::Bytes table_structure_request(Password password, std::uint8_t table);
struct TableStructure {
    std::string name;  ///< UTF-8
    std::uint16_t rows = 0;
    std::uint8_t fields = 0;
};
base::Result<TableStructure> read_table_structure(base::ByteView body);
base::Bytes field_structure_request(Password password, std::uint8_t table, std::uint8_t field);
struct FieldStructure {
    std::string name;  ///< UTF-8
    bool text = false;
    std::uint8_t bytes = 0;
    std::uint64_t min = 0;  ///< of a number
    std::uint64_t max = 0;
};
base::Result<FieldStructure> read_field_structure(base::ByteView body);

/// 21h; 22h and 23h.
base::Bytes set_time_request(Password password, const DateTime& time);
base::Bytes date_request(Command command, Password password, const DateTime& time);

/// 1Ah and 1Bh of registers above 255, which some models have.
base::Bytes long_register_request(Command command, Password password, std::uint16_t number);

// --- storage ------------------------------------------------------------------------------------

/// FF03h: last day of the storage. Errors: frame_damaged; unexpected_answer if it is no day of the
/// calendar.
base::Result<DateTime> read_storage_expiry(base::ByteView body);
/// FF04h: its version.
base::Result<std::string> read_storage_version(base::ByteView body);
/// FF09h.
struct Registration {
    std::string tax_id;            ///< without filling
    std::string number;            ///< RNM, without filling
    std::uint8_t tax_systems = 0;  ///< bits as in FF45h
};
base::Result<Registration> read_registration(base::ByteView body);
/// FF3Fh.
base::Result<std::uint16_t> read_unconfirmed_count(base::ByteView body);

// --- marking codes ------------------------------------------------------------------------------

/// FF61h: `plan` is tag 2003, `tags` what the check wants to know of a measured item.
base::Bytes check_marking_request(Password password, std::uint8_t plan, base::ByteView code,
                                  base::ByteView tags);
struct MarkingAnswer {
    std::uint8_t local_result = 0;  ///< bit 0 checked, bit 1 found right, by the storage alone
    std::uint8_t reason = 0;        ///< why it was not checked; 0: it was
    std::optional<std::uint8_t> result{};  ///< tag 2106
};
base::Result<MarkingAnswer> read_marking_answer(base::ByteView body);
/// FF69h; what is not accepted is dropped.
base::Bytes accept_marking_request(Password password, bool accept);
/// FF69h: tag 2106, nothing where the device does not tell.
std::optional<std::uint8_t> read_marking_decision(base::ByteView body);
/// FF67h.
base::Bytes bind_marking_request(Password password, base::ByteView code);

}  // namespace tillhost::drivers::shtrih
