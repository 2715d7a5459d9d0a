#include "orchestrator/driver/accelerator_probe.h"

#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/files.h"
#include "orchestrator/driver/device_probe.h"

namespace orch {
namespace {

// About 2 KiB for each processor: enough for 8192 of them.
constexpr size_t kMaxCpuinfoBytes = size_t{16} << 20;

}  // namespace

bool CpuVirtualizes(absl::string_view cpuinfo) {
  for (absl::string_view line : absl::StrSplit(cpuinfo, '\n')) {
    if (!absl::StartsWith(line, "flags")) continue;
    for (absl::string_view flag : absl::StrSplit(line, absl::ByAnyChar(" \t:"))) {
      if (flag == "vmx" || flag == "svm") return true;
    }
  }
  return false;
}

AcceleratorFacts ProbeAccelerator(const std::string& kvm_path, const std::string& cpuinfo_path) {
  const absl::StatusOr<std::string> cpuinfo = ReadFile(cpuinfo_path, kMaxCpuinfoBytes);
  return {.kvm_device = ProbeDevice(kvm_path),
          .cpu_virtualizes = cpuinfo.ok() && CpuVirtualizes(*cpuinfo)};
}

absl::StatusOr<AcceleratorDecision> DecideAccelerator(AcceleratorChoice choice,
                                                      const AcceleratorFacts& facts) {
  if (choice == AcceleratorChoice::kTcg) {
    return AcceleratorDecision{Accelerator::kTcg, "asked for"};
  }
  std::string obstacle;
  if (!facts.kvm_device.ok()) {
    obstacle = std::string(facts.kvm_device.message());
  } else if (!facts.cpu_virtualizes) {
    obstacle = "/dev/kvm opens, but the processor has neither vmx nor svm, so guests would hang";
  }
  if (obstacle.empty()) {
    return AcceleratorDecision{Accelerator::kKvm,
                               "/dev/kvm opens and the processor has vmx or svm"};
  }
  if (choice == AcceleratorChoice::kKvm) {
    return absl::FailedPreconditionError(
        absl::StrCat("accelerator kvm cannot be used: ", obstacle,
                     "; fix that, or use accelerator auto or tcg"));
  }
  return AcceleratorDecision{Accelerator::kTcg, obstacle};
}

}  // namespace orch
