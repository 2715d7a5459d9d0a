#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
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

// Makes machines out of templates and saved states. Thread-safe; every call blocks. On error
// nothing is left of the machine.
class Cloner {
 public:
  // Where the shell comes from.
  enum class Hurry {
    // Somebody waits: a spare shell.
    kNow,
    // Nobody does (a pool is being filled): one of its own, and the spare ones stay.
    kLater,
  };

  // All must outlive this.
  Cloner(Shells& shells, VmCheckpoints& checkpoints, TemplateCatalog& catalog, SavedStates& states,
         VmDirectories& directories, const HostInfo& host)
      : shells_(shells),
        checkpoints_(checkpoints),
        catalog_(catalog),
        states_(states),
        directories_(directories),
        host_(host) {}

  // A copy of a template. DATA_LOSS: the template was found damaged, its device state now or
  // something of it earlier; it has been removed, and another may be there by now. Else the
  // driver's errors.
  absl::StatusOr<Clone> FromTemplate(const TemplateRef& base, Hurry hurry);

  // A machine as it was when it was saved. With kLink it takes the state's disk for its own: once
  // it runs, the state is of no use. DATA_LOSS: the state is damaged, or its template was found to
  // be.
  absl::StatusOr<Clone> FromState(const SavedState& state, SavedStates::Disk disk);

  // The scratch disk that the machine `id` writes to; empty when `base` has none.
  std::string ScratchDiskOf(const VmId& id, const TemplateRef& base) const;

 private:
  // Ends what begins with taking a shell of `base`: it becomes a machine by `load`, or goes.
  absl::StatusOr<Clone> Fill(absl::StatusOr<Shell> shell, const TemplateRef& base,
                             absl::FunctionRef<absl::Status(const Shell&)> load);
  absl::Status Load(const Shell& shell, const SavedState& state, SavedStates::Disk disk);
  // Makes the machine's user the owner of a copy that was placed at `path`.
  absl::Status GiveAway(const std::string& path) const;

  Shells& shells_;
  VmCheckpoints& checkpoints_;
  TemplateCatalog& catalog_;
  SavedStates& states_;
  VmDirectories& directories_;
  const HostInfo& host_;
};

}  // namespace orch
