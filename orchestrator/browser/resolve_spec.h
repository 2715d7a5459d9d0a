#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/image/image.h"
#include "orchestrator/model/browser.h"

namespace orch {

// Fills in every default of `spec` from its image and checks it against the host. Pure.
//
// An image without a screen makes every browser headless. INVALID_ARGUMENT names the field and its
// limit.
absl::StatusOr<BrowserSpec> ResolveSpec(BrowserSpec spec, const Image& image, const HostInfo& host);

// The guest's kernel command line: the console, the agent's orch.* settings for this spec, and what
// the image wants.
std::string KernelCommandLine(const BrowserSpec& spec, const Image& image);

}  // namespace orch
