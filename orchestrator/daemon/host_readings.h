#pragma once

#include <memory>

#include "orchestrator/browser/browser_host.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/metrics/metrics.h"
#include "orchestrator/pool/pool_registry.h"

namespace orch {

// Lets `metrics` read every gauge from those who keep what it tells, while the registration lives.
// A reading asks the driver once, lists directories and takes a few mutexes: milliseconds. All must
// outlive the registration.
std::unique_ptr<CollectorRegistration> AddHostReadings(Metrics& metrics, VmDriver& driver,
                                                       BrowserHost& browsers, PoolRegistry& pools);

// What a pool is called in metrics: its name, or its id when it has none.
const std::string& MetricsNameOf(const Pool& pool);

}  // namespace orch
