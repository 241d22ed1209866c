#include "hal/transport/serial_port.h"

#include <fmt/format.h>
#include <libserialport.h>

#include <memory>

namespace tillhost::transport {
namespace {

struct PortCloser {
    void operator()(sp_port* port) const {
        ::sp_close(port);  // says SP_ERR_ARG for one that never opened; nothing to do
        ::sp_free_port(port);
    }
};

base::Error failed(const std::string& path, const char* step, sp_return code) {
    std::string reason = "not a serial port of this system";
    if (code == SP_ERR_FAIL) {
        char* text = ::sp_last_error_message();
        reason = text == nullptr ? "unknown" : text;
        ::sp_free_error_message(text);
    } else if (code == SP_ERR_SUPP) {
        reason = "not supported by this port";
    }
    return base::make_error(base::ErrorCode::port_failed,
                            fmt::format("{}: {}: {}", path, step, reason));
}

sp_flowcontrol flow_control(FlowControl flow) {
    switch (flow) {
        case FlowControl::none: return SP_FLOWCONTROL_NONE;
        case FlowControl::xonxoff: return SP_FLOWCONTROL_XONXOFF;
        case FlowControl::rtscts: return SP_FLOWCONTROL_RTSCTS;
    }
    return SP_FLOWCONTROL_NONE;
}

}  // namespace

base::Done configure_serial_port(const std::string& real_path, std::int64_t baud,
                                 FlowControl flow) {
    sp_port* found = nullptr;
    if (const sp_return code = ::sp_get_port_by_name(real_path.c_str(), &found); code != SP_OK) {
        return failed(real_path, "look-up", code);
    }
    const std::unique_ptr<sp_port, PortCloser> port(found);
    if (const sp_return code = ::sp_open(found, SP_MODE_READ_WRITE); code != SP_OK) {
        return failed(real_path, "open", code);
    }
    if (const sp_return code = ::sp_set_baudrate(found, static_cast<int>(baud)); code != SP_OK) {
        return failed(real_path, "speed", code);
    }
    if (const sp_return code = ::sp_set_bits(found, 8); code != SP_OK) {
        return failed(real_path, "data bits", code);
    }
    if (const sp_return code = ::sp_set_parity(found, SP_PARITY_NONE); code != SP_OK) {
        return failed(real_path, "parity", code);
    }
    if (const sp_return code = ::sp_set_stopbits(found, 1); code != SP_OK) {
        return failed(real_path, "stop bits", code);
    }
    const sp_return code = ::sp_set_flowcontrol(found, flow_control(flow));
    return code == SP_OK ? base::Done{} : base::Done{failed(real_path, "flow control", code)};
}

}  // namespace tillhost::transport
