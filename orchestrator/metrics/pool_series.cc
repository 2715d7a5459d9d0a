#include "orchestrator/metrics/pool_series.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace orch {
namespace {

constexpr char kOther[] = "(other)";
constexpr char kNone[] = "(none)";

// Seconds: from a ready browser to the longest wait that a client may ask for.
const CodeHistogram::Bounds& WaitBounds() {
  static const CodeHistogram::Bounds bounds = {
      0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600};
  return bounds;
}

bool CanBeLabel(absl::string_view pool) {
  return !pool.empty() && pool.size() <= 255 &&
         std::all_of(pool.begin(), pool.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

}  // namespace

class PoolSeries::OnePool {
 public:
  OnePool(PoolSeries& all, const std::string& label)
      : refill_failure_family_(all.refill_failures_),
        waits_(all.waits_, {{"pool", label}}, WaitBounds()),
        refill_failures_(all.refill_failures_.Add({{"pool", label}})) {
    waits_.Prepare(absl::StatusCode::kOk);
  }
  ~OnePool() {
    waits_.Remove();
    refill_failure_family_.Remove(&refill_failures_);
  }
  OnePool(const OnePool&) = delete;
  OnePool& operator=(const OnePool&) = delete;

  CodeHistogram& waits() { return waits_; }
  prometheus::Counter& refill_failures() { return refill_failures_; }

 private:
  prometheus::Family<prometheus::Counter>& refill_failure_family_;
  CodeHistogram waits_;
  prometheus::Counter& refill_failures_;
};

PoolSeries::PoolSeries(prometheus::Registry& registry)
    : waits_(prometheus::BuildHistogram()
                 .Name("orchestrator_acquire_wait_seconds")
                 .Help("Time from the call to acquire a browser until its answer")
                 .Register(registry)),
      refill_failures_(prometheus::BuildCounter()
                           .Name("orchestrator_refill_failures_total")
                           .Help("Failures to make a browser for a pool")
                           .Register(registry)),
      other_(std::make_unique<OnePool>(*this, kOther)) {}

PoolSeries::~PoolSeries() = default;

void PoolSeries::Add(absl::string_view pool) {
  if (!CanBeLabel(pool)) return;
  absl::MutexLock lock(&mutex_);
  if (pools_.size() >= kMaxPools || pools_.contains(pool)) return;
  pools_.emplace(pool, std::make_unique<OnePool>(*this, std::string(pool)));
}

void PoolSeries::Remove(absl::string_view pool) {
  absl::MutexLock lock(&mutex_);
  pools_.erase(pool);
}

PoolSeries::OnePool& PoolSeries::Find(absl::string_view pool) {
  const auto found = pools_.find(pool);
  return found == pools_.end() ? *other_ : *found->second;
}

void PoolSeries::ObserveAcquire(absl::string_view pool, absl::StatusCode code,
                                absl::Duration wait) {
  absl::MutexLock lock(&mutex_);
  Find(pool).waits().Observe(code, wait);
}

void PoolSeries::CountRefillFailure(absl::string_view pool) {
  absl::MutexLock lock(&mutex_);
  Find(pool).refill_failures().Increment();
}

std::string PoolSeries::Label(absl::string_view pool) const {
  if (pool.empty()) return kNone;
  absl::MutexLock lock(&mutex_);
  return pools_.contains(pool) ? std::string(pool) : kOther;
}

}  // namespace orch
