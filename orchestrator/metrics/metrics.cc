#include "orchestrator/metrics/metrics.h"

#include <iterator>
#include <utility>

#include "orchestrator/metrics/operation_series.h"
#include "orchestrator/metrics/pool_series.h"
#include "orchestrator/metrics/process_memory.h"
#include "orchestrator/metrics/readings_families.h"
#include "orchestrator/metrics/rpc_series.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace orch {

// The registry and what is in it, in one place because they need its lifetime.
class Metrics::Series {
 public:
  explicit Series(const Options& options)
      : operations(registry), pools(registry), rpcs(registry, options.rpc_methods) {
    const Build& build = options.build;
    prometheus::BuildGauge()
        .Name("orchestrator_build_info")
        .Help("1, with what is running as labels")
        .Register(registry)
        .Add({{"version", build.version},
              {"driver", build.driver},
              {"hypervisor_version", build.hypervisor_version},
              {"library_version", build.library_version},
              {"accelerator", build.accelerator},
              {"transport", build.transport}})
        .Set(1);
    prometheus::BuildGauge()
        .Name("orchestrator_start_time_seconds")
        .Help("When the daemon started, in seconds since 1970")
        .Register(registry)
        .Add({})
        .Set(absl::ToDoubleSeconds(options.started_at - absl::UnixEpoch()));
  }

  prometheus::Registry registry;
  OperationSeries operations;
  PoolSeries pools;
  RpcSeries rpcs;
};

Metrics::Metrics(const Options& options, const Clock& clock)
    : series_(std::make_unique<Series>(options)),
      process_memory_(std::make_unique<ProcessMemory>(ProcessMemory::Options(), clock)) {}

Metrics::~Metrics() = default;

void Metrics::RecordBoot(absl::StatusCode code, absl::Duration duration) {
  series_->operations.boots().Observe(code, duration);
}

void Metrics::RecordShellStart(absl::StatusCode code, absl::Duration duration) {
  series_->operations.shell_starts().Observe(code, duration);
}

void Metrics::RecordClone(absl::StatusCode code, absl::Duration duration) {
  series_->operations.clones().Observe(code, duration);
}

void Metrics::RecordTemplateBuild(absl::StatusCode code, absl::Duration duration) {
  series_->operations.template_builds().Observe(code, duration);
}

void Metrics::RecordPausedStandby(absl::StatusCode code, absl::Duration duration) {
  series_->operations.paused_standbys().Observe(code, duration);
}

void Metrics::RecordDiskStandby(absl::StatusCode code, absl::Duration duration) {
  series_->operations.disk_standbys().Observe(code, duration);
}

void Metrics::RecordStandbySize(uint64_t bytes, uint64_t dirty_bytes) {
  series_->operations.ObserveStandbySize(bytes, dirty_bytes);
}

void Metrics::RecordPausedWake(absl::StatusCode code, absl::Duration duration) {
  series_->operations.paused_wakes().Observe(code, duration);
}

void Metrics::RecordDiskWake(absl::StatusCode code, absl::Duration duration) {
  series_->operations.disk_wakes().Observe(code, duration);
}

void Metrics::AddPool(absl::string_view pool) { series_->pools.Add(pool); }

void Metrics::RemovePool(absl::string_view pool) { series_->pools.Remove(pool); }

void Metrics::RecordAcquire(absl::string_view pool, absl::StatusCode code, absl::Duration wait) {
  series_->pools.ObserveAcquire(pool, code, wait);
}

void Metrics::RecordRefillFailure(absl::string_view pool) {
  series_->pools.CountRefillFailure(pool);
}

void Metrics::RecordRpcStart(absl::string_view method) { series_->rpcs.Start(method); }

void Metrics::RecordRpcEnd(absl::string_view method, absl::StatusCode code,
                           absl::Duration duration) {
  series_->rpcs.End(method, code, duration);
}

std::vector<prometheus::MetricFamily> Metrics::Collect() const {
  const Readings readings = collectors_.Collect();
  std::vector<prometheus::MetricFamily> families =
      ReadingsFamilies(readings, process_memory_->Measure(readings.vm_pids),
                       [this](absl::string_view pool) { return series_->pools.Label(pool); });
  std::vector<prometheus::MetricFamily> recorded = series_->registry.Collect();
  families.insert(families.end(), std::make_move_iterator(recorded.begin()),
                  std::make_move_iterator(recorded.end()));
  return families;
}

std::string Metrics::Text() const { return prometheus::TextSerializer().Serialize(Collect()); }

}  // namespace orch
