#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/browser/browser_registry.h"
#include "orchestrator/driver/vm_checkpoints.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/image/image_catalog.h"
#include "orchestrator/snapshot/cloner.h"
#include "orchestrator/snapshot/guest_control.h"
#include "orchestrator/snapshot/host_budget.h"
#include "orchestrator/snapshot/machine_observer.h"
#include "orchestrator/snapshot/saved_states.h"
#include "orchestrator/snapshot/scratch_disks.h"
#include "orchestrator/snapshot/shells.h"
#include "orchestrator/snapshot/template_builder.h"
#include "orchestrator/snapshot/template_catalog.h"
#include "orchestrator/snapshot/templates.h"
#include "orchestrator/snapshot/vm_directories.h"
#include "orchestrator/store/state_store.h"

namespace orch {

// The browsers of one host with all that they are made of, put together and taken apart in the
// right order.
//
//   <state dir>/vms/        a directory for each machine
//   <state dir>/scratch/    formatted empty disks
//   <state dir>/templates/  see TemplateCatalog
//   <state dir>/standby/    see SavedStates
class BrowserHost {
 public:
  struct Options {
    // Exists and is writable, with its four directories; all on one file system.
    std::string state_dir;
    BrowserRegistry::Options registry;
    Shells::Options shells;
    // From power-on to the agent's word that it is ready.
    absl::Duration boot_timeout = absl::Seconds(120);
    // Further boots (of templates) wait for their turn.
    size_t max_concurrent_boots = 2;
    // What all browsers' machines may have; 0 means the host's memory.
    uint64_t memory_budget_mib = 0;
    // How much more than that may be promised: clones share most of their memory.
    double memory_overcommit = 1.0;
    // 0 means no limit.
    size_t max_browsers = 0;
    uint64_t template_budget_mib = 0;
    uint64_t standby_budget_mib = 0;
  };

  // All must outlive it.
  struct Dependencies {
    VmDriver& driver;
    VmCheckpoints& checkpoints;
    GuestControl& guests;
    StateStore& store;
    ImageCatalog& images;
    MachineObserver& observer;
    const Clock& clock;
  };

  // Recovers what an earlier host left in the state directory, see BrowserRegistry::Create.
  static absl::StatusOr<std::unique_ptr<BrowserHost>> Create(Dependencies dependencies,
                                                             const Options& options);

  BrowserRegistry& registry() { return *registry_; }
  Templates& templates() { return templates_; }
  TemplateCatalog& catalog() { return *catalog_; }
  Shells& shells() { return shells_; }
  SavedStates& states() { return states_; }
  HostBudget& budget() { return budget_; }

 private:
  BrowserHost(Dependencies dependencies, const Options& options,
              std::unique_ptr<TemplateCatalog> catalog);

  std::unique_ptr<TemplateCatalog> catalog_;
  VmDirectories directories_;
  ScratchDisks scratch_disks_;
  HostBudget budget_;
  SavedStates states_;
  TemplateBuilder builder_;
  Templates templates_;
  Shells shells_;
  Cloner cloner_;
  std::unique_ptr<BrowserRegistry> registry_;
};

}  // namespace orch
