#include "orchestrator/browser/browser_registry.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/browser/resolve_spec.h"

namespace orch {
namespace {

constexpr size_t kStrandThreads = 4;
constexpr size_t kConnectThreads = 8;
// How long a call without a deadline waits for a guest that does not answer.
constexpr absl::Duration kMaxConnectTime = absl::Seconds(30);

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
      strand_pool_(kStrandThreads),
      connect_pool_(kConnectThreads),
      boot_pool_(options_.max_concurrent_boots) {}

BrowserRegistry::~BrowserRegistry() {
  vm_events_.reset();
  absl::MutexLock lock(&mutex_);
  for (const auto& [id, entry] : entries_) {
    entry->cancel_boot.Cancel(absl::UnavailableError("the daemon is stopping"));
  }
}

absl::Status BrowserRegistry::Recover() {
  ORCH_RETURN_IF_ERROR(records_.Load());
  // Before List, so that a machine which ends meanwhile is noticed one way or the other.
  vm_events_ = driver_.Subscribe([this](const VmEvent& event) { OnVmEvent(event); });
  RecoveryInput input{.records = records_.Live(), .running_vms = {}, .directories = {}};
  ORCH_ASSIGN_OR_RETURN(const std::vector<VmInfo> vms, driver_.List());
  for (const VmInfo& vm : vms) input.running_vms.insert(vm.id);
  ORCH_ASSIGN_OR_RETURN(const std::vector<SessionId> directories, directories_.List());
  input.directories.insert(directories.begin(), directories.end());
  {
    absl::MutexLock lock(&mutex_);
    for (const Browser& browser : input.records) {
      entries_.emplace(browser.id,
                       std::make_shared<Entry>(browser.id, browser.spec.memory_mib, strand_pool_));
    }
    for (const VmInfo& vm : vms) {
      if (entries_.contains(vm.id)) channels_.emplace(vm.id, launcher_.Attach(vm));
    }
  }
  return Apply(PlanRecovery(input));
}

absl::Status BrowserRegistry::Apply(const RecoveryPlan& plan) {
  for (const SessionId& id : plan.orphans) {
    Log(LogLevel::kWarning, "orphan_removed", {{"session_id", id.value()}});
    ORCH_RETURN_IF_ERROR(launcher_.TearDown(id));
  }
  for (const SessionId& id : plan.adopt) {
    Log(LogLevel::kInfo, "browser_adopted", {{"session_id", id.value()}});
  }
  for (const RecoveryPlan::Failure& failure : plan.fail) {
    Fail(Find(failure.id), absl::AbortedError(failure.reason));
  }
  for (const SessionId& id : plan.finish_deleting) FinishDeleting(Find(id));
  return absl::OkStatus();
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
  ORCH_ASSIGN_OR_RETURN(const std::shared_ptr<Entry> entry, Admit(browser.id, browser.spec));
  if (absl::Status kept = records_.Insert(browser); !kept.ok()) {
    Forget(browser.id);
    return kept;
  }
  entry->strand.Run([this, entry, browser, image, settled = std::move(settled)]() mutable {
    entry->settled = std::move(settled);
    entry->booting = true;
    boot_pool_.Run([this, entry, browser, image] { Boot(entry, browser, image); });
  });
  return browser;
}

absl::StatusOr<std::shared_ptr<BrowserRegistry::Entry>> BrowserRegistry::Admit(
    const SessionId& id, const BrowserSpec& spec) {
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
  entries_.emplace(id, entry);
  return entry;
}

void BrowserRegistry::Boot(const std::shared_ptr<Entry>& entry, const Browser& browser,
                           const Image& image) {
  absl::Status verified = images_.Verify(image);
  absl::StatusOr<std::shared_ptr<GuestChannel>> channel =
      verified.ok() ? launcher_.Launch(browser, image, entry->cancel_boot) : verified;
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
  {
    absl::MutexLock lock(&mutex_);
    channels_.insert_or_assign(entry->id, *std::move(channel));
  }
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
    connect_pool_.Run([this, id, done = std::move(done)]() mutable { done(records_.Get(id)); });
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
    // A boot under way ends soon, and FinishBoot goes on from there.
    if (!entry->booting) FinishDeleting(entry);
  });
}

void BrowserRegistry::Fail(const std::shared_ptr<Entry>& entry, const absl::Status& reason) {
  const absl::Status full(reason.code(),
                          absl::StrCat("browser ", entry->id.value(), ": ", reason.message(),
                                       launcher_.ConsoleNote(entry->id)));
  Log(LogLevel::kError, "browser_failed", {{"session_id", entry->id.value()}, {"status", reason}});
  {
    absl::MutexLock lock(&mutex_);
    channels_.erase(entry->id);
  }
  if (absl::Status down = launcher_.TearDown(entry->id); !down.ok()) {
    Log(LogLevel::kError, "teardown_failed", {{"session_id", entry->id.value()}, {"status", down}});
  }
  absl::StatusOr<Browser> failed =
      records_.Transition(entry->id, BrowserState::kFailed, full.message());
  if (!failed.ok()) {
    Log(LogLevel::kError, "record_not_kept",
        {{"session_id", entry->id.value()}, {"status", failed.status()}});
  }
  Forget(entry->id);
  if (entry->settled) std::exchange(entry->settled, nullptr)(full);
}

void BrowserRegistry::FinishDeleting(const std::shared_ptr<Entry>& entry) {
  {
    absl::MutexLock lock(&mutex_);
    channels_.erase(entry->id);
  }
  const absl::Status down = launcher_.TearDown(entry->id);
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
  absl::MutexLock lock(&mutex_);
  entries_.erase(id);
  channels_.erase(id);
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

std::shared_ptr<GuestChannel> BrowserRegistry::FindChannel(const SessionId& id) const {
  absl::MutexLock lock(&mutex_);
  const auto it = channels_.find(id);
  return it == channels_.end() ? nullptr : it->second;
}

absl::Status BrowserRegistry::WhyNotCallable(const SessionId& id) const {
  ORCH_ASSIGN_OR_RETURN(const Browser browser, records_.Get(id));
  return absl::FailedPreconditionError(absl::StrCat(
      "browser ", id.value(), " is ", ToString(browser.state), " and cannot be called",
      browser.failure_reason.empty() ? "" : absl::StrCat(": ", browser.failure_reason)));
}

void BrowserRegistry::Lease(const SessionId& id, absl::Time deadline,
                            absl::AnyInvocable<void(absl::StatusOr<GuestLease>)> done) {
  const std::shared_ptr<GuestChannel> guest = FindChannel(id);
  if (guest == nullptr) {
    connect_pool_.Run([this, id, done = std::move(done)]() mutable { done(WhyNotCallable(id)); });
    return;
  }
  auto make_lease = [guest](std::shared_ptr<grpc::Channel> channel) {
    return GuestLease(channel, [guest, channel](bool broken) {
      if (broken) guest->ReportBroken(channel);
    });
  };
  if (std::shared_ptr<grpc::Channel> channel = guest->Current(); channel != nullptr) {
    done(make_lease(std::move(channel)));
    return;
  }
  connect_pool_.Run([id, guest, deadline, make_lease, done = std::move(done)]() mutable {
    auto channel = guest->Get(std::min(deadline, absl::Now() + kMaxConnectTime));
    if (channel.ok()) {
      done(make_lease(*std::move(channel)));
    } else {
      done(Annotate(channel.status(),
                    absl::StrCat("browser ", id.value(), ": its guest cannot be reached")));
    }
  });
}

}  // namespace orch
