#include "orchestrator/browser/browser_machine.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/snapshot/console_excerpt.h"

namespace orch {
namespace {

constexpr size_t kConsoleTailBytes = 4096;
// A guest that runs again answers within milliseconds, on a busy host within seconds.
constexpr absl::Duration kGreetTimeout = absl::Seconds(15);
// A machine that cannot be ended at once gets another chance.
constexpr int kDestroyTries = 3;

}  // namespace

void BrowserMachine::Take(Clone clone) {
  channel_.reset();
  Adopt(std::move(clone.vm), std::move(clone.base));
}

void BrowserMachine::Adopt(std::optional<VmInfo> vm, TemplateRef base) {
  base_ = std::move(base);
  vm_ = std::move(vm);
  if (!vm_.has_value()) return;
  interrupt_.BeginMachine(vm_->id);
  world_.owners.Bind(vm_->id, id_);
}

absl::Status BrowserMachine::CheckExists() { return world_.driver.Get(vm_->id).status(); }

absl::Status BrowserMachine::Pause() { return world_.driver.Pause(vm_->id); }

absl::Status BrowserMachine::Run() { return world_.driver.Resume(vm_->id); }

absl::Status BrowserMachine::Greet() {
  if (std::holds_alternative<std::monostate>(vm_->agent)) return absl::OkStatus();
  if (channel_ == nullptr) channel_ = world_.guests.ChannelTo(vm_->agent);
  return Annotate(world_.guests.Greet(*channel_, absl::StrCat("browser-", id_.value()),
                                      absl::Now() + kGreetTimeout, *interrupt_.token()),
                  "its guest did not take notice that it runs");
}

absl::Status BrowserMachine::Resume() {
  ORCH_RETURN_IF_ERROR(Run());
  return Greet();
}

absl::Status BrowserMachine::CheckSavable() const {
  if (base_ == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("the state of browser ", id_.value(),
                     " cannot be saved: the build of its template that it is of is gone, or "
                     "unknown; use it as it is in memory, then delete it and create another"));
  }
  return world_.budget.CheckStandby(world_.states.SizeBytes());
}

absl::StatusOr<PageCount> BrowserMachine::Save() {
  // One that could not be removed when it was woken from.
  ORCH_RETURN_IF_ERROR(RemoveSaved());
  return world_.states.Save(id_, vm_->id, base_, world_.cloner.ScratchDiskOf(vm_->id, base_),
                            SavedStates::Disk::kLink);
}

absl::StatusOr<SavedState> BrowserMachine::SaveForFork(const SessionId& name) {
  ORCH_RETURN_IF_ERROR(Pause());
  ORCH_RETURN_IF_ERROR(world_.states
                           .Save(name, vm_->id, base_, world_.cloner.ScratchDiskOf(vm_->id, base_),
                                 SavedStates::Disk::kCopy)
                           .status());
  return world_.states.Open(name);
}

absl::Status BrowserMachine::Restore() {
  // The machine that it slept from may hold its disk.
  ORCH_RETURN_IF_ERROR(Drop());
  ORCH_RETURN_IF_ERROR(world_.budget.Wake(id_.value()));
  absl::StatusOr<SavedState> state = OpenSaved();
  absl::StatusOr<Clone> clone = state.ok()
                                    ? world_.cloner.FromState(*state, SavedStates::Disk::kLink)
                                    : absl::StatusOr<Clone>(state.status());
  if (!clone.ok()) {
    world_.budget.Sleep(id_.value());
    return Annotate(clone.status(), absl::StrCat("waking browser ", id_.value()));
  }
  Take(*std::move(clone));
  return absl::OkStatus();
}

absl::Status BrowserMachine::Drop() {
  if (vm_.has_value()) {
    world_.owners.Unbind(vm_->id);
    channel_.reset();
    leftover_ = std::exchange(vm_, std::nullopt)->id;
    interrupt_.EndMachine();
  }
  if (!leftover_.has_value()) return absl::OkStatus();
  absl::Status down = world_.shells.Destroy(*leftover_);
  for (int i = 1; i < kDestroyTries && !down.ok(); ++i) {
    absl::SleepFor(world_.tear_down_pause);
    down = world_.shells.Destroy(*leftover_);
  }
  ORCH_RETURN_IF_ERROR(down);
  leftover_.reset();
  world_.budget.Sleep(id_.value());
  return absl::OkStatus();
}

absl::Status BrowserMachine::End() {
  ORCH_RETURN_IF_ERROR(Drop());
  ORCH_RETURN_IF_ERROR(RemoveSaved());
  base_.reset();
  return absl::OkStatus();
}

std::string BrowserMachine::ConsoleNote() const {
  if (!vm_.has_value()) return "";
  const absl::StatusOr<std::string> tail =
      world_.driver.ConsoleTail(world_.directories.PathOf(vm_->id), kConsoleTailBytes);
  const std::string excerpt = tail.ok() ? ConsoleExcerpt(*tail) : "";
  return excerpt.empty() ? "" : absl::StrCat("; last console lines:\n", excerpt);
}

}  // namespace orch
