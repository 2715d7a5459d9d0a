#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace orch::agent {

// How idle the guest's processors have been since its kernel started.
struct CpuSample {
  // When it was taken, since the kernel started.
  absl::Duration at;
  // Time that the processors were idle, added up over all of them. Counted in 10 ms.
  absl::Duration idle;
  int processors = 0;
};

// How many processors were busy between two samples: 0 is none, 1.5 one and a half. Not negative.
// `after` was taken after `before`.
double BusyProcessors(const CpuSample& before, const CpuSample& after);

// Takes samples.
class CpuMeter {
 public:
  virtual ~CpuMeter() = default;
  // Errors: the kernel does not tell.
  virtual absl::StatusOr<CpuSample> Sample() = 0;
};

// Reads /proc/stat, see proc(5).
class ProcStatMeter final : public CpuMeter {
 public:
  explicit ProcStatMeter(std::string path = "/proc/stat") : path_(std::move(path)) {}
  // INTERNAL: the file is not what proc(5) says. Others: it cannot be read.
  absl::StatusOr<CpuSample> Sample() override;

 private:
  const std::string path_;
};

}  // namespace orch::agent
