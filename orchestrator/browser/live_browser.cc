#include "orchestrator/browser/live_browser.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/browser/idle_policy.h"
#include "orchestrator/snapshot/console_excerpt.h"

namespace orch {
namespace {

constexpr size_t kConsoleTailBytes = 4096;
// A guest that runs again answers within milliseconds, on a busy host within seconds.
constexpr absl::Duration kGreetTimeout = absl::Seconds(15);
// A machine that cannot be ended at once gets another chance.
constexpr int kTearDownTries = 3;
// Before what failed is tried again on a browser that stays idle.
constexpr absl::Duration kIdleRetry = absl::Seconds(5);

absl::Status WrongState(const Browser& browser, absl::string_view verb) {
  return absl::FailedPreconditionError(absl::StrCat(
      "browser ", browser.id.value(), " is ", ToString(browser.state), " and cannot be ", verb));
}

}  // namespace

LiveBrowser::LiveBrowser(SessionId id, World& world, ThreadPool& pool, Done settled)
    : id_(std::move(id)),
      world_(world),
      strand_(pool, Strand::Begin::kWhenStarted),
      last_active_(world.clock.Uptime()),
      interrupt_(std::make_shared<CancelToken>()),
      settled_(std::move(settled)) {}

void LiveBrowser::Run(absl::AnyInvocable<void(LiveBrowser&)> work) {
  strand_.Run([self = shared_from_this(), work = std::move(work)]() mutable { work(*self); });
}

std::shared_ptr<CancelToken> LiveBrowser::interrupt() const {
  absl::MutexLock lock(&mutex_);
  return interrupt_;
}

void LiveBrowser::RenewInterrupt() {
  if (deletions_ == 0) interrupt_ = std::make_shared<CancelToken>();
}

void LiveBrowser::Interrupt(const absl::Status& reason) { interrupt()->Cancel(reason); }

void LiveBrowser::DeleteSoon(Done done) {
  {
    absl::MutexLock lock(&mutex_);
    ++deletions_;
  }
  Interrupt(absl::AbortedError("it was deleted meanwhile"));
  Run([done = std::move(done)](LiveBrowser& browser) mutable {
    {
      absl::MutexLock lock(&browser.mutex_);
      --browser.deletions_;
      browser.RenewInterrupt();
    }
    browser.Delete(std::move(done));
  });
}

void LiveBrowser::NoteVmStopped(const VmId& vm, const absl::Status& reason) {
  std::shared_ptr<CancelToken> token;
  {
    absl::MutexLock lock(&mutex_);
    if (machine_ != vm) return;
    token = interrupt_;
  }
  token->Cancel(reason);
  Run([vm, reason](LiveBrowser& browser) { browser.OnVmStopped(vm, reason); });
}

void LiveBrowser::NoteActivity() {
  absl::MutexLock lock(&mutex_);
  last_active_ = world_.clock.Uptime();
}

bool LiveBrowser::IsInPool(const Browser& record) const {
  return record.membership.has_value() && !record.acquired_at.has_value();
}

void LiveBrowser::SetMachine(Clone clone) {
  base_ = std::move(clone.base);
  vm_ = std::move(clone.vm);
  channel_.reset();
  {
    absl::MutexLock lock(&mutex_);
    machine_ = vm_->id;
  }
  world_.owners.Bind(vm_->id, id_);
}

absl::StatusOr<Browser> LiveBrowser::Present() const {
  ORCH_ASSIGN_OR_RETURN(Browser record, world_.records.Get(id_));
  if (failure_.has_value() && !IsTerminal(record.state)) {
    return absl::FailedPreconditionError(failure_->message());
  }
  return record;
}

void LiveBrowser::Begin(absl::StatusOr<Clone> clone) {
  const absl::StatusOr<Browser> record = world_.records.GetLive(id_);
  if (!record.ok() || record->state != BrowserState::kCreating) {  // Deleted while it was made.
    if (clone.ok()) world_.shells.Abandon(clone->vm.id);
    return;
  }
  absl::StatusOr<Browser> ready = TryBegin(std::move(clone));
  if (!ready.ok()) {
    Fail(ready.status());
    return;
  }
  Log(LogLevel::kInfo, "browser_ready", {{"session_id", id_.value()}});
  if (settled_) std::exchange(settled_, nullptr)(*std::move(ready));
}

absl::StatusOr<Browser> LiveBrowser::TryBegin(absl::StatusOr<Clone> clone) {
  ORCH_RETURN_IF_ERROR(clone.status());
  SetMachine(*std::move(clone));
  ORCH_RETURN_IF_ERROR(interrupt()->status());
  ORCH_ASSIGN_OR_RETURN(const Browser creating, world_.records.Update(id_, [&](Browser& browser) {
    browser.vm = vm_->id;
    browser.template_key = base_->key;
  }));
  ORCH_RETURN_IF_ERROR(ResumeGuest(Greeting::kNewGuest));
  const bool in_pool = IsInPool(creating);
  if (in_pool) ORCH_RETURN_IF_ERROR(world_.driver.Pause(vm_->id));
  ORCH_ASSIGN_OR_RETURN(Browser ready, world_.records.Transition(id_, BrowserState::kReady));
  if (!in_pool) Open();
  return ready;
}

void LiveBrowser::Adopt(std::optional<VmInfo> vm, TemplateRef base) {
  base_ = std::move(base);
  vm_ = std::move(vm);
  if (vm_.has_value()) {
    {
      absl::MutexLock lock(&mutex_);
      machine_ = vm_->id;
    }
    world_.owners.Bind(vm_->id, id_);
  }
  const absl::StatusOr<Browser> record = world_.records.GetLive(id_);
  if (!record.ok()) return;
  if (absl::Status adopted = TryAdopt(*record); !adopted.ok()) Fail(adopted);
}

absl::Status LiveBrowser::TryAdopt(const Browser& record) {
  Log(LogLevel::kInfo, "browser_adopted",
      {{"session_id", id_.value()}, {"state", ToString(record.state)}});
  if (!vm_.has_value()) {
    Arm();
    return absl::OkStatus();
  }
  // A machine that ended since it was listed is an error here.
  ORCH_RETURN_IF_ERROR(world_.driver.Get(vm_->id).status());
  if (IsInPool(record) || record.state == BrowserState::kStandby) {
    paused_at_ = world_.clock.Uptime();
    ORCH_RETURN_IF_ERROR(world_.driver.Pause(vm_->id));
    Arm();
    return absl::OkStatus();
  }
  ORCH_RETURN_IF_ERROR(ResumeGuest(Greeting::kSameGuest));
  Open();
  return absl::OkStatus();
}

absl::Status LiveBrowser::ResumeGuest(Greeting greeting) {
  ORCH_RETURN_IF_ERROR(world_.driver.Resume(vm_->id));
  return Greet(greeting);
}

absl::Status LiveBrowser::Greet(Greeting greeting) {
  if (std::holds_alternative<std::monostate>(vm_->agent)) return absl::OkStatus();
  if (channel_ == nullptr) channel_ = world_.guests.ChannelTo(vm_->agent);
  return Annotate(world_.guests.Greet(*channel_, greeting, absl::StrCat("browser-", id_.value()),
                                      absl::Now() + kGreetTimeout, *interrupt()),
                  "its guest did not take notice that it runs");
}

void LiveBrowser::Reopen() {
  if (absl::Status resumed = ResumeGuest(Greeting::kSameGuest); !resumed.ok()) {
    Fail(resumed);
    return;
  }
  Open();
}

void LiveBrowser::Open() {
  if (channel_ != nullptr) world_.connections.Add(id_, channel_);
  NoteActivity();
  Arm();
}

void LiveBrowser::Acquire(Done done) {
  const absl::StatusOr<Browser> record = Present();
  if (!record.ok() || record->state != BrowserState::kReady || !IsInPool(*record)) {
    done(record.ok() ? WrongState(*record, "acquired") : record.status());
    return;
  }
  if (absl::Status resumed = world_.driver.Resume(vm_->id); !resumed.ok()) {
    Fail(resumed);
    done(resumed);
    return;
  }
  absl::StatusOr<Browser> acquired = world_.records.Update(id_, [&](Browser& browser) {
    browser.state = BrowserState::kAcquired;
    browser.acquired_at = world_.clock.Now();
  });
  if (!acquired.ok()) {
    world_.driver.Pause(vm_->id).IgnoreError();
    done(acquired.status());
    return;
  }
  NoteActivity();
  done(*std::move(acquired));
  if (absl::Status noticed = Greet(Greeting::kSameGuest); !noticed.ok()) {
    Fail(noticed);
    return;
  }
  Open();
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
    world_.deadlines.Clear(id_);
    if (from_disk) world_.states.Remove(id_).IgnoreError();
    return ready;
  }
  // Its client still holds it, as it was.
  if (from_disk && vm_.has_value()) DropMachine().IgnoreError();
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
  if (!vm_.has_value()) ORCH_RETURN_IF_ERROR(RestoreMachine());
  ORCH_RETURN_IF_ERROR(world_.driver.Pause(vm_->id));
  return world_.records.Update(id_, [&](Browser& browser) {
    browser.state = BrowserState::kReady;
    browser.acquired_at.reset();
    browser.vm = vm_->id;
  });
}

