#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "orchestrator/agent/lifecycle/cpu_meter.h"

namespace orch::agent {

// A guest with two processors, of which as many are busy as the test says. Its time passes in
// Sleep() alone. Not thread-safe.
class FakeCpuMeter final : public CpuMeter {
 public:
  // How many processors are busy in each sleep, one after the other; the last one stays.
  explicit FakeCpuMeter(std::vector<double> busy) : busy_(std::move(busy)) {}

  absl::StatusOr<CpuSample> Sample() override { return now_; }

  void Sleep(absl::Duration duration) {
    now_.at += duration;
    now_.idle += duration * (now_.processors - busy_[next_]);
    if (next_ + 1 < busy_.size()) ++next_;
  }

 private:
  const std::vector<double> busy_;
  size_t next_ = 0;
  CpuSample now_{.at = absl::Seconds(5), .idle = absl::Seconds(3), .processors = 2};
};

}  // namespace orch::agent
