#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/base/strand.h"
#include "orchestrator/base/thread_pool.h"
#include "orchestrator/browser/browser_machine.h"
#include "orchestrator/browser/browser_world.h"
#include "orchestrator/browser/idle_policy.h"
#include "orchestrator/browser/idle_tracker.h"
#include "orchestrator/browser/strand_interrupt.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/model/browser.h"
#include "orchestrator/snapshot/cloner.h"
#include "orchestrator/snapshot/saved_states.h"
#include "orchestrator/snapshot/template_catalog.h"

namespace orch {

// One browser from its record's beginning to its end: what state it is in, and what calls, idleness
// and failures lead to. What that does to its machine, BrowserMachine knows.
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

  // `settled` is called once: when the browser is READY for the first time, or has failed. Null for
  // one that existed before this daemon. Nothing runs on the strand before Start.
  LiveBrowser(SessionId id, BrowserWorld& world, ThreadPool& pool, Done settled);

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
  void NoteActivity() { idle_.NoteActivity(); }

  // The uptime of its last activity. Any thread.
  absl::Duration last_active() const { return idle_.last_active(); }

  // The rest is for the strand alone.

  // Takes over a machine with the browser's first state in it: READY, and paused when in a pool.
  // Fails the browser when it cannot, or when there is none.
  void Begin(absl::StatusOr<Clone> clone);

  // The same for a machine with another browser's state in it: it is READY as soon as it runs, as
  // that one was. Calls wait until the guest has taken notice of who it is.
  void BeginFork(absl::StatusOr<Clone> clone);

  // Goes on with what an earlier daemon left: its machine, or none for one that sleeps on disk.
  void Adopt(std::optional<VmInfo> vm, TemplateRef base);

  // Idle in a pool, wherever its memory is -> ACQUIRED. Answers as soon as the machine runs; the
  // first call waits until the guest has taken notice.
  void Acquire(Done done);

  // ACQUIRED, awake or not -> READY in its pool, paused. Calls under way are ended.
  absl::StatusOr<Browser> Release();

  // Goes into standby, at least as deep as `level`, when the calls under way are over.
  // DEADLINE_EXCEEDED: they are not by `deadline` (uptime). Answers when it could be woken again;
  // the machine of one that sleeps on disk ends after that.
  void StandbyWhenIdle(StandbyLevel level, absl::Duration deadline, Done done);

  // Gives its memory up to others: one that is paused, in standby or idle in its pool, sleeps on
  // disk then. FAILED_PRECONDITION: it is in use, or has no memory to give.
  absl::Status GiveUpMemory();

  // OK when its guest can be called, for which it is woken.
  absl::Status MakeCallable();

  // Awake, whether it has an agent or not. Answers as Acquire does.
  void Wake(Done done);

  // A saved state of this moment to make forks of. For a browser that sleeps on disk it is its own,
  // which must not be removed, and which stays while this strand is kept busy.
  struct ForkSource {
    SavedState state;
    // Set when the state was made for the fork: remove it under this id.
    std::optional<SessionId> temporary;
  };
  absl::StatusOr<ForkSource> PrepareFork();

  // Has the guest take notice of the pause, for which the forks need not wait. Call after
  // PrepareFork, once.
  void FinishFork();

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

 private:
  // Before what could not be torn down or written is tried again.
  static constexpr absl::Duration kRetry = absl::Seconds(5);

  struct StandbyWaiter {
    StandbyLevel level;
    absl::Duration deadline;
    Done done;
  };

  // Its record. FAILED_PRECONDITION: it has failed, though its record cannot say so yet.
  absl::StatusOr<Browser> Present() const;
  // Puts down in which machine it runs, and on top of which template.
  void NameMachine(Browser& record) const;
  // Takes the machine and has `begin` make it READY; whether it is.
  bool Settle(absl::StatusOr<Clone> clone, absl::FunctionRef<absl::StatusOr<Browser>()> begin);
  absl::StatusOr<Browser> TryBegin();
  absl::Status TryAdopt(const Browser& record);
  // Undoes a pause that led to nothing. Fails the browser when its machine cannot run.
  void Reopen();
  // ABORTED: calls are under way. After OK to kDisk call LeaveMachine.
  absl::StatusOr<Browser> Standby(StandbyLevel level);
  absl::Status PauseForStandby();
  // Lets calls in, which counts as activity.
  void Open();
  // The same when the guest has taken notice that it runs; fails the browser when it does not.
  absl::Status LetIn();
  // After OK call LeaveMachine.
  absl::Status Deepen();
  // What it saved.
  absl::StatusOr<PageCount> MoveToDisk();
  // Ends the machine of a browser that sleeps on disk by now.
  void LeaveMachine();
  // Lets a paused machine, or one that is restored from disk, run; `change` is made to the record
  // before.
  absl::StatusOr<Browser> LetRun(absl::FunctionRef<void(Browser&)> change);
  // STANDBY -> READY or ACQUIRED: the machine runs, but nobody can call yet.
  absl::StatusOr<Browser> LeaveStandby();
  // Removes what it slept with, unless it sleeps on disk.
  void ForgetSaved();
  absl::StatusOr<Browser> PutBackIntoPool();
  void OnVmStopped(const VmId& vm, const absl::Status& reason);
  void FinishDeleting(Done done);
  void FinishFailing();
  absl::Status TearDown();
  void TryEndAgainLater();
  // Sets the deadline that the record and its activity ask for.
  void Arm();
  IdleStep NextStep(const Browser& record) const;

  const SessionId id_;
  BrowserWorld& world_;
  Strand strand_;
  StrandInterrupt interrupt_;
  IdleTracker idle_;

  // For the strand alone.
  BrowserMachine machine_;
  Done settled_;
  std::vector<StandbyWaiter> standby_waiters_;
  // Why it ends; set while that could not be finished.
  std::optional<absl::Status> failure_;
};

}  // namespace orch
