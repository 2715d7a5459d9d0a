#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/base/cancel_token.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/driver/vm_checkpoints.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/image/image.h"
#include "orchestrator/snapshot/guest_control.h"
#include "orchestrator/snapshot/machine_observer.h"
#include "orchestrator/snapshot/scratch_disks.h"
#include "orchestrator/snapshot/template.h"
#include "orchestrator/snapshot/template_catalog.h"
#include "orchestrator/snapshot/vm_directories.h"

namespace orch {

// How far a template is.
enum class BuildPhase { kQueued, kBooting, kSettling, kSaving, kDone };

// Makes templates: boots a guest whose memory is a file, waits until it is ready and at rest, and
// keeps that moment. Thread-safe for different keys; blocks for as long as a guest boots.
class TemplateBuilder {
 public:
  // What it works with. All must outlive it.
  struct Dependencies {
    VmDriver& driver;
    VmCheckpoints& checkpoints;
    GuestControl& guests;
    VmDirectories& directories;
    ScratchDisks& scratch_disks;
    TemplateCatalog& catalog;
    MachineObserver& observer;
    const Clock& clock;
  };

  TemplateBuilder(Dependencies dependencies, absl::Duration boot_timeout)
      : deps_(dependencies), boot_timeout_(boot_timeout) {}

  // Calls `on_phase` on this thread, from kBooting on. DEADLINE_EXCEEDED: the guest was not ready
  // within the boot timeout. The token's reason when cancelled. RESOURCE_EXHAUSTED: the template
  // does not fit on the disk. Else what the driver says. Messages about the guest end with its last
  // console lines. On error nothing is left.
  absl::StatusOr<TemplateRef> Build(const TemplateSpec& spec, const Image& image,
                                    const std::function<void(BuildPhase)>& on_phase,
                                    CancelToken& cancel);

 private:
  absl::StatusOr<TemplateRef> Make(const TemplateSpec& spec, const Image& image,
                                   const std::function<void(BuildPhase)>& on_phase,
                                   CancelToken& cancel);
  absl::StatusOr<std::string> BootAndSave(const TemplateSpec& spec, const Image& image,
                                          const VmConfig& config,
                                          const std::function<void(BuildPhase)>& on_phase,
                                          CancelToken& cancel);
  absl::Status MakeFiles(const TemplateSpec& spec, const std::string& directory, VmConfig& config);
  absl::Status AwaitReady(const VmInfo& vm, const Image& image, const VmConfig& config,
                          CancelToken& cancel);
  absl::Status AwaitConsole(const Image& image, const VmConfig& config, absl::Time deadline,
                            CancelToken& cancel);

  const Dependencies deps_;
  const absl::Duration boot_timeout_;
};

}  // namespace orch
