#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/metrics/code_histogram.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"

namespace orch {

// The series that have an RPC's method as a label. Only the methods that exist become labels; what
// else a client calls is counted together as "(other)". Thread-safe, without a lock. `registry`
// must outlive it.
class RpcSeries {
 public:
  // `methods` are paths as gRPC has them, "/package.Service/Method"; the label is without the
  // slash.
  RpcSeries(prometheus::Registry& registry, const std::vector<std::string>& methods);
  ~RpcSeries();

  void Start(absl::string_view method);
  void End(absl::string_view method, absl::StatusCode code, absl::Duration duration);

 private:
  class OneMethod;

  OneMethod& Find(absl::string_view method);

  CodeHistogram::Family& durations_;
  prometheus::Family<prometheus::Gauge>& in_progress_;
  const std::unique_ptr<OneMethod> other_;
  // Fixed from the start.
  absl::flat_hash_map<std::string, std::unique_ptr<OneMethod>> methods_;
};

}  // namespace orch
