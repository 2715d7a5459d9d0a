#include "orchestrator/browser/live_browser.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/browser/sleep_report.h"

namespace orch {
namespace {

absl::Status WrongState(const Browser& browser, absl::string_view verb) {
  return absl::FailedPreconditionError(absl::StrCat(
      "browser ", browser.id.value(), " is ", ToString(browser.state), " and cannot be ", verb));
}

}  // namespace

LiveBrowser::LiveBrowser(SessionId id, BrowserWorld& world, ThreadPool& pool, Done settled)
    : id_(std::move(id)),
      world_(world),
      strand_(pool, Strand::Begin::kWhenStarted),
      idle_(world.clock, world.deepen_after),
      machine_(id_, world, interrupt_),
      settled_(std::move(settled)) {}

void LiveBrowser::Run(absl::AnyInvocable<void(LiveBrowser&)> work) {
  strand_.Run([self = shared_from_this(), work = std::move(work)]() mutable { work(*self); });
}

void LiveBrowser::Interrupt(const absl::Status& reason) { interrupt_.Cancel(reason); }

void LiveBrowser::DeleteSoon(Done done) {
  interrupt_.ExpectDeletion(absl::AbortedError("it was deleted meanwhile"));
  Run([done = std::move(done)](LiveBrowser& browser) mutable {
    browser.interrupt_.DeletionArrived();
    browser.Delete(std::move(done));
  });
}

void LiveBrowser::NoteVmStopped(const VmId& vm, const absl::Status& reason) {
  if (!interrupt_.MachineStopped(vm, reason)) return;
  Run([vm, reason](LiveBrowser& browser) { browser.OnVmStopped(vm, reason); });
}

void LiveBrowser::NameMachine(Browser& record) const {
  record.vm = machine_.vm();
  if (machine_.base() == nullptr) return;
  record.template_key = machine_.base()->key;
  record.template_build = machine_.base()->build;
}

absl::StatusOr<Browser> LiveBrowser::Present() const {
  ORCH_ASSIGN_OR_RETURN(Browser record, world_.records.Get(id_));
  if (failure_.has_value() && !IsTerminal(record.state)) {
    return absl::FailedPreconditionError(failure_->message());
  }
  return record;
}

void LiveBrowser::Begin(absl::StatusOr<Clone> clone) {
  Settle(std::move(clone), [this] { return TryBegin(); });
}

void LiveBrowser::BeginFork(absl::StatusOr<Clone> clone) {
  const bool runs = Settle(std::move(clone), [this] {
    return LetRun([](Browser& browser) { browser.state = BrowserState::kReady; });
  });
  if (runs) LetIn().IgnoreError();
}

bool LiveBrowser::Settle(absl::StatusOr<Clone> clone,
                         absl::FunctionRef<absl::StatusOr<Browser>()> begin) {
  const absl::StatusOr<Browser> record = world_.records.GetLive(id_);
  if (!record.ok() || record->state != BrowserState::kCreating) {  // Deleted while it was made.
    if (clone.ok()) world_.shells.Abandon(clone->vm.id);
    return false;
  }
  absl::Status status = clone.status();
  if (status.ok()) {
    machine_.Take(*std::move(clone));
    status = interrupt_.token()->status();
  }
  absl::StatusOr<Browser> ready = status.ok() ? begin() : absl::StatusOr<Browser>(status);
  if (!ready.ok()) {
    Fail(ready.status());
    return false;
  }
  Log(LogLevel::kInfo, "browser_ready", {{"session_id", id_.value()}});
  if (settled_) std::exchange(settled_, nullptr)(*std::move(ready));
  return true;
}

absl::StatusOr<Browser> LiveBrowser::TryBegin() {
  ORCH_ASSIGN_OR_RETURN(const Browser creating, world_.records.Update(id_, [&](Browser& browser) {
    NameMachine(browser);
  }));
  ORCH_RETURN_IF_ERROR(machine_.Resume());
  const bool in_pool = WaitsInPool(creating);
  if (in_pool) ORCH_RETURN_IF_ERROR(machine_.Pause());
  ORCH_ASSIGN_OR_RETURN(Browser ready, world_.records.Transition(id_, BrowserState::kReady));
  if (!in_pool) Open();
  return ready;
}

void LiveBrowser::Adopt(std::optional<VmInfo> vm, TemplateRef base) {
  machine_.Adopt(std::move(vm), std::move(base));
  const absl::StatusOr<Browser> record = world_.records.GetLive(id_);
  if (!record.ok()) return;
  if (absl::Status adopted = TryAdopt(*record); !adopted.ok()) Fail(adopted);
}

absl::Status LiveBrowser::TryAdopt(const Browser& record) {
  Log(LogLevel::kInfo, "browser_adopted",
      {{"session_id", id_.value()}, {"state", ToString(record.state)}});
  if (!machine_.exists()) {
    Arm();
    return absl::OkStatus();
  }
  // A machine that ended since it was listed is an error here.
  ORCH_RETURN_IF_ERROR(machine_.CheckExists());
  if (WaitsInPool(record) || record.state == BrowserState::kStandby) {
    idle_.NotePaused();
    ORCH_RETURN_IF_ERROR(machine_.Pause());
    Arm();
    return absl::OkStatus();
  }
  ORCH_RETURN_IF_ERROR(machine_.Resume());
  Open();
  return absl::OkStatus();
}

void LiveBrowser::Reopen() {
  if (absl::Status resumed = machine_.Resume(); !resumed.ok()) {
    Fail(resumed);
    return;
  }
  Open();
}

void LiveBrowser::Open() {
  if (machine_.channel() != nullptr) world_.connections.Add(id_, machine_.channel());
  NoteActivity();
  Arm();
}

void LiveBrowser::Acquire(Done done) {
  const absl::StatusOr<Browser> record = Present();
  if (!record.ok() || !IsIdleInPool(*record)) {
    done(record.ok() ? WrongState(*record, "acquired") : record.status());
    return;
  }
  absl::StatusOr<Browser> acquired = LetRun([&](Browser& browser) {
    browser.state = BrowserState::kAcquired;
    browser.acquired_at = world_.clock.Now();
  });
  if (!acquired.ok()) {
    done(acquired.status());
    return;
  }
  NoteActivity();
  done(*std::move(acquired));
  LetIn().IgnoreError();
}

absl::Status LiveBrowser::LetIn() {
  if (absl::Status noticed = machine_.Greet(); !noticed.ok()) {
    Fail(noticed);
    return noticed;
  }
  Open();
  // Nobody waits for that.
  Run([](LiveBrowser& browser) { browser.ForgetSaved(); });
  return absl::OkStatus();
}

absl::StatusOr<Browser> LiveBrowser::Release() {
  ORCH_ASSIGN_OR_RETURN(const Browser record, Present());
  const bool asleep = record.state == BrowserState::kStandby;
  const bool from_disk = record.standby_level == StandbyLevel::kDisk;
  if (!record.acquired_at.has_value() || (!asleep && record.state != BrowserState::kAcquired)) {
    return WrongState(record, "released");
  }
  world_.connections.Remove(id_, absl::FailedPreconditionError(absl::StrCat(
                                     "browser ", id_.value(), " was released to its pool")));
  absl::StatusOr<Browser> ready = PutBackIntoPool();
  if (ready.ok()) {
    NoteActivity();
    // Whoever waits for its standby hears that it is in its pool.
    OnIdle();
    ForgetSaved();
    return ready;
  }
  // Its client still holds it, as it was.
  if (from_disk && machine_.exists()) machine_.Drop().IgnoreError();
  if (absl::IsDataLoss(ready.status())) {
    Fail(ready.status());
  } else if (!asleep) {
    Reopen();
  } else {
    Arm();
  }
  return ready;
}

absl::StatusOr<Browser> LiveBrowser::PutBackIntoPool() {
  if (!machine_.exists()) ORCH_RETURN_IF_ERROR(machine_.Restore());
  ORCH_RETURN_IF_ERROR(machine_.Pause());
  return world_.records.Update(id_, [&](Browser& browser) {
    browser.state = BrowserState::kReady;
    browser.acquired_at.reset();
    NameMachine(browser);
  });
}

absl::StatusOr<Browser> LiveBrowser::Standby(StandbyLevel level) {
  ORCH_ASSIGN_OR_RETURN(const Browser record, Present());
  if (WaitsInPool(record)) return WrongState(record, "put into standby");
  if (record.state != BrowserState::kStandby) {
    if (!IsCallable(record.state)) return WrongState(record, "put into standby");
    if (!world_.connections.RemoveIfIdle(id_)) {
      return absl::AbortedError(
          absl::StrCat("browser ", id_.value(), " is busy: calls are under way"));
    }
    if (absl::Status paused = PauseForStandby(); !paused.ok()) {
      idle_.NoteFailure();
      Reopen();
      return paused;
    }
  }
  const absl::Status deep = level == StandbyLevel::kDisk ? Deepen() : absl::OkStatus();
  Arm();
  ORCH_RETURN_IF_ERROR(deep);
  return world_.records.GetLive(id_);
}

absl::Status LiveBrowser::GiveUpMemory() {
  ORCH_ASSIGN_OR_RETURN(const Browser record, Present());
  const bool paused = record.state == BrowserState::kStandby || IsIdleInPool(record);
  if (!paused || !machine_.exists()) return WrongState(record, "put on disk");
  const absl::Status deep = Deepen();
  if (deep.ok()) LeaveMachine();
  Arm();
  return deep;
}

absl::Status LiveBrowser::PauseForStandby() {
  const SleepReport report(world_, id_);
  absl::Status paused = machine_.Pause();
  if (paused.ok()) {
    // Before anybody sees it: the time until it goes to disk counts from here.
    idle_.NotePaused();
    paused = world_.records
                 .Update(id_,
                         [](Browser& browser) {
                           browser.state = BrowserState::kStandby;
                           browser.standby_level = StandbyLevel::kPaused;
                         })
                 .status();
  }
  report.Paused(paused);
  return paused;
}

absl::Status LiveBrowser::Deepen() {
  if (!machine_.exists()) return absl::OkStatus();
  const SleepReport report(world_, id_);
  const absl::StatusOr<PageCount> pages = MoveToDisk();
  report.OnDisk(pages);
  if (!pages.ok()) idle_.NoteFailure();
  return pages.status();
}

absl::StatusOr<PageCount> LiveBrowser::MoveToDisk() {
  ORCH_RETURN_IF_ERROR(machine_.CheckSavable());
  // The record may say of an earlier attempt that it succeeded: then its saved state is needed.
  ORCH_RETURN_IF_ERROR(world_.records.Settle(id_));
  ORCH_ASSIGN_OR_RETURN(const PageCount pages, machine_.Save());
  const absl::Status recorded = world_.records
                                    .Update(id_,
                                            [](Browser& browser) {
                                              browser.state = BrowserState::kStandby;
                                              browser.standby_level = StandbyLevel::kDisk;
                                              browser.vm.reset();
                                            })
                                    .status();
  if (!recorded.ok()) {
    if (world_.records.Settle(id_).ok()) machine_.RemoveSaved().IgnoreError();
    return recorded;
  }
  return pages;
}

void LiveBrowser::LeaveMachine() {
  if (absl::Status dropped = machine_.Drop(); !dropped.ok()) {
    Log(LogLevel::kError, "machine_left_behind",
        {{"session_id", id_.value()}, {"status", dropped}});
    Arm();
  }
}

void LiveBrowser::StandbyWhenIdle(StandbyLevel level, absl::Duration deadline, Done done) {
  absl::StatusOr<Browser> asleep = Standby(level);
  if (!absl::IsAborted(asleep.status())) {
    const bool on_disk = asleep.ok() && level == StandbyLevel::kDisk;
    done(std::move(asleep));
    if (on_disk) LeaveMachine();
    return;
  }
  if (world_.clock.Uptime() >= deadline) {
    done(absl::DeadlineExceededError(asleep.status().message()));
    return;
  }
  standby_waiters_.push_back({level, deadline, std::move(done)});
  Arm();
}

void LiveBrowser::OnIdle() {
  for (StandbyWaiter& waiter : std::exchange(standby_waiters_, {})) {
    StandbyWhenIdle(waiter.level, waiter.deadline, std::move(waiter.done));
  }
  Arm();
}

absl::Status LiveBrowser::MakeCallable() {
  ORCH_ASSIGN_OR_RETURN(const Browser record, Present());
  if (!IsCallable(record.state) && record.state != BrowserState::kStandby) {
    return absl::Status(
        WrongState(record, "called").code(),
        absl::StrCat(WrongState(record, "called").message(),
                     record.failure_reason.empty() ? "" : ": ", record.failure_reason));
  }
  if (WaitsInPool(record)) {
    return absl::FailedPreconditionError(
        absl::StrCat("browser ", id_.value(), " is idle in its pool; acquire one from there"));
  }
  if (record.state == BrowserState::kStandby) {
    ORCH_RETURN_IF_ERROR(LeaveStandby().status());
    ORCH_RETURN_IF_ERROR(LetIn());
  }
  if (machine_.channel() != nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("browser ", id_.value(),
                                                    " has no agent to call: its image ",
                                                    record.spec.image, " has none"));
}

void LiveBrowser::Wake(Done done) {
  absl::StatusOr<Browser> record = Present();
  if (record.ok() && !WaitsInPool(*record)) {
    if (record->state == BrowserState::kStandby) {
      absl::StatusOr<Browser> awake = LeaveStandby();
      const bool runs = awake.ok();
      done(std::move(awake));
      if (runs) LetIn().IgnoreError();
      return;
    }
    if (IsCallable(record->state)) {
      done(*std::move(record));
      return;
    }
  }
  done(record.ok() ? WrongState(*record, "woken") : record.status());
}

absl::StatusOr<Browser> LiveBrowser::LeaveStandby() {
  const SleepReport report(world_, id_);
  const StandbyLevel from = machine_.exists() ? StandbyLevel::kPaused : StandbyLevel::kDisk;
  absl::StatusOr<Browser> awake = LetRun([](Browser& browser) {
    browser.state =
        browser.acquired_at.has_value() ? BrowserState::kAcquired : BrowserState::kReady;
  });
  report.Awake(from, awake.status());
  if (awake.ok()) NoteActivity();
  return awake;
}

void LiveBrowser::ForgetSaved() {
  if (!machine_.exists()) return;  // It sleeps on it again.
  if (absl::Status removed = machine_.RemoveSaved(); !removed.ok()) {
    Log(LogLevel::kError, "state_left_behind", {{"session_id", id_.value()}, {"status", removed}});
  }
}

absl::StatusOr<Browser> LiveBrowser::LetRun(absl::FunctionRef<void(Browser&)> change) {
  const bool from_disk = !machine_.exists();
  if (from_disk) {
    const absl::Status restored = machine_.Restore();
    if (absl::IsDataLoss(restored)) Fail(restored);
    ORCH_RETURN_IF_ERROR(restored);
  }
  // From here on its saved state is of no use: the machine is about to change the disk.
  absl::StatusOr<Browser> running = world_.records.Update(id_, [&](Browser& browser) {
    change(browser);
    NameMachine(browser);
  });
  if (!running.ok()) {
    if (from_disk) machine_.Drop().IgnoreError();
    Arm();
    return running.status();
  }
  if (absl::Status resumed = machine_.Run(); !resumed.ok()) {
    Fail(resumed);
    return resumed;
  }
  return running;
}

absl::StatusOr<LiveBrowser::ForkSource> LiveBrowser::PrepareFork() {
  ORCH_ASSIGN_OR_RETURN(const Browser record, Present());
  const bool asleep = record.state == BrowserState::kStandby;
  if (WaitsInPool(record) || (!asleep && !IsCallable(record.state)))
    return WrongState(record, "forked");
  if (!machine_.exists()) {
    ORCH_ASSIGN_OR_RETURN(SavedState own, machine_.OpenSaved());
    return ForkSource{.state = std::move(own), .temporary = std::nullopt};
  }
  ORCH_RETURN_IF_ERROR(machine_.CheckSavable());
  const SessionId name = SessionId::Generate();
  absl::StatusOr<SavedState> state = machine_.SaveForFork(name);
  if (!asleep) {
    if (absl::Status resumed = machine_.Run(); !resumed.ok()) {
      Fail(resumed);
      state = resumed;
    }
  }
  if (state.ok()) return ForkSource{.state = *std::move(state), .temporary = name};
  world_.states.Remove(name).IgnoreError();
  return state.status();
}

void LiveBrowser::FinishFork() {
  const absl::StatusOr<Browser> record = Present();
  if (!record.ok() || WaitsInPool(*record) || !IsCallable(record->state)) return;
  if (absl::Status noticed = machine_.Greet(); !noticed.ok()) Fail(noticed);
}

IdleStep LiveBrowser::NextStep(const Browser& record) const {
  return idle_.Next(record, world_.connections.IsActive(id_), machine_.base() != nullptr);
}

void LiveBrowser::Arm() {
  // Before anything is counted from the present: time that passes meanwhile (a suspended host) may
  // make the deadline too early, which does no harm, but not too late.
  const absl::Duration now = world_.clock.Uptime();
  const absl::StatusOr<Browser> record = world_.records.GetLive(id_);
  absl::Duration in = record.ok() ? NextStep(*record).in : absl::InfiniteDuration();
  for (const StandbyWaiter& waiter : standby_waiters_) {
    in = std::min(in, waiter.deadline - now);
  }
  if (machine_.has_leftover() || world_.records.IsInDoubt(id_)) in = std::min(in, kRetry);
  world_.deadlines.Set(id_, now + in);
}

void LiveBrowser::OnDeadline() {
  const absl::StatusOr<Browser> record = world_.records.GetLive(id_);
  if (!record.ok()) return;
  if (record->state == BrowserState::kDeleting) return FinishDeleting(nullptr);
  if (failure_.has_value()) return FinishFailing();
  if (machine_.has_leftover()) machine_.Drop().IgnoreError();
  world_.records.Settle(id_).IgnoreError();
  const IdleStep step = NextStep(*record);
  if (step.in > absl::ZeroDuration() || step.action == IdleAction::kNone) {
    OnIdle();
    return;
  }
  if (step.action == IdleAction::kDelete) {
    Log(LogLevel::kInfo, "browser_timed_out", {{"session_id", id_.value()}});
    Delete(nullptr);
    return;
  }
  const bool deepens = step.action == IdleAction::kDeepen;
  const absl::Status slept =
      Standby(deepens ? StandbyLevel::kDisk : StandbyLevel::kPaused).status();
  if (slept.ok() && deepens) LeaveMachine();
  if (slept.ok() || absl::IsAborted(slept)) return;
  Log(LogLevel::kWarning, "standby_failed", {{"session_id", id_.value()}, {"status", slept}});
}

void LiveBrowser::OnVmStopped(const VmId& vm, const absl::Status& reason) {
  const absl::StatusOr<Browser> record = world_.records.GetLive(id_);
  if (!record.ok() || record->state == BrowserState::kDeleting) return;
  if (!machine_.exists() || machine_.vm() != vm) return;
  Fail(reason);
}

}  // namespace orch
