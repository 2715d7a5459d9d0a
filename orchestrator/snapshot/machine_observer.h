#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "orchestrator/driver/vm_checkpoints.h"
#include "orchestrator/model/browser.h"

namespace orch {

// Is told what was done to machines, how it ended and how long that took: what metrics are made of.
// Called where the work is done, once for each piece of it, on any thread and without a mutex held;
// must not block. Override what is of interest. Thread-safe.
class MachineObserver {
 public:
  virtual ~MachineObserver() = default;

  // From power-on until the guest was ready, or had failed.
  virtual void OnBoot(const absl::Status& /*status*/, absl::Duration /*took*/) {}

  // From the making of its files until the template is in the catalogue.
  virtual void OnTemplateBuild(const absl::Status& /*status*/, absl::Duration /*took*/) {}

  // Until a new machine waits for a state.
  virtual void OnShellStart(const absl::Status& /*status*/, absl::Duration /*took*/) {}

  // From taking a shell until it has the state of a template, or of a fork's source.
  virtual void OnClone(const absl::Status& /*status*/, absl::Duration /*took*/) {}

  // Into standby as deep as `level`: the machine was paused, or was saved and ended.
  virtual void OnStandby(StandbyLevel /*level*/, const absl::Status& /*status*/,
                         absl::Duration /*took*/) {}

  // What one standby on disk saved of the guest's memory.
  virtual void OnStandbySaved(const PageCount& /*pages*/) {}

  // Out of standby as deep as `level`, until the guest can be called.
  virtual void OnWake(StandbyLevel /*level*/, const absl::Status& /*status*/,
                      absl::Duration /*took*/) {}
};

}  // namespace orch
