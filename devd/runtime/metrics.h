#pragma once

#include <cstdint>
#include <string>

#include "devd/core/figures.h"
#include "devd/runtime/latency_histogram.h"
#include "devd/runtime/network.h"
#include "devd/runtime/sqlite_store.h"

namespace tillhost::devd::runtime {

/// What the loop knows of itself.
struct LoopFigures {
    /// How late the core's timers came: what a client waits for beside its device.
    LatencyHistogram::Counts lag{};
    std::uint64_t scrapes = 0;          ///< answers of the listener
    std::uint64_t scrapes_refused = 0;  ///< connections it ended without one
};

/// Everything countable in Prometheus' text format 0.0.4: names tillhost_…, units in the name
/// (_seconds, _bytes), counters ending in _total. A series for each device and state that has
/// anything to tell. What each means and when it should wake somebody: docs/operation.md.
std::string metrics_text(const core::Figures& core, const SqliteStore::Figures& store,
                         const LoopFigures& loop, const NetworkFigures& network = {});

}  // namespace tillhost::devd::runtime