absl::StatusOr<Browser> LiveBrowser::Standby(StandbyLevel level) {
  ORCH_ASSIGN_OR_RETURN(const Browser record, Present());
  if (record.state != BrowserState::kStandby) {
    if (IsInPool(record) || !IsCallable(record.state))
      return WrongState(record, "put into standby");
    if (!world_.connections.RemoveIfIdle(id_)) {
      return absl::AbortedError(
          absl::StrCat("browser ", id_.value(), " is busy: calls are under way"));
    }
    if (absl::Status paused = PauseForStandby(); !paused.ok()) {
      retry_at_ = world_.clock.Uptime() + kIdleRetry;
      Reopen();
      return paused;
    }
  }
  const absl::Status deep = level == StandbyLevel::kDisk ? Deepen() : absl::OkStatus();
  if (!deep.ok()) retry_at_ = world_.clock.Uptime() + kIdleRetry;
  Arm();
  ORCH_RETURN_IF_ERROR(deep);
  return world_.records.GetLive(id_);
}

absl::Status LiveBrowser::PauseForStandby() {
  ORCH_RETURN_IF_ERROR(world_.driver.Pause(vm_->id));
  ORCH_RETURN_IF_ERROR(world_.records
                           .Update(id_,
                                   [](Browser& browser) {
                                     browser.state = BrowserState::kStandby;
                                     browser.standby_level = StandbyLevel::kPaused;
                                   })
                           .status());
  paused_at_ = world_.clock.Uptime();
  Log(LogLevel::kInfo, "browser_standby", {{"session_id", id_.value()}, {"level", "paused"}});
  return absl::OkStatus();
}

