#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/driver/vm_driver.h"

namespace orch {

// What the operator asks for.
enum class AcceleratorChoice { kAuto, kKvm, kTcg };

// What decides: kept apart from where it comes from, so that every host can be tested on any host.
struct AcceleratorFacts {
  // Whether /dev/kvm opens.
  absl::Status kvm_device;
  // Whether /proc/cpuinfo has the flag vmx or svm.
  bool cpu_virtualizes = false;
};

struct AcceleratorDecision {
  Accelerator accelerator = Accelerator::kTcg;
  std::string reason;
};

// Whether the text of a /proc/cpuinfo lists the flag vmx or svm.
bool CpuVirtualizes(absl::string_view cpuinfo);

// Looks at this host. A cpuinfo that cannot be read counts as one without flags.
AcceleratorFacts ProbeAccelerator(const std::string& kvm_path, const std::string& cpuinfo_path);

// KVM needs the device and the flag: on some hosts the device exists and every guest hangs. Auto
// takes TCG where either is missing. FAILED_PRECONDITION: KVM is asked for and cannot work; the
// message says why.
absl::StatusOr<AcceleratorDecision> DecideAccelerator(AcceleratorChoice choice,
                                                      const AcceleratorFacts& facts);

}  // namespace orch
