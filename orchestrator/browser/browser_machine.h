#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/browser/browser_world.h"
#include "orchestrator/browser/strand_interrupt.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/model/session_id.h"
#include "orchestrator/snapshot/cloner.h"
#include "orchestrator/snapshot/guest_control.h"
#include "orchestrator/snapshot/saved_states.h"
#include "orchestrator/snapshot/template_catalog.h"
#include "orchestrator/transport/guest_channel.h"

namespace orch {

// What one browser runs in: its machine, the way to the guest there, and the state on disk that it
// has instead while it sleeps. Knows nothing of the browser's record, which says what is to be done
// and when (see LiveBrowser).
//
// For that browser's strand alone; every call that returns a status may block there, but a guest
// that does not answer is waited for no longer than `interrupt` lets it. Owns the machine as long
// as the daemon lives: the destructor leaves it to the next daemon.
class BrowserMachine {
 public:
  // All must outlive it.
  BrowserMachine(const SessionId& id, BrowserWorld& world, StrandInterrupt& interrupt)
      : id_(id), world_(world), interrupt_(interrupt) {}

  // A machine with the browser's state in it, paused. There is none yet.
  void Take(Clone clone);

  // What an earlier daemon left: a machine, or none for a browser that sleeps on disk. `base` is
  // the very build that it is a clone of; null where that is gone or unknown.
  void Adopt(std::optional<VmInfo> vm, TemplateRef base);

  bool exists() const { return vm_.has_value(); }
  // Of the machine that exists.
  const VmId& vm() const { return vm_->id; }
  // Null: unknown, so that its state cannot be saved.
  const TemplateRef& base() const { return base_; }
  // Null: the guest was not greeted yet, or has no agent.
  const std::shared_ptr<GuestChannel>& channel() const { return channel_; }
  // A machine that it had could not be destroyed; Drop tries again.
  bool has_leftover() const { return leftover_.has_value(); }

  // What follows, up to SaveForFork, needs a machine. Errors are the driver's where nothing else is
  // said.

  // NOT_FOUND: it has ended.
  absl::Status CheckExists();

  // Stops it. Idempotent.
  absl::Status Pause();

  // Lets it run; its guest takes no notice yet. Idempotent.
  absl::Status Run();

  // Has the guest of a machine that runs take notice, which opens the way to it. OK where there is
  // no agent. See GuestControl::Greet; the interrupt's reason when it was cancelled. Idempotent.
  absl::Status Greet();

  // Run, then Greet.
  absl::Status Resume();

  // Whether the machine's state can be saved. FAILED_PRECONDITION: its template is gone.
  // RESOURCE_EXHAUSTED: there is no room on disk, with figures.
  absl::Status CheckSavable() const;

  // Saves the state of a paused machine as the browser's own, in place of one that is of no use any
  // more; the machine stays. Needs CheckSavable. Errors as SavedStates::Save.
  absl::StatusOr<PageCount> Save();

  // Pauses the machine and saves its state under `name`, for forks. Needs CheckSavable. Errors as
  // SavedStates::Save and Open; then it may be paused, and something may be left under `name`.
  absl::StatusOr<SavedState> SaveForFork(const SessionId& name);

  // The browser's own state on disk. NOT_FOUND: there is none. DATA_LOSS: it is damaged.
  absl::StatusOr<SavedState> OpenSaved() { return world_.states.Open(id_); }

  // OK when there is none.
  absl::Status RemoveSaved() { return world_.states.Remove(id_); }

  // Gives a browser without machine one with its saved state in it, paused. That state stays, and
  // is of no use from the moment at which the machine runs. RESOURCE_EXHAUSTED: there is no memory
  // for it, with figures. DATA_LOSS: the state is damaged. Else the driver's errors.
  absl::Status Restore();

  // Forgets the machine and destroys it, again and again for a while; then its memory is free. On
  // error it is left over, and the next call tries again. OK when there is none.
  absl::Status Drop();

  // Drops the machine, the saved state and the template. On error call it again.
  absl::Status End();

  // The end of its console as an addition to a message, or "".
  std::string ConsoleNote() const;

 private:
  const SessionId& id_;
  BrowserWorld& world_;
  StrandInterrupt& interrupt_;
  std::optional<VmInfo> vm_;
  // A machine that it does not run in any more, but which could not be destroyed.
  std::optional<VmId> leftover_;
  TemplateRef base_;
  std::shared_ptr<GuestChannel> channel_;
};

}  // namespace orch
