#include "sumpd/runtime/figures_page.h"

#include "sumpd/maintenance/metrics.h"

namespace tillhost::sumpd::runtime {

http::Response FiguresPage::answer(const http::Request& request) {
    const bool is_metrics = request.path == "/metrics";
    if (!http::is_safe(request.method) || (!is_metrics && request.path != "/health")) {
        return http::plain_answer(404, "see /metrics and /health");
    }
    const auto facts = maintenance_.facts();
    if (!facts) {
        return http::plain_answer(503, facts.error().message);
    }
    const std::int64_t now_ms = clock_.unix_ms();
    if (is_metrics) {
        return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
                .body = maintenance::metrics_text(*facts, version_, now_ms)};
    }
    const auto alarms = maintenance::alarms_of(*facts, now_ms);
    const bool act = !alarms.empty() && alarms.front().grave == maintenance::Grave::act;
    return {.status = act ? 503 : 200,
            .content_type = "application/json",
            .body = maintenance::health_json(alarms, version_)};
}

}  // namespace tillhost::sumpd::runtime
