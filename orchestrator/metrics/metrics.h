#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/metrics/collectors.h"

namespace prometheus {
struct MetricFamily;
}  // namespace prometheus

namespace orch {

class OperationSeries;
class PoolSeries;
class ProcessMemory;
class RpcSeries;

// What the daemon counts and measures, for Prometheus; README.md beside this file lists it. Those
// who do something record it here, those who keep something add a collector. Made by daemon/;
// whoever is given it must be gone before it. Thread-safe; recording takes about a microsecond and
// never blocks.
//
// Every operation is recorded when it ends, however it ends: `code` is that of its status and
// becomes a label, so the successes of an operation are its `code="OK"`.
//
// Labels are bounded: pools are those of AddPool, at most PoolSeries::kMaxPools, and methods those
// of Options; what is neither is counted together as "(other)".
class Metrics {
 public:
  // What is served, as labels of orchestrator_build_info.
  struct Build {
    std::string version;
    std::string driver;
    std::string hypervisor_version;
    std::string library_version;
    std::string accelerator;
    std::string transport;
  };

  struct Options {
    Build build;
    absl::Time started_at;
    // Every RPC method of the server: "/package.Service/Method".
    std::vector<std::string> rpc_methods;
  };

  Metrics(const Options& options, const Clock& clock);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // From power-on until the guest was ready, or had failed.
  void RecordBoot(absl::StatusCode code, absl::Duration duration);
  // Until a new machine waits for a state.
  void RecordShellStart(absl::StatusCode code, absl::Duration duration);
  // From taking a shell until it has the state of a template, or of a fork's source.
  void RecordClone(absl::StatusCode code, absl::Duration duration);
  // From the making of its files until the template is in the catalogue.
  void RecordTemplateBuild(absl::StatusCode code, absl::Duration duration);

  // Into standby: the machine was paused, and stays.
  void RecordPausedStandby(absl::StatusCode code, absl::Duration duration);
  // Into standby: the machine was saved and ended.
  void RecordDiskStandby(absl::StatusCode code, absl::Duration duration);
  // What the memory of one such standby takes on disk, and how much of it differs from the
  // template's.
  void RecordStandbySize(uint64_t bytes, uint64_t dirty_bytes);
  // Out of standby, until the guest can be called.
  void RecordPausedWake(absl::StatusCode code, absl::Duration duration);
  void RecordDiskWake(absl::StatusCode code, absl::Duration duration);

  // A pool exists from now on; call for each pool at start, too. `pool` is its name, or its id when
  // it has none. Idempotent.
  void AddPool(absl::string_view pool);
  // A pool was deleted or renamed: its series are dropped.
  void RemovePool(absl::string_view pool);
  // From the call until its answer. OK: it got a browser.
  void RecordAcquire(absl::string_view pool, absl::StatusCode code, absl::Duration wait);
  void RecordRefillFailure(absl::string_view pool);

  // An RPC arrived, and its status was sent: both, in this order, for each. `method` as in Options.
  void RecordRpcStart(absl::string_view method);
  void RecordRpcEnd(absl::string_view method, absl::StatusCode code, absl::Duration duration);

  // Asks `collector` at each scrape while the registration lives. See Collectors.
  [[nodiscard]] std::unique_ptr<CollectorRegistration> AddCollector(
      Collectors::Collector collector) {
    return collectors_.Add(std::move(collector));
  }

  // Everything as it is now. Asks the collectors and reads /proc: blocks for milliseconds.
  std::vector<prometheus::MetricFamily> Collect() const;

  // Collect() in Prometheus' text format.
  std::string Text() const;

 private:
  class Series;

  const std::unique_ptr<Series> series_;
  const std::unique_ptr<ProcessMemory> process_memory_;
  Collectors collectors_;
};

}  // namespace orch
