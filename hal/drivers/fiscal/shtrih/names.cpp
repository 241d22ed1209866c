#include <algorithm>
#include <iterator>

#include "hal/drivers/fiscal/shtrih/protocol.h"

namespace tillhost::drivers::shtrih {
namespace {

struct Name {
    Command command;
    std::string_view text;
};

constexpr Name kNames[] = {
    {Command::short_status, "short status"},
    {Command::full_status, "full status"},
    {Command::print_line, "print line"},
    {Command::cash_register, "read cash register"},
    {Command::operation_register, "read operation register"},
    {Command::write_table, "write table"},
    {Command::read_table, "read table"},
    {Command::set_time, "set time"},
    {Command::set_date, "set date"},
    {Command::confirm_date, "confirm date"},
    {Command::cut_paper, "cut paper"},
    {Command::font_metrics, "font metrics"},
    {Command::open_drawer, "open drawer"},
    {Command::feed_paper, "feed paper"},
    {Command::table_structure, "structure of a table"},
    {Command::field_structure, "structure of a field"},
    {Command::print_font_line, "print line in a font"},
    {Command::x_report, "X report"},
    {Command::z_report, "close shift"},
    {Command::cash_in, "cash in"},
    {Command::cash_out, "cash out"},
    {Command::error_text, "text of an error"},
    {Command::cancel_document, "cancel document"},
    {Command::subtotal, "subtotal"},
    {Command::print_copy, "print copy"},
    {Command::open_document, "open document"},
    {Command::continue_printing, "continue printing"},
    {Command::print_ean13, "print EAN-13"},
    {Command::print_graphic_line, "print graphic line"},
    {Command::print_bars, "print barcode"},
    {Command::load_data, "load data"},
    {Command::print_square_code, "print two-dimensional code"},
    {Command::open_shift, "open shift"},
    {Command::model_parameters, "model parameters"},
    {Command::device_type, "device type"},
    {Command::storage_status, "storage status"},
    {Command::storage_number, "storage number"},
    {Command::storage_expiry, "storage expiry"},
    {Command::storage_version, "storage version"},
    {Command::cancel_in_storage, "cancel document in the storage"},
    {Command::registration, "registration"},
    {Command::find_document, "find document"},
    {Command::open_shift_in_storage, "open shift in the storage"},
    {Command::document_tag, "tag of the document"},
    {Command::begin_correction, "begin correction"},
    {Command::exchange_status, "exchange status"},
    {Command::unconfirmed_count, "count of unconfirmed documents"},
    {Command::shift_state, "shift state"},
    {Command::begin_opening_shift, "begin opening shift"},
    {Command::begin_closing_shift, "begin closing shift"},
    {Command::close_shift_in_storage, "close shift in the storage"},
    {Command::close_document, "close document"},
    {Command::position, "position"},
    {Command::correction, "correction"},
    {Command::operation_tag, "tag of the position"},
    {Command::check_marking, "check marking code"},
    {Command::bind_marking, "bind marking code"},
    {Command::accept_marking, "accept marking code"},
};

}  // namespace

std::string_view name_of(Command command) {
    const auto* const found =
        std::find_if(std::begin(kNames), std::end(kNames),
                     [&](const Name& name) { return name.command == command; });
    return found == std::end(kNames) ? "unknown command" : found->text;
}

}  // namespace tillhost::drivers::shtrih
