#include "simulators/printer/escpos/printer.h"
#include "tests/conformance/printer_world.h"

namespace tillhost::conformance {
namespace {

using simulators::escpos::EscposOptions;
using simulators::escpos::Model;

auto escpos(EscposOptions options) {
    options.columns = simulators::escpos::kColumnsMax;
    return [options] { return MUST(simulators::escpos::make_escpos_printer(options)); };
}

/// The drivers and how each of them is tried; a new one adds a line.
std::vector<PrinterSubject> make_list() {
    const auto* const driver = drivers::find("printer/escpos");
    return {
        {"escpos", driver, {}, "full", true, true, true, escpos({})},
        {"escpos_shared", driver, {{"keep_open", "no"}}, "full", true, true, true, escpos({})},
        {"escpos_serial", driver, {}, "full", false, true, true, escpos({})},
        {"escpos_small_buffer", driver, {}, "full", true, true, true, escpos({.buffer_bytes = 64})},
        {"escpos_demoted",
         driver,
         {},
         "no_mark",
         true,
         true,
         false,
         escpos({.model = Model::no_mark})},
        {"escpos_basic",
         driver,
         {{"model", "basic"}},
         "no_mark",
         true,
         true,
         false,
         escpos({.model = Model::no_mark})},
        {"escpos_mute",
         driver,
         {{"model", "mute"}},
         "mute",
         true,
         false,
         false,
         escpos({.model = Model::mute})},
    };
}

}  // namespace

const std::vector<PrinterSubject>& printer_subjects() {
    static const std::vector<PrinterSubject> list = make_list();
    return list;
}

}  // namespace tillhost::conformance
