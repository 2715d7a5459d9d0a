#include "orchestrator/browser/browser_registry.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/browser/resolve_spec.h"

namespace orch {
namespace {

constexpr size_t kLookupThreads = 2;
constexpr size_t kStrandThreads = 4;
// A machine that libvirt cannot end at once gets another chance.
constexpr int kTearDownTries = 3;
constexpr absl::Duration kTearDownPause = absl::Seconds(1);

}  // namespace

absl::StatusOr<std::unique_ptr<BrowserRegistry>> BrowserRegistry::Create(Dependencies dependencies,
                                                                         Options options) {
  std::unique_ptr<BrowserRegistry> registry(new BrowserRegistry(dependencies, std::move(options)));
  ORCH_RETURN_IF_ERROR(registry->Recover());
  return registry;
}

BrowserRegistry::BrowserRegistry(Dependencies dependencies, Options options)
    : driver_(dependencies.driver),
      images_(dependencies.images),
      clock_(dependencies.clock),
      options_(std::move(options)),
      records_(dependencies.store, dependencies.clock),
      directories_(options_.state_dir + "/vms", driver_.host().vm_uid, driver_.host().vm_gid),
      scratch_disks_(options_.state_dir + "/scratch"),
      launcher_(driver_, dependencies.transport, directories_, scratch_disks_, clock_,
                options_.boot_timeout),
      lookup_pool_(kLookupThreads),
      strand_pool_(kStrandThreads),
      boot_pool_(options_.max_concurrent_boots) {}

BrowserRegistry::~BrowserRegistry() {
  vm_events_.reset();
  CancelBoots();
}

void BrowserRegistry::CancelBoots() {
  for (const std::shared_ptr<Entry>& entry : Entries()) {
    entry->cancel_boot.Cancel(absl::UnavailableError("the daemon is stopping"));
  }
}

absl::Status BrowserRegistry::Recover() {
  ORCH_RETURN_IF_ERROR(scratch_disks_.RemoveLeftovers());
  ORCH_RETURN_IF_ERROR(records_.Load());
  RecoveryInput input{.records = records_.Live(), .running_vms = {}, .directories = {}};
  {
    absl::MutexLock lock(&mutex_);
    for (const Browser& browser : input.records) {
      entries_.emplace(browser.id,
                       std::make_shared<Entry>(browser.id, browser.spec.memory_mib, strand_pool_));
    }
  }
  // With the entries in place and before List, so that a machine which ends meanwhile is noticed
  // one way or the other.
  vm_events_ = driver_.Subscribe([this](const VmEvent& event) { OnVmEvent(event); });
  ORCH_ASSIGN_OR_RETURN(const std::vector<VmInfo> vms, driver_.List());
  ORCH_ASSIGN_OR_RETURN(const std::vector<SessionId> directories, directories_.List());
  input.directories.insert(directories.begin(), directories.end());
  for (const VmInfo& vm : vms) input.running_vms.insert(vm.id);
  const RecoveryPlan plan = PlanRecovery(input);
  for (const VmInfo& vm : vms) {
    if (std::find(plan.adopt.begin(), plan.adopt.end(), vm.id) == plan.adopt.end()) continue;
    Log(LogLevel::kInfo, "browser_adopted", {{"session_id", vm.id.value()}});
    connections_.Add(vm.id, launcher_.Attach(vm));
    // It may have ended, and been failed, before it was added.
    if (!records_.GetLive(vm.id).ok()) Forget(vm.id);
  }
  Apply(plan);
  return absl::OkStatus();
}

void BrowserRegistry::Apply(const RecoveryPlan& plan) {
  for (const SessionId& id : plan.orphans) {
    const absl::Status down = launcher_.TearDown(id);
    Log(down.ok() ? LogLevel::kWarning : LogLevel::kError, "orphan_removed",
        {{"session_id", id.value()}, {"status", down}});
  }
  absl::BlockingCounter left(static_cast<int>(plan.fail.size() + plan.finish_deleting.size()));
  const auto on_strand = [&](const SessionId& id,
                             std::function<void(std::shared_ptr<Entry>)> work) {
    const std::shared_ptr<Entry> entry = Find(id);
    if (entry == nullptr) {  // An event was faster.
      left.DecrementCount();
      return;
    }
    entry->strand.Run([&left, entry, work = std::move(work)] {
      work(entry);
      left.DecrementCount();
    });
  };
  for (const RecoveryPlan::Failure& failure : plan.fail) {
    on_strand(failure.id, [this, reason = absl::AbortedError(failure.reason)](
                              const std::shared_ptr<Entry>& entry) { Fail(entry, reason); });
  }
  for (const SessionId& id : plan.finish_deleting) {
    on_strand(id, [this](const std::shared_ptr<Entry>& entry) { FinishDeleting(entry); });
  }
  left.Wait();
}

absl::StatusOr<Browser> BrowserRegistry::CreateBrowser(const BrowserSpec& spec, Done settled) {
  ORCH_ASSIGN_OR_RETURN(const Image image,
                        images_.Get(spec.image.empty() ? options_.default_image : spec.image));
  if (!image.has_agent) {
    return absl::InvalidArgumentError(absl::StrCat(
        "spec.image: image ", image.name, " has no agent, so no browser can be made of it"));
  }
  Browser browser{.id = SessionId::Generate()};
  ORCH_ASSIGN_OR_RETURN(browser.spec, ResolveSpec(spec, image, driver_.host()));
  browser.created_at = clock_.Now();
  browser.image_digest = image.digest;
  ORCH_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry,
                        Admit(browser.id, browser.spec, std::move(settled)));
  if (absl::Status kept = records_.Insert(browser); !kept.ok()) {
    Forget(browser.id);
    return kept;
  }
  boot_pool_.Run([this, entry, browser, image] { Boot(entry, browser, image); });
  return browser;
}