absl::Status LiveBrowser::Deepen() {
  if (!vm_.has_value()) return absl::OkStatus();
  if (base_ == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "browser ", id_.value(), " cannot sleep on disk: the template that it is of is gone"));
  }
  ORCH_RETURN_IF_ERROR(world_.budget.CheckStandby(world_.states.SizeBytes()));
  const absl::Duration began = world_.clock.Uptime();
  // One that could not be removed when it was woken from.
  ORCH_RETURN_IF_ERROR(world_.states.Remove(id_));
  ORCH_ASSIGN_OR_RETURN(
      const PageCount pages,
      world_.states.Save(id_, vm_->id, base_, world_.cloner.ScratchDiskOf(vm_->id, base_),
                         SavedStates::Disk::kLink));
  const absl::Status recorded = world_.records
                                    .Update(id_,
                                            [](Browser& browser) {
                                              browser.standby_level = StandbyLevel::kDisk;
                                              browser.vm.reset();
                                            })
                                    .status();
  if (!recorded.ok()) {
    world_.states.Remove(id_).IgnoreError();
    return recorded;
  }
  Log(LogLevel::kInfo, "browser_standby",
      {{"session_id", id_.value()},
       {"level", "disk"},
       {"changed_bytes", pages.changed_bytes},
       {"file_bytes", pages.file_bytes},
       {"took_ms", absl::ToInt64Milliseconds(world_.clock.Uptime() - began)}});
  if (absl::Status dropped = DropMachine(); !dropped.ok()) {
    Log(LogLevel::kError, "machine_left_behind",
        {{"session_id", id_.value()}, {"status", dropped}});
  }
  return absl::OkStatus();
}

