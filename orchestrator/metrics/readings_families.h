#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "orchestrator/metrics/process_memory.h"
#include "orchestrator/metrics/readings.h"
#include "prometheus/metric_family.h"

namespace orch {

// `readings` as Prometheus has them. `label` says what a pool is called; readings that have the
// same labels are added up. `memory` is that of the machines' processes. Pure.
std::vector<prometheus::MetricFamily> ReadingsFamilies(
    const Readings& readings, const ProcessMemory::Total& memory,
    const std::function<std::string(absl::string_view pool)>& label);

}  // namespace orch
