#pragma once

#include <cstdint>
#include <string_view>

namespace tillhost::simulators::shtrih {

/// The error byte of an answer ("KKT with FN protocol v1.17", table of error codes).
enum class Refusal : std::uint8_t {
    ok = 0x00,
    fn_wrong_state = 0x02,
    fn_life_over = 0x05,
    fn_archive_full = 0x06,
    fn_no_data = 0x08,
    fn_bad_parameter = 0x09,
    fn_tag_too_long = 0x10,
    fn_unsent_too_long = 0x15,
    fn_time_gap = 0x17,
    fn_message_refused = 0x20,
    fn_silent = 0x30,
    bad_parameters = 0x33,
    no_data = 0x34,
    not_supported = 0x37,
    payments_below_total = 0x45,
    not_enough_cash = 0x46,
    wrong_receipt_type = 0x49,
    noncash_above_total = 0x4D,
    shift_expired = 0x4E,
    wrong_password = 0x4F,
    still_printing = 0x50,
    receipt_closed = 0x55,
    nothing_to_repeat = 0x56,
    waits_for_continue = 0x58,
    other_operator = 0x59,
    no_table = 0x5D,
    bad_operation = 0x5E,
    negative_total = 0x5F,
    multiply_overflow = 0x60,
    bad_price = 0x61,
    bad_quantity = 0x62,
    bad_department = 0x63,
    no_paper = 0x6B,
    wrong_submode = 0x72,
    wrong_mode = 0x73,
    read_only = 0x7A,
    date_differs = 0x7C,
    date_format = 0x7D,
    bad_length = 0x7E,
    total_overflow = 0x7F,
    zero_total = 0x8E,
    too_many_operations = 0x94,
    marks_sequence = 0xA1,
    marks_too_many = 0xA3,
    mark_unchecked = 0xA5,
};

/// The text that command 6Bh gives, UTF-8; a general one for a number without a row.
std::string_view text_of_error(std::uint8_t number);

}  // namespace tillhost::simulators::shtrih
