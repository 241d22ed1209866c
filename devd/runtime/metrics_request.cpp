#include "devd/runtime/metrics_request.h"

#include <fmt/format.h>

namespace tillhost::devd::runtime {

MetricsRequest read_metrics_request(std::string_view bytes) {
    const std::size_t line_end = bytes.find('\n');
    const bool whole = bytes.find("\r\n\r\n") != std::string_view::npos ||
                       bytes.find("\n\n") != std::string_view::npos;
    if (!whole || line_end == std::string_view::npos) {
        return bytes.size() >= kMetricsRequestBytesMax ? MetricsRequest::malformed
                                                       : MetricsRequest::incomplete;
    }
    std::string_view line = bytes.substr(0, line_end);
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    const std::size_t method_end = line.find(' ');
    const std::size_t path_end = line.rfind(' ');
    if (method_end == std::string_view::npos || path_end <= method_end ||
        !line.substr(path_end + 1).starts_with("HTTP/1.")) {
        return MetricsRequest::malformed;
    }
    if (line.substr(0, method_end) != "GET") {
        return MetricsRequest::wrong_method;
    }
    std::string_view path = line.substr(method_end + 1, path_end - method_end - 1);
    path = path.substr(0, path.find('?'));
    return path == "/metrics" ? MetricsRequest::figures : MetricsRequest::no_such_page;
}

std::string metrics_answer(MetricsRequest request, std::string_view figures) {
    std::string_view status = "400 Bad Request";
    std::string_view body = "not a request\n";
    if (request == MetricsRequest::figures) {
        status = "200 OK";
        body = figures;
    } else if (request == MetricsRequest::no_such_page) {
        status = "404 Not Found";
        body = "only /metrics is here\n";
    } else if (request == MetricsRequest::wrong_method) {
        status = "405 Method Not Allowed";
        body = "only GET is understood\n";
    }
    return fmt::format(
        "HTTP/1.0 {}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
        status, body.size(), body);
}

}  // namespace tillhost::devd::runtime
