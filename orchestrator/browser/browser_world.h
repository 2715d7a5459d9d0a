#pragma once

#include "absl/time/time.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/browser/browser_records.h"
#include "orchestrator/browser/deadline_queue.h"
#include "orchestrator/browser/guest_connections.h"
#include "orchestrator/browser/vm_owners.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/snapshot/cloner.h"
#include "orchestrator/snapshot/guest_control.h"
#include "orchestrator/snapshot/host_budget.h"
#include "orchestrator/snapshot/machine_observer.h"
#include "orchestrator/snapshot/saved_states.h"
#include "orchestrator/snapshot/shells.h"
#include "orchestrator/snapshot/vm_directories.h"

namespace orch {

// What all browsers of a host work with. All must outlive them.
struct BrowserWorld {
  VmDriver& driver;
  Cloner& cloner;
  Shells& shells;
  SavedStates& states;
  GuestControl& guests;
  HostBudget& budget;
  MachineObserver& observer;
  BrowserRecords& records;
  GuestConnections& connections;
  DeadlineQueue& deadlines;
  VmOwners& owners;
  const Clock& clock;
  VmDirectories& directories;
  // How long a paused browser keeps its memory; infinite: for ever.
  absl::Duration deepen_after;
  // Between the first attempts to end a machine that does not end.
  absl::Duration tear_down_pause;
};

}  // namespace orch
