#pragma once

#include <string>

#include "absl/strings/string_view.h"

#include "orchestrator/driver/vm_driver.h"

namespace orch {

// What guests see of the processor, as HostInfo::cpu_model has it: with KVM the host's own, from
// the first processor in the text of a /proc/cpuinfo; with TCG always the same.
std::string GuestCpuModel(Accelerator accelerator, absl::string_view cpuinfo);

}  // namespace orch