void LiveBrowser::StandbyWhenIdle(StandbyLevel level, absl::Duration deadline, Done done) {
  absl::StatusOr<Browser> asleep = Standby(level);
  if (!absl::IsAborted(asleep.status())) {
    done(std::move(asleep));
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
  if (IsInPool(record)) {
    return absl::FailedPreconditionError(
        absl::StrCat("browser ", id_.value(), " is idle in its pool; acquire one from there"));
  }
  ORCH_RETURN_IF_ERROR(Wake().status());
  if (channel_ != nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("browser ", id_.value(),
                                                    " has no agent to call: its image ",
                                                    record.spec.image, " has none"));
}

absl::StatusOr<Browser> LiveBrowser::Wake() {
  ORCH_ASSIGN_OR_RETURN(const Browser record, Present());
  if (record.state != BrowserState::kStandby) {
    if (IsCallable(record.state) && !IsInPool(record)) return record;
    return WrongState(record, "woken");
  }
  const absl::Duration began = world_.clock.Uptime();
  const bool from_disk = !vm_.has_value();
  if (from_disk) {
    const absl::Status restored = RestoreMachine();
    if (absl::IsDataLoss(restored)) Fail(restored);
    ORCH_RETURN_IF_ERROR(restored);
  }
  // From here on its saved state is of no use: the machine is about to change the disk.
  absl::StatusOr<Browser> awake = world_.records.Update(id_, [&](Browser& browser) {
    browser.state =
        browser.acquired_at.has_value() ? BrowserState::kAcquired : BrowserState::kReady;
    browser.vm = vm_->id;
  });
  if (!awake.ok()) {
    if (from_disk) DropMachine().IgnoreError();
    Arm();
    return awake.status();
  }
  if (absl::Status resumed = ResumeGuest(Greeting::kSameGuest); !resumed.ok()) {
    Fail(resumed);
    return resumed;
  }
  Open();
  Log(LogLevel::kInfo, "browser_woke",
      {{"session_id", id_.value()},
       {"level", from_disk ? "disk" : "paused"},
       {"took_ms", absl::ToInt64Milliseconds(world_.clock.Uptime() - began)}});
  if (from_disk) {
    if (absl::Status removed = world_.states.Remove(id_); !removed.ok()) {
      Log(LogLevel::kError, "state_left_behind",
          {{"session_id", id_.value()}, {"status", removed}});
    }
  }
  return awake;
}

absl::Status LiveBrowser::RestoreMachine() {
  // The machine that it slept from may hold its disk.
  ORCH_RETURN_IF_ERROR(DropMachine());
  ORCH_RETURN_IF_ERROR(world_.budget.Wake(id_.value()));
  absl::StatusOr<SavedState> state = world_.states.Open(id_);
  absl::StatusOr<Clone> clone = state.ok()
                                    ? world_.cloner.FromState(*state, SavedStates::Disk::kLink)
                                    : absl::StatusOr<Clone>(state.status());
  if (!clone.ok()) {
    world_.budget.Sleep(id_.value());
    return Annotate(clone.status(), absl::StrCat("waking browser ", id_.value()));
  }
  SetMachine(*std::move(clone));
  return absl::OkStatus();
}

absl::StatusOr<LiveBrowser::ForkSource> LiveBrowser::PrepareFork() {
  ORCH_ASSIGN_OR_RETURN(const Browser record, Present());
  const bool asleep = record.state == BrowserState::kStandby;
  if (!asleep && (IsInPool(record) || !IsCallable(record.state)))
    return WrongState(record, "forked");
  if (!vm_.has_value()) {
    ORCH_ASSIGN_OR_RETURN(SavedState own, world_.states.Open(id_));
    return ForkSource{.state = std::move(own), .temporary = std::nullopt};
  }
  if (base_ == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "browser ", id_.value(), " cannot be forked: the template that it is of is gone"));
  }
  ORCH_RETURN_IF_ERROR(world_.budget.CheckStandby(world_.states.SizeBytes()));
  const SessionId name = SessionId::Generate();
  absl::StatusOr<SavedState> state = SaveForFork(name);
  if (!asleep) {
    if (absl::Status resumed = ResumeGuest(Greeting::kSameGuest); !resumed.ok()) {
      Fail(resumed);
      state = resumed;
    }
  }
  if (state.ok()) return ForkSource{.state = *std::move(state), .temporary = name};
  world_.states.Remove(name).IgnoreError();
  return state.status();
}

