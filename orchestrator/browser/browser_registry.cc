#include "orchestrator/browser/browser_registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/browser/fork_batch.h"
#include "orchestrator/browser/resolve_spec.h"

namespace orch {
namespace {

constexpr size_t kLookupThreads = 2;
// A browser that sleeps, wakes or ends holds one while it does.
constexpr size_t kStrandThreads = 16;
// Clones of a template that turns out damaged.
constexpr int kCloneTries = 2;
constexpr absl::Duration kUpkeepPeriod = absl::Seconds(10);
constexpr absl::Duration kDefaultTimeout = absl::Seconds(60);
constexpr absl::Duration kDefaultPoolTimeout = absl::Seconds(600);

absl::Status Stopping() { return absl::UnavailableError("the daemon is stopping"); }

}  // namespace

absl::StatusOr<std::unique_ptr<BrowserRegistry>> BrowserRegistry::Create(Dependencies dependencies,
                                                                         Options options) {
  std::unique_ptr<BrowserRegistry> registry(new BrowserRegistry(dependencies, std::move(options)));
  ORCH_RETURN_IF_ERROR(registry->Recover());
  return registry;
}

BrowserRegistry::BrowserRegistry(Dependencies dependencies, Options options)
    : deps_(dependencies),
      options_(std::move(options)),
      records_(deps_.store, deps_.clock),
      connections_([this](const SessionId& id) {
        const Entry entry = Find(id);
        if (entry == nullptr) return;
        entry->NoteActivity();
        entry->Run([](LiveBrowser& browser) { browser.OnIdle(); });
      }),
      deadlines_(deps_.clock, [this](const SessionId& id) { OnDeadline(id); }),
      world_{.driver = deps_.driver,
             .cloner = deps_.cloner,
             .shells = deps_.shells,
             .states = deps_.states,
             .guests = deps_.guests,
             .budget = deps_.budget,
             .observer = deps_.observer,
             .records = records_,
             .connections = connections_,
             .deadlines = deadlines_,
             .owners = owners_,
             .clock = deps_.clock,
             .directories = deps_.directories,
             .deepen_after = options_.deepen_after,
             .tear_down_pause = options_.tear_down_pause},
      lookup_pool_(kLookupThreads),
      strand_pool_(kStrandThreads),
      clone_pool_(options_.max_concurrent_clones) {}

BrowserRegistry::~BrowserRegistry() {
  vm_events_.reset();
  deadlines_.Stop();
  deps_.templates.Cancel(Stopping());
  std::vector<Entry> entries;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    mutex_.Await(absl::Condition(
        +[](size_t* awaited) { return *awaited == 0; }, &awaited_clones_));
    for (const auto& [id, entry] : entries_) entries.push_back(entry);
    entries_.clear();
  }
  for (const Entry& entry : entries) {
    const absl::StatusOr<Browser> record = records_.GetLive(entry->id());
    if (record.ok() && record->state == BrowserState::kCreating) entry->Interrupt(Stopping());
    entry->Run([](LiveBrowser& browser) { browser.Stop(Stopping()); });
  }
}

absl::Status BrowserRegistry::Recover() {
  ORCH_RETURN_IF_ERROR(records_.Load());
  RecoveryInput input{.records = records_.Live(), .running_vms = {}, .directories = {}};
  {
    absl::MutexLock lock(&mutex_);
    for (const Browser& browser : input.records) {
      auto entry = std::make_shared<LiveBrowser>(browser.id, world_, strand_pool_,
                                                 /*settled=*/nullptr);
      entry->Start();
      entries_.emplace(browser.id, std::move(entry));
      deps_.budget.Adopt(browser.id.value(), browser.spec.memory_mib, browser.vm.has_value());
    }
  }
  watch_ = records_.Watch([this](const Browser& browser) { OnRecord(browser); });
  // Before List: a machine that ends meanwhile is noticed one way or the other.
  vm_events_ = deps_.driver.Subscribe([this](const VmEvent& event) { OnVmEvent(event); });
  ORCH_ASSIGN_OR_RETURN(const std::vector<VmInfo> vms, deps_.driver.List());
  ORCH_ASSIGN_OR_RETURN(const std::vector<VmId> directories, deps_.directories.List());
  input.directories.insert(directories.begin(), directories.end());
  for (const VmInfo& vm : vms) input.running_vms.insert(vm.id);
  const RecoveryPlan plan = PlanRecovery(input);
  ORCH_RETURN_IF_ERROR(deps_.states.RemoveLeftovers(plan.asleep));
  Apply(plan, vms);
  deadlines_.Set(upkeep_, deps_.clock.Uptime() + kUpkeepPeriod);
  return deadlines_.Start();
}

