#include "hal/drivers/fiscal/shtrih/protocol.h"

namespace tillhost::drivers::shtrih {

std::string_view name_of(Command command) {
    switch (command) {
        case Command::short_status: return "short status";
        case Command::full_status: return "full status";
        case Command::print_line: return "print line";
        case Command::cash_register: return "read cash register";
        case Command::operation_register: return "read operation register";
        case Command::write_table: return "write table";
        case Command::read_table: return "read table";
        case Command::set_time: return "set time";
        case Command::set_date: return "set date";
        case Command::confirm_date: return "confirm date";
        case Command::cut_paper: return "cut paper";
        case Command::font_metrics: return "font metrics";
        case Command::open_drawer: return "open drawer";
        case Command::feed_paper: return "feed paper";
        case Command::table_structure: return "structure of a table";
        case Command::field_structure: return "structure of a field";
        case Command::print_font_line: return "print line in a font";
        case Command::x_report: return "X report";
        case Command::z_report: return "close shift";
        case Command::cash_in: return "cash in";
        case Command::cash_out: return "cash out";
        case Command::error_text: return "text of an error";
        case Command::cancel_document: return "cancel document";
        case Command::subtotal: return "subtotal";
        case Command::print_copy: return "print copy";
        case Command::open_document: return "open document";
        case Command::continue_printing: return "continue printing";
        case Command::print_ean13: return "print EAN-13";
        case Command::print_graphic_line: return "print graphic line";
        case Command::print_bars: return "print barcode";
        case Command::load_data: return "load data";
        case Command::print_square_code: return "print two-dimensional code";
        case Command::open_shift: return "open shift";
        case Command::model_parameters: return "model parameters";
        case Command::device_type: return "device type";
        case Command::storage_status: return "storage status";
        case Command::storage_number: return "storage number";
        case Command::storage_expiry: return "storage expiry";
        case Command::storage_version: return "storage version";
        case Command::cancel_in_storage: return "cancel document in the storage";
        case Command::registration: return "registration";
        case Command::find_document: return "find document";
        case Command::open_shift_in_storage: return "open shift in the storage";
        case Command::document_tag: return "tag of the document";
        case Command::begin_correction: return "begin correction";
        case Command::exchange_status: return "exchange status";
        case Command::unconfirmed_count: return "count of unconfirmed documents";
        case Command::shift_state: return "shift state";
        case Command::begin_opening_shift: return "begin opening shift";
        case Command::begin_closing_shift: return "begin closing shift";
        case Command::close_shift_in_storage: return "close shift in the storage";
        case Command::close_document: return "close document";
        case Command::position: return "position";
        case Command::correction: return "correction";
        case Command::operation_tag: return "tag of the position";
        case Command::check_marking: return "check marking code";
        case Command::bind_marking: return "bind marking code";
        case Command::accept_marking: return "accept marking code";
    }
    return "unknown command";
}

}  // namespace tillhost::drivers::shtrih
