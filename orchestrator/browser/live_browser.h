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
    // Between the first attempts to end a machine that does not end.
    absl::Duration tear_down_pause;
  };

  // `settled` is called once: when the browser is READY for the first time, or has failed. Null for
  // one that existed before this daemon. Nothing runs on the strand before Start.
  LiveBrowser(SessionId id, World& world, ThreadPool& pool, Done settled);

  const SessionId& id() const { return id_; }

  // Runs `work` on the strand. Never blocks.
  void Run(absl::AnyInvocable<void(LiveBrowser&)> work);

  // Lets the strand run; once, when the browser has its record.
  void Start() { strand_.Start(); }

  // The daemon stops: what blocks on the strand ends early, with `reason`.
  void Interrupt(const absl::Status& reason);

  // Deletes it on the strand; what blocks there ends early. Never blocks.
  void DeleteSoon(Done done);

  // `vm` has ended. If the browser still runs in it, it fails on the strand; what blocks there ends
  // early. Never blocks.
  void NoteVmStopped(const VmId& vm, const absl::Status& reason);

  // A call began or ended. Does not block.
  void NoteActivity();

  // The rest is for the strand alone.

  // Takes over a machine with the browser's first state in it: READY, and paused when in a pool.
  // Fails the browser when it cannot, or when there is none.
  void Begin(absl::StatusOr<Clone> clone);

  // Goes on with what an earlier daemon left: its machine, or none for one that sleeps on disk.
  void Adopt(std::optional<VmInfo> vm, TemplateRef base);

  // READY in a pool -> ACQUIRED. Answers as soon as the machine runs; the first call waits until
  // the guest has taken notice.
  void Acquire(Done done);

  // ACQUIRED, awake or not -> READY in its pool, paused. Calls under way are ended.
  absl::StatusOr<Browser> Release();

  // Goes into standby, at least as deep as `level`. ABORTED: calls are under way.
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

  // What cannot be torn down now is tried again later; `done` is told of the first try.
  void Delete(Done done);

  // Ends with an error, at the latest when what holds that up is over. Nothing happens when it has
  // ended already.
  void Fail(const absl::Status& reason);

  // The daemon stops: who waits for something that will not happen any more is told so.
  void Stop(const absl::Status& reason);

  const TemplateRef& base() const { return base_; }

 private:
  struct StandbyWaiter {
    StandbyLevel level;
    absl::Duration deadline;
    Done done;
  };

  // Its record. FAILED_PRECONDITION: it has failed, though its record cannot say so yet.
  absl::StatusOr<Browser> Present() const;
  absl::StatusOr<Browser> TryBegin(absl::StatusOr<Clone> clone);
  absl::Status TryAdopt(const Browser& record);
  // Lets the machine run and its guest take notice.
  absl::Status ResumeGuest(Greeting greeting);
  absl::Status Greet(Greeting greeting);
  // Undoes a pause that led to nothing. Fails the browser when its machine cannot run.
  void Reopen();
  absl::Status PauseForStandby();
  // Lets calls in, which counts as activity.
  void Open();
  absl::Status Deepen();
  // Gives a browser that sleeps on disk a machine with its state in it, paused.
  absl::Status RestoreMachine();
  absl::StatusOr<Browser> PutBackIntoPool();
  absl::StatusOr<SavedState> SaveForFork(const SessionId& name);
  void SetMachine(Clone clone);
  // Forgets the machine and destroys it, again and again for a while; then its memory is free. On
  // error it is left over, and the next call tries again.
  absl::Status DropMachine();
  void OnVmStopped(const VmId& vm, const absl::Status& reason);
  void FinishDeleting(Done done);
  void FinishFailing();
  absl::Status TearDown();
  void TryEndAgainLater();
  std::string ConsoleNote() const;
  bool IsInPool(const Browser& record) const;
  // Sets the deadline that the record and its activity ask for.
  void Arm();
  IdleFacts Facts(const Browser& record) const;

  const SessionId id_;
  World& world_;
  Strand strand_;

  // The token that what blocks on the strand heeds. Shared with it: a new one takes its place when
  // what it was cancelled for is over.
  std::shared_ptr<CancelToken> interrupt() const;
  void RenewInterrupt() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  absl::Duration last_active_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<CancelToken> interrupt_ ABSL_GUARDED_BY(mutex_);
  // vm_, for other threads.
  std::optional<VmId> machine_ ABSL_GUARDED_BY(mutex_);
  // Deletions that are on their way to the strand.
  size_t deletions_ ABSL_GUARDED_BY(mutex_) = 0;

  // For the strand alone.
  Done settled_;
  std::vector<StandbyWaiter> standby_waiters_;
  std::optional<VmInfo> vm_;
  // A machine that it does not run in any more, but which could not be destroyed.
  std::optional<VmId> leftover_;
  // Why it ends; set while that could not be finished.
  std::optional<absl::Status> failure_;
  TemplateRef base_;
  std::shared_ptr<GuestChannel> channel_;
  absl::Duration paused_at_;
  // What failed when it was idle is not tried again before.
  absl::Duration retry_at_ = -absl::InfiniteDuration();
};

}  // namespace orch
