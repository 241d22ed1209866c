#include "simulators/payment/zvt/terminal.h"
#include "tests/conformance/terminal_world.h"

namespace tillhost::conformance {
namespace {

using simulators::zvt::Policy;
using simulators::zvt::ZvtOptions;

auto zvt(ZvtOptions options) {
    return [options] { return MUST(simulators::zvt::make_zvt_terminal(options)); };
}

/// The drivers and how each of them is tried; a new one adds a line.
std::vector<TerminalSubject> make_list() {
    const auto* const zvt_driver = drivers::find("payment/zvt");
    return {
        {"zvt", zvt_driver, {}, true, true, false, zvt({})},
        {"zvt_open", zvt_driver, {{"keep_open", "yes"}}, true, false, false, zvt({})},
        {"zvt_keeps", zvt_driver, {}, true, false, true, zvt({.policy = Policy::keep})},
        {"zvt_declines", zvt_driver, {}, true, false, false, zvt({.policy = Policy::decline})},
        {"zvt_serial", zvt_driver, {{"link", "serial"}}, false, true, false, zvt({.tcp = false})},
        {"zvt_serial_keeps",
         zvt_driver,
         {{"link", "serial"}},
         false,
         false,
         true,
         zvt({.tcp = false, .policy = Policy::keep})},
        {"manual", drivers::find("payment/manual")},
    };
}

}  // namespace

const std::vector<TerminalSubject>& terminal_subjects() {
    static const std::vector<TerminalSubject> list = [] {
        std::vector<TerminalSubject> with_line = make_list();
        std::erase_if(with_line, [](const auto& subject) { return !subject.make_device; });
        return with_line;
    }();
    return list;
}

std::vector<TerminalSubject> terminals_without_line() {
    std::vector<TerminalSubject> without = make_list();
    std::erase_if(without, [](const auto& subject) { return subject.make_device != nullptr; });
    return without;
}

}  // namespace tillhost::conformance