void BrowserRegistry::Apply(const RecoveryPlan& plan, const std::vector<VmInfo>& vms) {
  for (const VmId& id : plan.orphans) {
    Log(LogLevel::kInfo, "orphan_found", {{"vm_id", id.value()}});
    deps_.shells.Abandon(id);
  }
  AdoptAll(plan, vms);
  absl::BlockingCounter left(static_cast<int>(plan.fail.size() + plan.finish_deleting.size()));
  for (const RecoveryPlan::Failure& failure : plan.fail) {
    Find(failure.id)->Run([&left, reason = failure.reason](LiveBrowser& browser) {
      browser.Fail(absl::AbortedError(reason));
      left.DecrementCount();
    });
  }
  for (const SessionId& id : plan.finish_deleting) {
    Find(id)->Run([&left](LiveBrowser& browser) {
      browser.Delete(nullptr);
      left.DecrementCount();
    });
  }
  left.Wait();
}

void BrowserRegistry::AdoptAll(const RecoveryPlan& plan, const std::vector<VmInfo>& vms) {
  for (const SessionId& id : plan.adopt) {
    const absl::StatusOr<Browser> record = records_.GetLive(id);
    const Entry entry = Find(id);
    if (!record.ok() || entry == nullptr) continue;
    std::optional<VmInfo> machine;
    for (const VmInfo& vm : vms) {
      if (vm.id == record->vm) machine = vm;
    }
    // Pins the template. Without one the browser runs, but cannot sleep on disk any more.
    absl::StatusOr<TemplateRef> base = deps_.catalog.Peek(record->template_key);
    if (!base.ok()) {
      Log(LogLevel::kWarning, "template_missing",
          {{"session_id", id.value()}, {"status", base.status()}});
    }
    entry->Run([machine, base = base.ok() ? *base : nullptr](LiveBrowser& browser) {
      browser.Adopt(machine, base);
    });
  }
}

absl::StatusOr<BrowserRegistry::Plan> BrowserRegistry::Resolve(const BrowserSpec& spec) const {
  return ResolveWith(spec, kDefaultTimeout);
}

absl::StatusOr<BrowserSpec> BrowserRegistry::ResolvePooled(const BrowserSpec& spec) const {
  ORCH_ASSIGN_OR_RETURN(Plan plan, ResolveWith(spec, kDefaultPoolTimeout));
  return std::move(plan.spec);
}

absl::StatusOr<BrowserRegistry::Plan> BrowserRegistry::ResolveWith(
    const BrowserSpec& spec, absl::Duration default_timeout) const {
  Plan plan;
  ORCH_ASSIGN_OR_RETURN(plan.image,
                        deps_.images.Get(spec.image.empty() ? options_.default_image : spec.image));
  const HostInfo& host = deps_.driver.host();
  ORCH_ASSIGN_OR_RETURN(plan.spec, ResolveSpec(spec, plan.image, host, default_timeout));
  plan.base = ResolveTemplate(plan.spec, plan.image, host);
  return plan;
}

absl::StatusOr<BrowserRegistry::Entry> BrowserRegistry::Insert(const Browser& browser,
                                                               Done settled) {
  ORCH_RETURN_IF_ERROR(deps_.budget.Admit(browser.id.value(), browser.spec.memory_mib));
  auto entry = std::make_shared<LiveBrowser>(browser.id, world_, strand_pool_, std::move(settled));
  {
    absl::MutexLock lock(&mutex_);
    entries_.emplace(browser.id, entry);
  }
  // What others want of it already comes after its record was shown to everybody.
  const absl::Status kept = records_.Insert(browser);
  if (!kept.ok()) {
    deps_.budget.Remove(browser.id.value());
    absl::MutexLock lock(&mutex_);
    entries_.erase(browser.id);
  }
  entry->Start();
  if (!kept.ok()) return kept;
  return entry;
}

absl::StatusOr<Browser> BrowserRegistry::CreateBrowser(const BrowserSpec& spec, Done settled) {
  ORCH_ASSIGN_OR_RETURN(const Plan plan, Resolve(spec));
  Browser browser{.id = SessionId::Generate()};
  browser.spec = plan.spec;
  browser.created_at = deps_.clock.Now();
  browser.image_digest = plan.image.digest;
  ORCH_ASSIGN_OR_RETURN(const Entry entry, Insert(browser, std::move(settled)));
  MakeFromTemplate(entry, plan, Cloner::Hurry::kNow, kCloneTries);
  return browser;
}