absl::StatusOr<std::shared_ptr<BrowserRegistry::Entry>> BrowserRegistry::Admit(
    const SessionId& id, const BrowserSpec& spec, Done settled) {
  const uint64_t budget =
      options_.memory_budget_mib != 0 ? options_.memory_budget_mib : driver_.host().memory_mib;
  absl::MutexLock lock(&mutex_);
  uint64_t committed = 0;
  for (const auto& [other, entry] : entries_) committed += entry->memory_mib;
  if (committed + spec.memory_mib > budget) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the host is full: browsers hold ", committed, " of ", budget, " MiB and this one needs ",
        spec.memory_mib, " MiB; delete browsers or raise memory_budget_mib"));
  }
  auto entry = std::make_shared<Entry>(id, spec.memory_mib, strand_pool_);
  entry->booting = true;
  entry->settled = std::move(settled);
  entries_.emplace(id, entry);
  return entry;
}

void BrowserRegistry::Boot(const std::shared_ptr<Entry>& entry, const Browser& browser,
                           const Image& image) {
  if (entry->boot_claimed.exchange(true)) return;  // Deleted before its turn came.
  absl::Status ready_to_boot = entry->cancel_boot.status();
  if (ready_to_boot.ok()) ready_to_boot = images_.Verify(image);
  absl::StatusOr<std::shared_ptr<GuestChannel>> channel =
      ready_to_boot.ok() ? launcher_.Launch(browser, image, entry->cancel_boot) : ready_to_boot;
  entry->strand.Run([this, entry, channel = std::move(channel)]() mutable {
    FinishBoot(entry, std::move(channel));
  });
}

void BrowserRegistry::FinishBoot(const std::shared_ptr<Entry>& entry,
                                 absl::StatusOr<std::shared_ptr<GuestChannel>> channel) {
  entry->booting = false;
  // The machine may have ended, or its deletion been asked for, since the boot succeeded.
  if (absl::Status cancelled = entry->cancel_boot.status(); !cancelled.ok()) channel = cancelled;
  if (!entry->deleted.empty()) {
    FinishDeleting(entry);
    return;
  }
  if (!channel.ok()) {
    Fail(entry, channel.status());
    return;
  }
  connections_.Add(entry->id, *std::move(channel));
  absl::StatusOr<Browser> ready = records_.Transition(entry->id, BrowserState::kReady);
  if (!ready.ok()) {
    Fail(entry, ready.status());
    return;
  }
  Log(LogLevel::kInfo, "browser_ready", {{"session_id", entry->id.value()}});
  std::exchange(entry->settled, nullptr)(std::move(ready));
}

void BrowserRegistry::DeleteBrowser(const SessionId& id, Done done) {
  const std::shared_ptr<Entry> entry = Find(id);
  if (entry == nullptr) {
    lookup_pool_.Run([this, id, done = std::move(done)]() mutable { done(records_.Get(id)); });
    return;
  }
  entry->cancel_boot.Cancel(absl::AbortedError("it was deleted while being created"));
  entry->strand.Run([this, entry, done = std::move(done)]() mutable {
    absl::StatusOr<Browser> live = records_.GetLive(entry->id);
    if (!live.ok()) {  // It ended while this waited for its turn.
      done(records_.Get(entry->id));
      return;
    }
    entry->deleted.push_back(std::move(done));
    if (live->state != BrowserState::kDeleting) {
      absl::StatusOr<Browser> deleting = records_.Transition(entry->id, BrowserState::kDeleting);
      if (!deleting.ok()) {
        std::exchange(entry->deleted, {}).back()(deleting.status());
        return;
      }
    }
    // A boot under way has been cancelled, and FinishBoot goes on from there; one that waits for
    // its turn never begins.
    if (entry->booting && !entry->boot_claimed.exchange(true)) entry->booting = false;
    if (!entry->booting) FinishDeleting(entry);
  });
}

