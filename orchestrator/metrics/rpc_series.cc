#include "orchestrator/metrics/rpc_series.h"

#include <atomic>

#include "absl/strings/strip.h"

namespace orch {
namespace {

// Seconds: from a call that the daemon answers from memory to streams that stay open.
const CodeHistogram::Bounds& RpcBounds() {
  static const CodeHistogram::Bounds bounds = {
      0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600};
  return bounds;
}

}  // namespace

// One method; its series are made when it is first called, because most never are.
class RpcSeries::OneMethod {
 public:
  OneMethod(RpcSeries& all, const std::string& label)
      : in_progress_family_(all.in_progress_),
        labels_{{"method", label}},
        durations_(all.durations_, labels_, RpcBounds()) {}

  void Start() { in_progress().Increment(); }
  void End(absl::StatusCode code, absl::Duration duration) {
    in_progress().Decrement();
    durations_.Observe(code, duration);
  }

 private:
  prometheus::Gauge& in_progress() {
    if (prometheus::Gauge* known = in_progress_.load(std::memory_order_acquire)) return *known;
    // Whoever comes second gets what the first has made.
    prometheus::Gauge& made = in_progress_family_.Add(labels_);
    in_progress_.store(&made, std::memory_order_release);
    return made;
  }

  prometheus::Family<prometheus::Gauge>& in_progress_family_;
  const prometheus::Labels labels_;
  CodeHistogram durations_;
  // The family's.
  std::atomic<prometheus::Gauge*> in_progress_ = nullptr;
};

RpcSeries::RpcSeries(prometheus::Registry& registry, const std::vector<std::string>& methods)
    : durations_(prometheus::BuildHistogram()
                     .Name("orchestrator_rpc_duration_seconds")
                     .Help("Time from an RPC's arrival until its status was sent")
                     .Register(registry)),
      in_progress_(prometheus::BuildGauge()
                       .Name("orchestrator_rpcs_in_progress")
                       .Help("RPCs that have arrived and whose status was not sent yet")
                       .Register(registry)),
      other_(std::make_unique<OneMethod>(*this, "(other)")) {
  for (const std::string& method : methods) {
    methods_[method] =
        std::make_unique<OneMethod>(*this, std::string(absl::StripPrefix(method, "/")));
  }
}

RpcSeries::~RpcSeries() = default;

void RpcSeries::Start(absl::string_view method) { Find(method).Start(); }

void RpcSeries::End(absl::string_view method, absl::StatusCode code, absl::Duration duration) {
  Find(method).End(code, duration);
}

RpcSeries::OneMethod& RpcSeries::Find(absl::string_view method) {
  const auto found = methods_.find(method);
  return found == methods_.end() ? *other_ : *found->second;
}

}  // namespace orch