absl::StatusOr<SessionId> BrowserRegistry::CreatePooled(const Pool& pool, Done done) {
  const absl::StatusOr<Plan> plan = ResolveWith(pool.spec.browser, kDefaultPoolTimeout);
  if (!plan.ok()) {
    done(plan.status());
    return plan.status();
  }
  Browser browser{.id = SessionId::Generate()};
  browser.spec = plan->spec;
  browser.created_at = deps_.clock.Now();
  browser.image_digest = plan->image.digest;
  browser.membership = PoolMembership{.pool = pool.id, .generation = pool.generation};
  // The callback is either the entry's, or called here.
  auto shared = std::make_shared<Done>(std::move(done));
  absl::StatusOr<Entry> entry =
      Insert(browser, [shared](absl::StatusOr<Browser> settled) { (*shared)(std::move(settled)); });
  if (!entry.ok()) {
    (*shared)(entry.status());
    return entry.status();
  }
  MakeFromTemplate(*entry, *plan, Cloner::Hurry::kLater, kCloneTries);
  return browser.id;
}

absl::StatusOr<Clone> BrowserRegistry::Measured(
    absl::FunctionRef<absl::StatusOr<Clone>()> make) const {
  const absl::Duration began = deps_.clock.Uptime();
  absl::StatusOr<Clone> clone = make();
  deps_.observer.OnClone(clone.status(), deps_.clock.Uptime() - began);
  return clone;
}

void BrowserRegistry::MakeFromTemplate(const Entry& entry, const Plan& plan, Cloner::Hurry hurry,
                                       int tries) {
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return;  // The next daemon records that it was not made.
    ++awaited_clones_;
  }
  deps_.templates.GetOrBuild(
      plan.base, plan.image, [this, entry, plan, hurry, tries](absl::StatusOr<TemplateRef> base) {
        if (base.ok()) {
          clone_pool_.Run([this, entry, plan, hurry, tries, base = *std::move(base)]() mutable {
            // Not for one that was deleted meanwhile.
            if (!records_.GetLive(entry->id()).ok()) return;
            absl::StatusOr<Clone> clone =
                Measured([&] { return deps_.cloner.FromTemplate(base, hurry); });
            base.reset();
            if (absl::IsDataLoss(clone.status()) && tries > 1) {
              // The template was damaged, and is gone now: it is built anew.
              MakeFromTemplate(entry, plan, hurry, tries - 1);
              return;
            }
            entry->Run([clone = std::move(clone)](LiveBrowser& browser) mutable {
              browser.Begin(std::move(clone));
            });
          });
        } else {
          entry->Run([reason = base.status()](LiveBrowser& browser) { browser.Begin(reason); });
        }
        absl::MutexLock lock(&mutex_);
        --awaited_clones_;
      });
}

void BrowserRegistry::OnStrand(const SessionId& id, Done done,
                               absl::AnyInvocable<void(LiveBrowser&, Done)> work) {
  if (const Entry entry = Find(id)) {
    entry->Run([work = std::move(work), done = std::move(done)](LiveBrowser& browser) mutable {
      work(browser, std::move(done));
    });
    return;
  }
  lookup_pool_.Run([this, id, done = std::move(done)]() mutable { done(WhyNotCallable(id)); });
}

void BrowserRegistry::Acquire(const SessionId& id, Done done) {
  OnStrand(id, std::move(done),
           [](LiveBrowser& browser, Done answer) { browser.Acquire(std::move(answer)); });
}

void BrowserRegistry::Release(const SessionId& id, Done done) {
  OnStrand(id, std::move(done),
           [](LiveBrowser& browser, Done answer) { answer(browser.Release()); });
}

void BrowserRegistry::DeleteBrowser(const SessionId& id, Done done) {
  const Entry entry = Find(id);
  if (entry == nullptr) {
    lookup_pool_.Run([this, id, done = std::move(done)]() mutable { done(records_.Get(id)); });
    return;
  }
  entry->DeleteSoon(std::move(done));
}

void BrowserRegistry::Standby(const SessionId& id, StandbyLevel level, absl::Duration wait,
                              Done done) {
  const absl::Duration deadline = deps_.clock.Uptime() + wait;
  OnStrand(id, std::move(done), [level, deadline](LiveBrowser& browser, Done answer) {
    browser.StandbyWhenIdle(level, deadline, std::move(answer));
  });
}

void BrowserRegistry::Resume(const SessionId& id, Done done) {
  OnStrand(id, std::move(done), [](LiveBrowser& browser, Done answer) { answer(browser.Wake()); });
}

void BrowserRegistry::Update(const SessionId& id, const Times& times, Done done) {
  OnStrand(id, std::move(done), [this, id, times](LiveBrowser& browser, Done answer) {
    const absl::Status valid = CheckTimes(times.timeout, times.standby_after);
    if (!valid.ok()) {
      answer(valid);
      return;
    }
    answer(records_.Update(id, [&](Browser& record) {
      record.spec.timeout = times.timeout.value_or(record.spec.timeout);
      if (times.standby_after.has_value()) record.spec.standby_after = times.standby_after;
    }));
    browser.OnIdle();
  });
}