void BrowserRegistry::Fail(const std::shared_ptr<Entry>& entry, const absl::Status& reason) {
  if (!records_.GetLive(entry->id).ok()) return;  // It has ended already.
  const absl::Status full(reason.code(),
                          absl::StrCat("browser ", entry->id.value(), ": ", reason.message(),
                                       launcher_.ConsoleNote(entry->id)));
  Log(LogLevel::kError, "browser_failed", {{"session_id", entry->id.value()}, {"status", reason}});
  connections_.Remove(entry->id, full);
  absl::Status ended = TearDownPersistently(entry->id);
  if (ended.ok()) {
    ended = records_.Transition(entry->id, BrowserState::kFailed, full.message()).status();
  }
  if (ended.ok()) {
    Forget(entry->id);
  } else {  // It keeps its entry, and with it its memory, until it is deleted.
    Log(LogLevel::kError, "browser_not_ended",
        {{"session_id", entry->id.value()}, {"status", ended}});
  }
  if (entry->settled) std::exchange(entry->settled, nullptr)(full);
}

absl::Status BrowserRegistry::TearDownPersistently(const SessionId& id) {
  absl::Status down = launcher_.TearDown(id);
  for (int i = 1; i < kTearDownTries && !down.ok(); ++i) {
    absl::SleepFor(kTearDownPause);
    down = launcher_.TearDown(id);
  }
  return down;
}

void BrowserRegistry::FinishDeleting(const std::shared_ptr<Entry>& entry) {
  connections_.Remove(entry->id, absl::FailedPreconditionError(absl::StrCat(
                                     "browser ", entry->id.value(), " is being deleted")));
  const absl::Status down = TearDownPersistently(entry->id);
  absl::StatusOr<Browser> deleted =
      down.ok() ? records_.Transition(entry->id, BrowserState::kDeleted) : down;
  if (deleted.ok()) {
    Log(LogLevel::kInfo, "browser_deleted", {{"session_id", entry->id.value()}});
    Forget(entry->id);
  } else {
    Log(LogLevel::kError, "delete_failed",
        {{"session_id", entry->id.value()}, {"status", deleted.status()}});
  }
  if (entry->settled) {
    std::exchange(entry->settled, nullptr)(absl::AbortedError(
        absl::StrCat("browser ", entry->id.value(), " was deleted while being created")));
  }
  for (Done& done : std::exchange(entry->deleted, {})) done(deleted);
}

void BrowserRegistry::Forget(const SessionId& id) {
  connections_.Remove(
      id, absl::FailedPreconditionError(absl::StrCat("browser ", id.value(), " has ended")));
  absl::MutexLock lock(&mutex_);
  entries_.erase(id);
}

void BrowserRegistry::OnVmEvent(const VmEvent& event) {
  if (event.kind != VmEventKind::kStopped) return;
  const std::shared_ptr<Entry> entry = Find(event.id);
  if (entry == nullptr) return;
  const absl::Status reason =
      absl::UnavailableError(absl::StrCat("its virtual machine ended: ", event.reason));
  entry->cancel_boot.Cancel(reason);
  entry->strand.Run([this, entry, reason] {
    absl::StatusOr<Browser> live = records_.GetLive(entry->id);
    // A boot notices by its token; a deletion expects it.
    if (entry->booting || !live.ok() || live->state == BrowserState::kDeleting) return;
    Fail(entry, reason);
  });
}

uint64_t BrowserRegistry::CommittedMemoryMib() const {
  absl::MutexLock lock(&mutex_);
  uint64_t committed = 0;
  for (const auto& [id, entry] : entries_) committed += entry->memory_mib;
  return committed;
}

std::shared_ptr<BrowserRegistry::Entry> BrowserRegistry::Find(const SessionId& id) const {
  absl::MutexLock lock(&mutex_);
  const auto it = entries_.find(id);
  return it == entries_.end() ? nullptr : it->second;
}

std::vector<std::shared_ptr<BrowserRegistry::Entry>> BrowserRegistry::Entries() const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<Entry>> entries;
  for (const auto& [id, entry] : entries_) entries.push_back(entry);
  return entries;
}

absl::Status BrowserRegistry::WhyNotCallable(const SessionId& id) const {
  ORCH_ASSIGN_OR_RETURN(const Browser browser, records_.Get(id));
  return absl::FailedPreconditionError(absl::StrCat(
      "browser ", id.value(), " is ", ToString(browser.state), " and cannot be called",
      browser.failure_reason.empty() ? "" : absl::StrCat(": ", browser.failure_reason)));
}

void BrowserRegistry::Lease(const SessionId& id, absl::Time deadline,
                            absl::AnyInvocable<void(absl::StatusOr<GuestLease>)> done) {
  if (connections_.Lease(id, deadline, done)) return;
  lookup_pool_.Run([this, id, done = std::move(done)]() mutable { done(WhyNotCallable(id)); });
}

}  // namespace orch
