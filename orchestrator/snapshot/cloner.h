#pragma once

#include "absl/status/statusor.h"

#include "orchestrator/driver/vm_checkpoints.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/snapshot/saved_states.h"
#include "orchestrator/snapshot/shells.h"
#include "orchestrator/snapshot/template_catalog.h"
#include "orchestrator/snapshot/vm_directories.h"

namespace orch {

// A paused machine with a state in it, and what it was made of.
struct Clone {
  VmInfo vm;
  TemplateRef base;
};

// Makes machines out of templates and saved states. Thread-safe; every call blocks. On error nothing
// is left of the machine.
class Cloner {
 public:
  // Where the shell comes from.
  enum class Hurry {
    // Somebody waits: a spare shell.
    kNow,
    // Nobody does (a pool is being filled): one of its own, and the spare ones stay.
    kLater,
  };

  // What becomes of a saved state's disk.
  enum class DiskUse {
    // The machine writes into it: the state must be removed before the machine runs.
    kTake,
    // The machine gets a copy; the state can be used again.
    kCopy,
  };

  // All must outlive this.
  Cloner(Shells& shells, VmCheckpoints& checkpoints, TemplateCatalog& catalog,
         VmDirectories& directories, const HostInfo& host)
      : shells_(shells),
        checkpoints_(checkpoints),
        catalog_(catalog),
        directories_(directories),
        host_(host) {}

  // A copy of a template. DATA_LOSS: the template's device state is damaged; the template has been
  // removed. Else the driver's errors.
  absl::StatusOr<Clone> FromTemplate(const TemplateRef& base, Hurry hurry);

  // A machine as it was when it was saved. DATA_LOSS: the state is damaged.
  absl::StatusOr<Clone> FromState(const SavedState& state, DiskUse disk_use);

  // The scratch disk that the machine `id` writes to; empty when `base` has none.
  std::string ScratchDiskOf(const VmId& id, const TemplateRef& base) const;

 private:
  absl::Status Load(const Shell& shell, const SavedState& state, DiskUse disk_use);
  absl::Status PlaceDisk(const std::string& from, const std::string& to, DiskUse disk_use) const;

  Shells& shells_;
  VmCheckpoints& checkpoints_;
  TemplateCatalog& catalog_;
  VmDirectories& directories_;
  const HostInfo& host_;
};

}  // namespace orch
