#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tillhost::devd::runtime {

/// A request longer than this is refused: a watcher's is some two hundred bytes.
inline constexpr std::size_t kMetricsRequestBytesMax = 4096;

enum class MetricsRequest : std::uint8_t {
    incomplete,  ///< read on
    figures,     ///< GET /metrics
    no_such_page,
    wrong_method,
    malformed,
};

/// What the bytes received so far ask for. Total: any bytes have an answer.
MetricsRequest read_metrics_request(std::string_view bytes);

/// The whole answer, HTTP/1.0: head and body; the connection ends behind it.
std::string metrics_answer(MetricsRequest request, std::string_view figures);

}  // namespace tillhost::devd::runtime
