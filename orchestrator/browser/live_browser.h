#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/cancel_token.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/base/strand.h"
#include "orchestrator/base/thread_pool.h"
#include "orchestrator/browser/browser_records.h"
#include "orchestrator/browser/deadline_queue.h"
#include "orchestrator/browser/guest_connections.h"
#include "orchestrator/browser/idle_policy.h"
#include "orchestrator/browser/vm_owners.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/model/browser.h"
#include "orchestrator/snapshot/cloner.h"
#include "orchestrator/snapshot/guest_control.h"
#include "orchestrator/snapshot/host_budget.h"
#include "orchestrator/snapshot/saved_states.h"
#include "orchestrator/snapshot/shells.h"
#include "orchestrator/transport/guest_channel.h"

namespace orch {

// One browser from its record's beginning to its end: its machine, the way to its guest, its sleep.
//
// Everything that changes it happens on its strand, one thing at a time, and may block there: call
// Run, and within it the methods that are marked so. Shared by the registry and by work on the
// strand. Its record, in BrowserRecords, is written before the world sees a change, and always says
// how to go on after a crash:
//
//   a machine gets a state  ->  record names the machine  ->  the machine runs
//   a machine pauses  ->  its state is saved  ->  record says kDisk  ->  the machine goes
class LiveBrowser : public std::enable_shared_from_this<LiveBrowser> {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Browser>)>;

  // What all browsers work with. All must outlive them.
  struct World {
    VmDriver& driver;
    Cloner& cloner;
    Shells& shells;
    SavedStates& states;
    GuestControl& guests;
    HostBudget& budget;
    BrowserRecords& records;
    GuestConnections& connections;
    DeadlineQueue& deadlines;
    VmOwners& owners;
    const Clock& clock;
    VmDirectories& directories;
    // How long a paused browser keeps its memory; infinite: for ever.
    absl::Duration deepen_after;
  };

  // `settled` is called once: when the browser is READY for the first time, or has failed. Null for
  // one that existed before this daemon.
  LiveBrowser(SessionId id, World& world, ThreadPool& pool, Done settled);

  const SessionId& id() const { return id_; }

  // Runs `work` on the strand. Never blocks.
  void Run(absl::AnyInvocable<void(LiveBrowser&)> work);

  // From now on it is to end: what blocks on the strand ends early, with `reason`. ABORTED: Delete
  // comes next.
  void Interrupt(const absl::Status& reason) { interrupt_.Cancel(reason); }

  // A call began or ended. Does not block.
  void NoteActivity();

  // The rest is for the strand alone.

  // Takes over a machine with the browser's first state in it: READY, and paused when in a pool.
  // Fails the browser when it cannot, or when there is none.
  void Begin(absl::StatusOr<Clone> clone);

  // Goes on with what an earlier daemon left: its machine, or none for one that sleeps on disk.
  void Adopt(std::optional<VmInfo> vm, TemplateRef base);

  // READY in a pool -> ACQUIRED. Answers as soon as the machine runs; the first call waits until the
  // guest has taken notice.
  void Acquire(Done done);

  // ACQUIRED, awake or not -> READY in its pool, paused. Calls under way are ended.
  absl::StatusOr<Browser> Release();

  // Goes into standby, at least as deep as `level`. UNAVAILABLE: calls are under way.
  absl::StatusOr<Browser> Standby(StandbyLevel level);

  // As Standby, but waits until `deadline` (uptime) for the calls under way.
  void StandbyWhenIdle(StandbyLevel level, absl::Duration deadline, Done done);

  // OK when its guest can be called, for which it is woken.
  absl::Status MakeCallable();

  // Awake, whether it has an agent or not.
  absl::StatusOr<Browser> Wake();

  // A saved state of this moment to make forks of. For a browser that sleeps on disk it is its own,
  // which must not be removed, and which stays while this strand is kept busy.
  struct ForkSource {
    SavedState state;
    // Set when the state was made for the fork: remove it under this id.
    std::optional<SessionId> temporary;
  };
  absl::StatusOr<ForkSource> PrepareFork();

  // Does what idleness leads to by now.
  void OnDeadline();

  // Tries again what waits for calls to end.
  void OnIdle();

  void OnVmStopped(const VmId& vm, const absl::Status& reason);

  void Delete(Done done);

  // Ends with an error. Nothing happens when it has ended already.
  void Fail(const absl::Status& reason);

  const TemplateRef& base() const { return base_; }

 private:
  struct StandbyWaiter {
    StandbyLevel level;
    absl::Duration deadline;
    Done done;
  };

  absl::StatusOr<Browser> TryBegin(absl::StatusOr<Clone> clone);
  absl::Status TryAdopt(const Browser& record);
  // Lets the machine run and its guest take notice.
  absl::Status ResumeGuest(Greeting greeting);
  absl::Status Greet(Greeting greeting);
  // Lets calls in, which counts as activity.
  void Open();
  absl::Status Deepen();
  // Gives a browser that sleeps on disk a machine with its state in it, paused.
  absl::Status RestoreMachine();
  void SetMachine(Clone clone);
  // Forgets the machine and destroys it, again and again for a while.
  absl::Status DropMachine();
  void FinishDeleting();
  absl::Status TearDown();
  std::string ConsoleNote() const;
  bool IsInPool(const Browser& record) const;
  // Sets the deadline that the record and its activity ask for.
  void Arm();
  IdleFacts Facts(const Browser& record) const;

  const SessionId id_;
  World& world_;
  Strand strand_;
  CancelToken interrupt_;

  mutable absl::Mutex mutex_;
  absl::Duration last_active_ ABSL_GUARDED_BY(mutex_);

  // For the strand alone.
  Done settled_;
  std::vector<Done> deleted_;
  std::vector<StandbyWaiter> standby_waiters_;
  std::optional<VmInfo> vm_;
  TemplateRef base_;
  std::shared_ptr<GuestChannel> channel_;
  absl::Duration paused_at_;
};

}  // namespace orch
