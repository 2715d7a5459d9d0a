#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/image/image.h"
#include "orchestrator/snapshot/template.h"

namespace orch {

// Puts the files that a template's machines boot from into its directory, as hard links where the
// file system allows and as symbolic links otherwise, so that a template keeps its image alive.
// `directory` is the template's, being made.
absl::Status LinkImageFiles(const Image& image, const std::string& directory);

// A machine of the kind that `spec` describes, with kernel, initramfs and root of `directory` as
// far as they are there. The rest of the config is the caller's to fill in.
VmConfig MachineConfig(const TemplateSpec& spec, const std::string& directory);

}  // namespace orch
