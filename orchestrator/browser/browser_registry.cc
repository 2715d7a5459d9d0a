#include "orchestrator/browser/browser_registry.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/browser/fork_batch.h"
#include "orchestrator/browser/push_order.h"
#include "orchestrator/browser/resolve_spec.h"

namespace orch {
namespace {

constexpr size_t kLookupThreads = 2;
// A browser that sleeps, wakes or ends holds one while it does.
constexpr size_t kStrandThreads = 16;
// Clones of a template that turns out damaged.
constexpr int kCloneTries = 2;
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
      connections_(
          [this](const SessionId& id) {
            if (const Entry entry = Find(id)) entry->NoteActivity();
          },
          [this](const SessionId& id) {
            const Entry entry = Find(id);
            if (entry != nullptr) entry->Run([](LiveBrowser& browser) { browser.OnIdle(); });
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
      room_(deps_.budget,
            {.pushable = [this](RoomMaker::Reach reach) { return Pushable(reach); },
             .push = [this](const SessionId& id,
                            absl::AnyInvocable<void()> done) { Push(id, std::move(done)); }}),
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
  room_.Stop(Stopping());
  for (const Entry& entry : entries) {
    const absl::StatusOr<Browser> record = records_.GetLive(entry->id());
    if (record.ok() && record->state == BrowserState::kCreating) entry->Interrupt(Stopping());
    entry->Run([](LiveBrowser& browser) { browser.Stop(Stopping()); });
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

absl::StatusOr<BrowserRegistry::Inserted> BrowserRegistry::Insert(
    const Browser& browser, std::optional<RoomMaker::Reach> reach, Done settled) {
  const uint64_t memory_mib = browser.spec.memory_mib;
  const absl::Status admitted = deps_.budget.Admit(browser.id.value(), memory_mib);
  if (!admitted.ok()) {
    const bool could_make_room = HostBudget::IsLackOfMemory(admitted) && reach.has_value() &&
                                 room_.CouldMake(memory_mib, *reach);
    if (!could_make_room) return admitted;
    deps_.budget.Adopt(browser.id.value(), memory_mib, /*awake=*/false);
  }
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
  return Inserted{.entry = std::move(entry), .has_room = admitted.ok()};
}

absl::StatusOr<Browser> BrowserRegistry::CreateBrowser(const BrowserSpec& spec, Done settled) {
  ORCH_ASSIGN_OR_RETURN(const Plan plan, Resolve(spec));
  Browser browser{.id = SessionId::Generate()};
  browser.spec = plan.spec;
  browser.created_at = deps_.clock.Now();
  browser.image_digest = plan.image.digest;
  constexpr auto kReach = RoomMaker::Reach::kPausedAndPooled;
  ORCH_ASSIGN_OR_RETURN(const Inserted inserted, Insert(browser, kReach, std::move(settled)));
  Make(inserted, plan, Cloner::Hurry::kNow, kReach);
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
  constexpr auto kReach = RoomMaker::Reach::kPaused;
  const absl::StatusOr<Inserted> inserted =
      Insert(browser, kReach,
             [shared](absl::StatusOr<Browser> settled) { (*shared)(std::move(settled)); });
  if (!inserted.ok()) {
    (*shared)(inserted.status());
    return inserted.status();
  }
  Make(*inserted, *plan, Cloner::Hurry::kLater, kReach);
  return browser.id;
}

void BrowserRegistry::Make(const Inserted& inserted, const Plan& plan, Cloner::Hurry hurry,
                           RoomMaker::Reach reach) {
  const Entry& entry = inserted.entry;
  if (inserted.has_room) return MakeFromTemplate(entry, plan, hurry, kCloneTries);
  room_.Request(
      plan.spec.memory_mib, reach,
      [this, id = entry->id()] { return deps_.budget.Wake(id.value()); },
      [this, entry, plan, hurry](const absl::Status& room) {
        if (room.ok()) return MakeFromTemplate(entry, plan, hurry, kCloneTries);
        entry->Run([room](LiveBrowser& browser) { browser.Begin(room); });
      });
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
  bool stopping = false;
  {
    absl::MutexLock lock(&mutex_);
    stopping = stopping_;
    if (!stopping) ++awaited_clones_;
  }
  if (stopping) {
    entry->Run([](LiveBrowser& browser) { browser.Begin(Stopping()); });
    return;
  }
  deps_.templates.GetOrBuild(
      plan.base, plan.image, Templates::Memory::kCallers,
      [this, entry, plan, hurry, tries](absl::StatusOr<TemplateRef> base) {
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

void BrowserRegistry::OnStrandWithRoom(const SessionId& id, Done done,
                                       std::function<void(LiveBrowser&, Done)> work) {
  // Whoever answers: the first attempt, the making of room, or the second attempt.
  auto shared = std::make_shared<Done>(std::move(done));
  auto answer = [this, id, work, shared](absl::StatusOr<Browser> first) {
    const bool lacks_memory = HostBudget::IsLackOfMemory(first.status());
    const absl::StatusOr<Browser> record =
        lacks_memory ? records_.GetLive(id) : absl::StatusOr<Browser>(absl::NotFoundError(""));
    if (!record.ok()) {
      (*shared)(std::move(first));
      return;
    }
    room_.Request(
        record->spec.memory_mib, RoomMaker::Reach::kPausedAndPooled,
        [this, id] { return deps_.budget.Wake(id.value()); },
        [this, id, work, shared](const absl::Status& room) {
          if (!room.ok()) {
            (*shared)(room);
            return;
          }
          OnStrand(
              id, [shared](absl::StatusOr<Browser> second) { (*shared)(std::move(second)); }, work);
        });
  };
  OnStrand(id, std::move(answer), std::move(work));
}

std::vector<RoomMaker::Pushable> BrowserRegistry::Pushable(RoomMaker::Reach reach) const {
  std::vector<PushCandidate> candidates;
  for (Browser& browser : records_.Live()) {
    const Entry entry = Find(browser.id);
    if (entry != nullptr) candidates.push_back({std::move(browser), entry->last_active()});
  }
  return PushOrder(candidates, reach);
}

void BrowserRegistry::Push(const SessionId& id, absl::AnyInvocable<void()> done) {
  const Entry entry = Find(id);
  if (entry == nullptr) return done();
  entry->Run([done = std::move(done)](LiveBrowser& browser) mutable {
    const absl::Status given = browser.GiveUpMemory();
    Log(LogLevel::kInfo, "memory_given_up",
        {{"session_id", browser.id().value()}, {"status", given}});
    done();
  });
}

void BrowserRegistry::Acquire(const SessionId& id, Done done) {
  OnStrandWithRoom(id, std::move(done),
                   [](LiveBrowser& browser, Done answer) { browser.Acquire(std::move(answer)); });
}

void BrowserRegistry::Release(const SessionId& id, Done done) {
  OnStrandWithRoom(id, std::move(done),
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
  OnStrandWithRoom(id, std::move(done),
                   [](LiveBrowser& browser, Done answer) { browser.Wake(std::move(answer)); });
}

void BrowserRegistry::Update(const SessionId& id, const Changes& changes, Done done) {
  OnStrand(id, std::move(done), [this, id, changes](LiveBrowser& browser, Done answer) {
    const absl::Status valid = CheckTimes(changes.timeout, changes.standby_after);
    if (!valid.ok()) {
      answer(valid);
      return;
    }
    answer(records_.Update(id, [&](Browser& record) {
      record.spec.timeout = changes.timeout.value_or(record.spec.timeout);
      if (changes.standby_after.has_value()) record.spec.standby_after = changes.standby_after;
      if (changes.viewport.has_value()) record.spec.viewport = changes.viewport;
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
  const absl::StatusOr<Browser> source = records_.GetLive(id);
  const uint64_t memory_mib = source.ok() ? uint64_t{source->spec.memory_mib} * count : 0;
  // Not while the source's strand is kept busy. Whoever refuses the forks says why better than this
  // would.
  room_.Request(
      memory_mib, RoomMaker::Reach::kPausedAndPooled,
      [this, memory_mib] {
        return memory_mib == 0 ? absl::OkStatus() : deps_.budget.CheckRoom(memory_mib);
      },
      [this, id, count, shared](const absl::Status&) {
        OnStrand(
            id, [shared](const absl::StatusOr<Browser>& missing) { (*shared)(missing.status()); },
            [this, count, shared](LiveBrowser& browser, const Done&) {
              ForkOnStrand(browser, count, std::move(*shared));
            });
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
    absl::StatusOr<Inserted> inserted =
        Insert(fork, /*reach=*/std::nullopt,
               [batch](absl::StatusOr<Browser> settled) { batch->Add(std::move(settled)); });
    if (!inserted.ok()) {
      batch->Add(inserted.status());
      cloning.DecrementCount();
      continue;
    }
    clone_pool_.Run([this, entry = std::move(inserted->entry), &state, &cloning] {
      absl::StatusOr<Clone> clone =
          Measured([&] { return deps_.cloner.FromState(state, SavedStates::Disk::kCopy); });
      entry->Run([clone = std::move(clone)](LiveBrowser& browser) mutable {
        browser.BeginFork(std::move(clone));
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
    lookup_pool_.Run([this] {
      deps_.shells.Trim();
      records_.SettleInserts();
    });
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
  using LeaseDone = absl::AnyInvocable<void(absl::StatusOr<GuestLease>)>;
  auto shared = std::make_shared<LeaseDone>(std::move(done));
  OnStrandWithRoom(
      id, [shared](const absl::StatusOr<Browser>& error) { (*shared)(error.status()); },
      [this, deadline, shared](LiveBrowser& browser, Done failed) {
        if (absl::Status callable = browser.MakeCallable(); !callable.ok()) {
          failed(callable);
        } else if (!connections_.Lease(browser.id(), deadline, *shared)) {
          failed(WhyNotCallable(browser.id()));
        }
      });
}

}  // namespace orch