absl::StatusOr<SavedState> LiveBrowser::SaveForFork(const SessionId& name) {
  ORCH_RETURN_IF_ERROR(world_.driver.Pause(vm_->id));
  ORCH_RETURN_IF_ERROR(world_.states
                           .Save(name, vm_->id, base_, world_.cloner.ScratchDiskOf(vm_->id, base_),
                                 SavedStates::Disk::kCopy)
                           .status());
  return world_.states.Open(name);
}

IdleFacts LiveBrowser::Facts(const Browser& record) const {
  const absl::Duration now = world_.clock.Uptime();
  absl::MutexLock lock(&mutex_);
  return {.state = record.state,
          .level = record.standby_level,
          .in_pool = IsInPool(record),
          .active = world_.connections.IsActive(id_),
          .idle_for = now - last_active_,
          .paused_for = now - paused_at_,
          .timeout = record.spec.timeout,
          .standby_after = std::max(*record.spec.standby_after, retry_at_ - last_active_),
          .deepen_after = base_ == nullptr ? absl::InfiniteDuration()
                                           : std::max(world_.deepen_after, retry_at_ - paused_at_)};
}

void LiveBrowser::Arm() {
  const absl::StatusOr<Browser> record = world_.records.GetLive(id_);
  absl::Duration in = record.ok() ? NextIdleStep(Facts(*record)).in : absl::InfiniteDuration();
  for (const StandbyWaiter& waiter : standby_waiters_) {
    in = std::min(in, waiter.deadline - world_.clock.Uptime());
  }
  if (leftover_.has_value()) in = std::min(in, kIdleRetry);
  world_.deadlines.Set(id_, in == absl::InfiniteDuration() ? in : world_.clock.Uptime() + in);
}

void LiveBrowser::OnDeadline() {
  const absl::StatusOr<Browser> record = world_.records.GetLive(id_);
  if (!record.ok()) return;
  if (record->state == BrowserState::kDeleting) return FinishDeleting(nullptr);
  if (failure_.has_value()) return FinishFailing();
  if (leftover_.has_value()) DropMachine().IgnoreError();
  const IdleStep step = NextIdleStep(Facts(*record));
  if (step.in > absl::ZeroDuration() || step.action == IdleAction::kNone) {
    OnIdle();
    return;
  }
  if (step.action == IdleAction::kDelete) {
    Log(LogLevel::kInfo, "browser_timed_out", {{"session_id", id_.value()}});
    Delete(nullptr);
    return;
  }
  const absl::Status slept =
      Standby(step.action == IdleAction::kPause ? StandbyLevel::kPaused : StandbyLevel::kDisk)
          .status();
  if (slept.ok() || absl::IsAborted(slept)) return;
  Log(LogLevel::kWarning, "standby_failed", {{"session_id", id_.value()}, {"status", slept}});
}

void LiveBrowser::OnVmStopped(const VmId& vm, const absl::Status& reason) {
  const absl::StatusOr<Browser> record = world_.records.GetLive(id_);
  if (!record.ok() || record->state == BrowserState::kDeleting) return;
  if (!vm_.has_value() || vm_->id != vm) return;
  Fail(reason);
}

void LiveBrowser::Delete(Done done) {
  const absl::StatusOr<Browser> live = world_.records.GetLive(id_);
  if (!live.ok()) {  // It ended while this waited for its turn.
    if (done) done(world_.records.Get(id_));
    return;
  }
  if (live->state != BrowserState::kDeleting) {
    absl::StatusOr<Browser> deleting = world_.records.Transition(id_, BrowserState::kDeleting);
    if (!deleting.ok()) {
      if (failure_.has_value()) {  // It waited for its deletion.
        FinishFailing();
      } else {
        world_.deadlines.Set(id_, world_.clock.Uptime() + kIdleRetry);
      }
      if (done) done(deleting.status());
      return;
    }
  }
  FinishDeleting(std::move(done));
}

