// How a browser ends.
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/browser/live_browser.h"

namespace orch {

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
        world_.deadlines.Set(id_, world_.clock.Uptime() + kRetry);
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
                                                        reason.message(), machine_.ConsoleNote()));
    Log(LogLevel::kError, "browser_failed", {{"session_id", id_.value()}, {"status", reason}});
  }
  if (interrupt_.deletion_expected()) return;  // Which finishes it.
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

void LiveBrowser::TryEndAgainLater() { world_.deadlines.Set(id_, world_.clock.Uptime() + kRetry); }

void LiveBrowser::Stop(const absl::Status& reason) {
  for (StandbyWaiter& waiter : std::exchange(standby_waiters_, {})) waiter.done(reason);
}

absl::Status LiveBrowser::TearDown() {
  world_.deadlines.Clear(id_);
  Stop(absl::FailedPreconditionError(absl::StrCat("browser ", id_.value(), " has ended")));
  return machine_.End();
}

}  // namespace orch