void BrowserRegistry::Fork(const SessionId& id, uint32_t count, ForkDone done) {
  if (count == 0 || count > kMaxForks) {
    done(absl::InvalidArgumentError(
        absl::StrCat("count is ", count, "; it must be 1..", kMaxForks)));
    return;
  }
  auto shared = std::make_shared<ForkDone>(std::move(done));
  OnStrand(
      id, [shared](const absl::StatusOr<Browser>& missing) { (*shared)(missing.status()); },
      [this, count, shared](LiveBrowser& source, const Done&) {
        ForkOnStrand(source, count, std::move(*shared));
      });
}

void BrowserRegistry::ForkOnStrand(LiveBrowser& source, uint32_t count, ForkDone done) {
  bool stopping = false;
  {
    absl::MutexLock lock(&mutex_);
    stopping = stopping_;
    if (!stopping) ++awaited_clones_;
  }
  if (stopping) {
    done(Stopping());
    return;
  }
  absl::StatusOr<LiveBrowser::ForkSource> state = source.PrepareFork();
  if (state.ok()) {
    MakeForks(source, state->state, count, std::move(done));
    if (state->temporary.has_value()) deps_.states.Remove(*state->temporary).IgnoreError();
  } else {
    done(state.status());
    source.FinishFork();
  }
  absl::MutexLock lock(&mutex_);
  --awaited_clones_;
}

void BrowserRegistry::MakeForks(LiveBrowser& source, const SavedState& state, uint32_t count,
                                ForkDone done) {
  const absl::StatusOr<Browser> record = records_.GetLive(source.id());
  if (!record.ok()) {
    done(record.status());
    return;
  }
  // Deletes the forks again when one of them fails.
  auto batch = std::make_shared<ForkBatch>(
      count,
      [this](const SessionId& id) { DeleteBrowser(id, [](const absl::StatusOr<Browser>&) {}); },
      std::move(done));
  absl::BlockingCounter cloning(static_cast<int>(count));
  for (uint32_t i = 0; i < count; ++i) {
    Browser fork{.id = SessionId::Generate()};
    fork.spec = record->spec;
    fork.created_at = deps_.clock.Now();
    fork.image_digest = record->image_digest;
    absl::StatusOr<Entry> entry =
        Insert(fork, [batch](absl::StatusOr<Browser> settled) { batch->Add(std::move(settled)); });
    if (!entry.ok()) {
      batch->Add(entry.status());
      cloning.DecrementCount();
      continue;
    }
    clone_pool_.Run([this, entry = *entry, &state, &cloning] {
      absl::StatusOr<Clone> clone =
          Measured([&] { return deps_.cloner.FromState(state, SavedStates::Disk::kCopy); });
      entry->Run([clone = std::move(clone)](LiveBrowser& browser) mutable {
        browser.Begin(std::move(clone));
      });
      cloning.DecrementCount();
    });
  }
  source.FinishFork();
  // Until then the source must neither wake, which would change the state, nor end.
  cloning.Wait();
}

void BrowserRegistry::OnRecord(const Browser& browser) {
  if (!IsTerminal(browser.state)) return;
  deps_.budget.Remove(browser.id.value());
  absl::MutexLock lock(&mutex_);
  entries_.erase(browser.id);
}

void BrowserRegistry::OnDeadline(const SessionId& id) {
  if (id == upkeep_) {
    lookup_pool_.Run([this] { deps_.shells.Trim(); });
    deadlines_.Set(upkeep_, deps_.clock.Uptime() + kUpkeepPeriod);
    return;
  }
  const Entry entry = Find(id);
  if (entry == nullptr) return;
  entry->Run([](LiveBrowser& browser) { browser.OnDeadline(); });
}

void BrowserRegistry::OnVmEvent(const VmEvent& event) {
  if (event.kind != VmEventKind::kStopped) return;
  const std::optional<SessionId> id = owners_.Find(event.id);
  const Entry entry = id.has_value() ? Find(*id) : nullptr;
  if (entry == nullptr) return;
  const absl::Status reason =
      absl::UnavailableError(absl::StrCat("its virtual machine ended: ", event.reason));
  entry->NoteVmStopped(event.id, reason);
}

BrowserRegistry::Entry BrowserRegistry::Find(const SessionId& id) const {
  absl::MutexLock lock(&mutex_);
  const auto it = entries_.find(id);
  return it == entries_.end() ? nullptr : it->second;
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
  const Entry entry = Find(id);
  if (entry == nullptr) {
    lookup_pool_.Run([this, id, done = std::move(done)]() mutable { done(WhyNotCallable(id)); });
    return;
  }
  entry->Run([this, deadline, done = std::move(done)](LiveBrowser& browser) mutable {
    if (absl::Status callable = browser.MakeCallable(); !callable.ok()) {
      done(callable);
    } else if (!connections_.Lease(browser.id(), deadline, done)) {
      done(WhyNotCallable(browser.id()));
    }
  });
}

}  // namespace orch