void LiveBrowser::FinishDeleting(Done done) {
  world_.connections.Remove(id_, absl::FailedPreconditionError(
                                     absl::StrCat("browser ", id_.value(), " is being deleted")));
  const absl::Status down = TearDown();
  absl::StatusOr<Browser> deleted =
      down.ok() ? world_.records.Transition(id_, BrowserState::kDeleted) : down;
  if (deleted.ok()) {
    Log(LogLevel::kInfo, "browser_deleted", {{"session_id", id_.value()}});
  } else {
    Log(LogLevel::kError, "delete_failed",
        {{"session_id", id_.value()}, {"status", deleted.status()}});
    TryEndAgainLater();
  }
  if (settled_) {
    std::exchange(settled_, nullptr)(absl::AbortedError(
        absl::StrCat("browser ", id_.value(), " was deleted while being created")));
  }
  if (done) done(std::move(deleted));
}

void LiveBrowser::Fail(const absl::Status& reason) {
  if (!world_.records.GetLive(id_).ok()) return;  // It has ended already.
  if (!failure_.has_value()) {
    failure_ = absl::Status(reason.code(), absl::StrCat("browser ", id_.value(), ": ",
                                                        reason.message(), ConsoleNote()));
    Log(LogLevel::kError, "browser_failed", {{"session_id", id_.value()}, {"status", reason}});
  }
  {
    absl::MutexLock lock(&mutex_);
    if (deletions_ > 0) return;
  }
  FinishFailing();
}

void LiveBrowser::FinishFailing() {
  world_.connections.Remove(id_, *failure_);
  absl::Status ended = TearDown();
  if (ended.ok()) {
    ended = world_.records.Transition(id_, BrowserState::kFailed, failure_->message()).status();
  }
  if (!ended.ok()) {
    Log(LogLevel::kError, "browser_not_ended", {{"session_id", id_.value()}, {"status", ended}});
    TryEndAgainLater();
  }
  if (settled_) std::exchange(settled_, nullptr)(*failure_);
}

void LiveBrowser::TryEndAgainLater() {
  world_.deadlines.Set(id_, world_.clock.Uptime() + kIdleRetry);
}

void LiveBrowser::Stop(const absl::Status& reason) {
  for (StandbyWaiter& waiter : std::exchange(standby_waiters_, {})) waiter.done(reason);
}

absl::Status LiveBrowser::TearDown() {
  world_.deadlines.Clear(id_);
  Stop(absl::FailedPreconditionError(absl::StrCat("browser ", id_.value(), " has ended")));
  ORCH_RETURN_IF_ERROR(DropMachine());
  ORCH_RETURN_IF_ERROR(world_.states.Remove(id_));
  base_.reset();
  return absl::OkStatus();
}

absl::Status LiveBrowser::DropMachine() {
  if (vm_.has_value()) {
    world_.owners.Unbind(vm_->id);
    channel_.reset();
    leftover_ = std::exchange(vm_, std::nullopt)->id;
    absl::MutexLock lock(&mutex_);
    machine_.reset();
    RenewInterrupt();
  }
  if (!leftover_.has_value()) return absl::OkStatus();
  absl::Status down = world_.shells.Destroy(*leftover_);
  for (int i = 1; i < kTearDownTries && !down.ok(); ++i) {
    absl::SleepFor(world_.tear_down_pause);
    down = world_.shells.Destroy(*leftover_);
  }
  ORCH_RETURN_IF_ERROR(down);
  leftover_.reset();
  world_.budget.Sleep(id_.value());
  return absl::OkStatus();
}

std::string LiveBrowser::ConsoleNote() const {
  if (!vm_.has_value()) return "";
  const absl::StatusOr<std::string> tail =
      world_.driver.ConsoleTail(world_.directories.PathOf(vm_->id), kConsoleTailBytes);
  const std::string excerpt = tail.ok() ? ConsoleExcerpt(*tail) : "";
  return excerpt.empty() ? "" : absl::StrCat("; last console lines:\n", excerpt);
}

}  // namespace orch
