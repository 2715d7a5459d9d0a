#include "orchestrator/pool/pool_registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

// PooledBrowsers hands work on at once, or after one write to the disk.
constexpr size_t kHandoutThreads = 2;
constexpr size_t kUpkeepThreads = 2;

}  // namespace

absl::StatusOr<std::unique_ptr<PoolRegistry>> PoolRegistry::Create(Dependencies dependencies,
                                                                   Options options) {
  std::unique_ptr<PoolRegistry> registry(new PoolRegistry(std::move(dependencies), options));
  ORCH_ASSIGN_OR_RETURN(
      registry->timer_,
      WakeTimer::Create(registry->dependencies_.clock, [raw = registry.get()] { raw->WakeUp(); }));
  ORCH_RETURN_IF_ERROR(registry->Recover());
  return registry;
}

PoolRegistry::PoolRegistry(Dependencies dependencies, Options options)
    : dependencies_(std::move(dependencies)),
      state_(std::max<size_t>(1, options.max_concurrent_creations)),
      handout_pool_(kHandoutThreads),
      upkeep_pool_(kUpkeepThreads),
      telling_(upkeep_pool_),
      admin_(upkeep_pool_) {}

PoolRegistry::~PoolRegistry() {
  stopping_ = true;
  gate_->Close();
  watch_.reset();
  // It stays until the threads have ended: their last steps set it.
  if (timer_ != nullptr) timer_->Stop();
  absl::flat_hash_map<Ticket, AcquireDone> calls;
  std::vector<PendingFlushes::Done> flushes;
  {
    absl::MutexLock lock(&mutex_);
    calls.swap(state_.calls);
    flushes = state_.flushes.TakeAll();
  }
  for (PendingFlushes::Done& done : flushes) {
    done(absl::UnavailableError("the daemon is stopping: try again"));
  }
  for (auto& [ticket, done] : calls) {
    done(absl::UnavailableError("the daemon is stopping: try again"));
  }
}

absl::Time PoolRegistry::SteadyNow() const {
  return absl::UnixEpoch() + dependencies_.clock.Uptime();
}

absl::Status PoolRegistry::Recover() {
  ORCH_ASSIGN_OR_RETURN(std::vector<Pool> pools, dependencies_.store.ListPools());
  for (const Pool& pool : pools) dependencies_.observer.OnPool(pool);
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = SteadyNow();
    for (Pool& pool : pools) state_.book.Insert(std::move(pool), now);
  }
  watch_ = dependencies_.browsers.records().Watch([this, gate = gate_](const Browser& browser) {
    const CallbackGate::Pass pass(*gate);
    if (pass.granted()) Observe(browser);
  });
  Step([](State& state, absl::Time now, PoolWork& work) {
    // First what was there, then what has become of it since.
    for (const Browser& browser : state.found) {
      state.book.Gone(browser.membership->pool, browser.id);
      state.book.Adopt(browser, now, work);
    }
    state.found.clear();
    state.recovering = false;
  });
  return absl::OkStatus();
}

void PoolRegistry::Observe(const Browser& browser) {
  {
    absl::MutexLock lock(&mutex_);
    if (state_.recovering) {
      if (browser.membership.has_value()) state_.found.push_back(browser);
      return;
    }
  }
  const bool ends = IsTerminal(browser.state) || browser.state == BrowserState::kDeleting;
  if (!ends && browser.standby_level != StandbyLevel::kDisk) return;
  std::vector<PendingFlushes::Done> flushed;
  Step([&](State& state, absl::Time now, PoolWork&) {
    state.book.Observe(browser, now);
    if (ends) flushed = state.flushes.Ended(browser.id);
  });
  for (PendingFlushes::Done& done : flushed) done(absl::OkStatus());
}

void PoolRegistry::WakeUp() {
  Step([](State& state, absl::Time, PoolWork&) { state.wake_at = absl::InfiniteFuture(); });
}

void PoolRegistry::Step(Event event) {
  PoolWork work;
  std::vector<std::pair<AcquireDone, absl::Status>> endings;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = SteadyNow();
    event(state_, now, work);
    state_.book.Plan(now, work);
    for (PoolWork::Ending& ending : work.endings) {
      const auto call = state_.calls.find(ending.ticket);
      if (call == state_.calls.end()) continue;
      endings.emplace_back(std::move(call->second), std::move(ending.status));
      state_.calls.erase(call);
    }
    if (const absl::Time next = state_.book.NextLook(); next != state_.wake_at) {
      state_.wake_at = next;
      timer_->Set(next - absl::UnixEpoch());
    }
  }
  CarryOut(std::move(work), std::move(endings));
}

void PoolRegistry::CarryOut(PoolWork work,
                            std::vector<std::pair<AcquireDone, absl::Status>>&& endings) {
  for (auto& [done, status] : endings) {
    handout_pool_.Run([done = std::move(done), status = std::move(status)]() mutable {
      done(std::move(status));
    });
  }
  for (PoolWork::Handout& handout : work.handouts) {
    handout_pool_.Run([this, handout = std::move(handout)] { StartHandout(handout); });
  }
  for (PoolWork::Return& back : work.returns) {
    handout_pool_.Run([this, back = std::move(back)] {
      GiveBack(back.pool, back.id, [](const absl::Status&) {});
    });
  }
  for (SessionId& id : work.deletions) {
    upkeep_pool_.Run([this, id = std::move(id)] { StartDeletion(id); });
  }
  for (PoolWork::Creation& creation : work.creations) {
    upkeep_pool_.Run(
        [this, creation = std::move(creation)]() mutable { StartCreation(std::move(creation)); });
  }
  if (watchers_.Mark(work.changed)) telling_.Run([this] { TellWatchers(); });
}

void PoolRegistry::StartCreation(PoolWork::Creation creation) {
  if (stopping_) return;
  const Pool pool = std::move(creation.pool);
  // Its answer goes to the callback as well.
  static_cast<void>(dependencies_.browsers.CreatePooled(
      pool, [this, gate = gate_,
             creation = std::move(creation.creation)](absl::StatusOr<Browser> browser) {
        const CallbackGate::Pass pass(*gate);
        if (!pass.granted()) return;
        Step([&](State& state, absl::Time now, PoolWork& work) {
          state.book.Created(creation, browser, now, dependencies_.clock.Now(), work);
        });
        if (!browser.ok()) {
          Log(LogLevel::kWarning, "pool_creation_failed",
              {{"pool_id", creation.pool.value()}, {"status", browser.status()}});
          dependencies_.observer.OnCreationFailure(creation.pool, browser.status());
          return;
        }
        // Its end may have been reported before the book knew it.
        const absl::StatusOr<Browser> live = dependencies_.browsers.records().GetLive(browser->id);
        if (live.ok() && live->state != BrowserState::kDeleting) return;
        Step([&](State& state, absl::Time, PoolWork&) {
          state.book.Gone(creation.pool, browser->id);
        });
      }));
}

void PoolRegistry::StartHandout(const PoolWork::Handout& handout) {
  // It stays idle for the next daemon; its caller is told by the destructor.
  if (stopping_) return;
  dependencies_.browsers.Acquire(
      handout.id, [this, gate = gate_, handout](absl::StatusOr<Browser> browser) {
        const CallbackGate::Pass pass(*gate);
        if (!pass.granted()) return;
        AcquireDone done;
        Step([&](State& state, absl::Time now, PoolWork& work) {
          if (!state.book.HandedOut(handout, browser.status(), now, work)) return;
          const auto call = state.calls.find(handout.ticket);
          done = std::move(call->second);
          state.calls.erase(call);
        });
        if (!browser.ok() && !absl::IsResourceExhausted(browser.status())) {
          Log(LogLevel::kWarning, "pool_browser_unusable",
              {{"session_id", handout.id.value()}, {"status", browser.status()}});
        }
        if (done) done(std::move(browser));
      });
}

void PoolRegistry::StartDeletion(const SessionId& id) {
  dependencies_.browsers.DeleteBrowser(
      id, [this, gate = gate_, id](const absl::StatusOr<Browser>& browser) {
        if (browser.ok() || absl::IsNotFound(browser.status())) return;
        const CallbackGate::Pass pass(*gate);
        if (!pass.granted()) return;
        Log(LogLevel::kWarning, "pool_deletion_failed",
            {{"session_id", id.value()}, {"status", browser.status()}});
        std::vector<PendingFlushes::Done> waiting;
        Step([&](State& state, absl::Time now, PoolWork&) {
          state.book.DeletionFailed(id, now);
          waiting = state.flushes.Failed(id);
        });
        for (PendingFlushes::Done& done : waiting) done(browser.status());
      });
}

void PoolRegistry::GiveBack(const PoolId& pool, const SessionId& id, StatusDone done) {
  dependencies_.browsers.Release(id, [this, gate = gate_, pool, id, done = std::move(done)](
                                         const absl::StatusOr<Browser>& browser) mutable {
    const CallbackGate::Pass pass(*gate);
    if (!pass.granted()) {
      done(absl::UnavailableError("the daemon is stopping: try again"));
      return;
    }
    absl::StatusOr<Browser> now_is = browser;
    if (!browser.ok()) now_is = dependencies_.browsers.records().GetLive(id);
    std::optional<BrowserState> is;
    if (now_is.ok() && now_is->state != BrowserState::kDeleting) is = now_is->state;
    Step([&](State& state, absl::Time now, PoolWork& work) {
      state.book.GivenBack(pool, id, is, now, work);
    });
    // Whoever gave it back need not care that it ended then.
    const bool still_held = is == BrowserState::kAcquired || is == BrowserState::kStandby;
    done(still_held ? browser.status() : absl::OkStatus());
  });
}

PoolRegistry::Ticket PoolRegistry::Acquire(absl::string_view pool,
                                           std::optional<absl::Duration> timeout,
                                           AcquireDone done) {
  if (timeout.has_value() && (*timeout < absl::ZeroDuration() || *timeout > kMaxAcquireTimeout)) {
    done(absl::InvalidArgumentError(
        absl::StrCat("acquire_timeout is ", absl::FormatDuration(*timeout), "; it must be 0s..",
                     absl::FormatDuration(kMaxAcquireTimeout))));
    return 0;
  }
  absl::StatusOr<Ticket> ticket = 0;
  Step([&](State& state, absl::Time now, PoolWork&) {
    ticket = state.book.Acquire(pool, timeout, now);
    if (!ticket.ok()) return;
    const absl::StatusOr<Pool> found = state.book.Get(pool);
    state.calls.emplace(*ticket, Observed(found->id, std::move(done)));
  });
  if (ticket.ok()) return *ticket;
  done(ticket.status());
  return 0;
}

PoolRegistry::AcquireDone PoolRegistry::Observed(PoolId pool, AcquireDone done) {
  return [this, pool = std::move(pool), began = dependencies_.clock.Uptime(),
          done = std::move(done)](absl::StatusOr<Browser> browser) mutable {
    dependencies_.observer.OnAcquireEnd(pool, browser.status(),
                                        dependencies_.clock.Uptime() - began);
    done(std::move(browser));
  };
}

void PoolRegistry::CancelAcquire(Ticket ticket) {
  Step([&](State& state, absl::Time, PoolWork& work) { state.book.Cancel(ticket, work); });
}

void PoolRegistry::Release(absl::string_view pool, const SessionId& id, Reuse reuse,
                           StatusDone done) {
  absl::StatusOr<PoolBook::GivingBack> giving_back = absl::UnknownError("");
  Step([&](State& state, absl::Time now, PoolWork& work) {
    giving_back = state.book.BeginGivingBack(pool, id, reuse, now, work);
  });
  if (giving_back.ok() && giving_back->keep) {
    GiveBack(giving_back->pool, id, std::move(done));
  } else {
    done(giving_back.status());
  }
}

absl::StatusOr<PoolStatus> PoolRegistry::GetPool(absl::string_view pool) const {
  absl::MutexLock lock(&mutex_);
  return state_.book.Status(pool, SteadyNow());
}

std::vector<PoolStatus> PoolRegistry::ListPools() const {
  absl::MutexLock lock(&mutex_);
  return state_.book.Statuses(SteadyNow());
}

void PoolRegistry::FlushPool(absl::string_view pool, PoolDone done) {
  // Answered here, when there is nothing to wait for, or by whoever waits.
  auto shared = std::make_shared<PoolDone>(std::move(done));
  absl::StatusOr<std::vector<SessionId>> idle = std::vector<SessionId>();
  Step([&](State& state, absl::Time, PoolWork&) {
    idle = state.book.Flush(pool);
    if (!idle.ok() || idle->empty()) return;
    state.flushes.Add({idle->begin(), idle->end()},
                      [this, pool = std::string(pool), shared](const absl::Status& flushed) {
                        (*shared)(flushed.ok() ? GetPool(pool) : flushed);
                      });
  });
  if (!idle.ok()) {
    (*shared)(idle.status());
  } else if (idle->empty()) {
    (*shared)(GetPool(pool));
  }
}

void PoolRegistry::CreatePool(PoolSpec spec, PoolDone done) {
  admin_.Run([this, spec = std::move(spec), done = std::move(done)]() mutable {
    done(DoCreate(std::move(spec)));
  });
}

void PoolRegistry::UpdatePool(std::string pool, PoolChange change, PoolDone done) {
  admin_.Run([this, pool = std::move(pool), change = std::move(change),
              done = std::move(done)]() mutable { done(DoUpdate(pool, std::move(change))); });
}

void PoolRegistry::DeletePool(std::string pool, bool force, StatusDone done) {
  admin_.Run([this, pool = std::move(pool), force, done = std::move(done)]() mutable {
    done(DoDelete(pool, force));
  });
}

absl::StatusOr<PoolStatus> PoolRegistry::DoCreate(PoolSpec spec) {
  ORCH_RETURN_IF_ERROR(CheckPoolSpec(spec));
  ORCH_ASSIGN_OR_RETURN(spec.browser, dependencies_.resolve(spec.browser));
  {
    absl::MutexLock lock(&mutex_);
    ORCH_RETURN_IF_ERROR(state_.book.CheckNameFree(spec.name, std::nullopt));
  }
  const Pool pool{
      .id = PoolId::Generate(), .spec = std::move(spec), .created_at = dependencies_.clock.Now()};
  ORCH_RETURN_IF_ERROR(dependencies_.store.PutPool(pool));
  dependencies_.observer.OnPool(pool);
  Step([&](State& state, absl::Time now, PoolWork&) { state.book.Insert(pool, now); });
  Log(LogLevel::kInfo, "pool_created", {{"pool_id", pool.id.value()}, {"size", pool.spec.size}});
  return GetPool(pool.id.value());
}

absl::StatusOr<PoolStatus> PoolRegistry::DoUpdate(const std::string& pool, PoolChange change) {
  if (change.name.has_value() && change.name->empty()) change.name.reset();
  if (change.browser.has_value()) {
    ORCH_ASSIGN_OR_RETURN(change.browser, dependencies_.resolve(*change.browser));
  }
  Pool changed{.id = PoolId::Generate()};
  {
    absl::MutexLock lock(&mutex_);
    ORCH_ASSIGN_OR_RETURN(const Pool old, state_.book.Get(pool));
    changed = WithChange(old, change);
    ORCH_RETURN_IF_ERROR(CheckPoolSpec(changed.spec));
    ORCH_RETURN_IF_ERROR(state_.book.CheckNameFree(changed.spec.name, changed.id));
  }
  ORCH_RETURN_IF_ERROR(dependencies_.store.PutPool(changed));
  dependencies_.observer.OnPool(changed);
  Step([&](State& state, absl::Time now, PoolWork&) { state.book.Change(changed, now); });
  Log(LogLevel::kInfo, "pool_updated",
      {{"pool_id", changed.id.value()}, {"generation", changed.generation}});
  return GetPool(changed.id.value());
}

absl::Status PoolRegistry::DoDelete(const std::string& pool, bool force) {
  absl::StatusOr<PoolId> id = absl::UnknownError("");
  Step([&](State& state, absl::Time, PoolWork&) { id = state.book.BeginDeleting(pool, force); });
  ORCH_RETURN_IF_ERROR(id.status());
  const absl::Status deleted = dependencies_.store.DeletePool(*id);
  Step([&](State& state, absl::Time, PoolWork& work) {
    if (deleted.ok()) {
      state.book.FinishDeleting(*id, work);
    } else {
      state.book.AbortDeleting(*id);
    }
  });
  ORCH_RETURN_IF_ERROR(deleted);
  dependencies_.observer.OnPoolGone(*id);
  Log(LogLevel::kInfo, "pool_deleted", {{"pool_id", id->value()}});
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<PoolWatch>> PoolRegistry::Watch(absl::string_view pool,
                                                               PoolWatchers::Callback callback) {
  ORCH_ASSIGN_OR_RETURN(const PoolStatus status, GetPool(pool));
  std::unique_ptr<PoolWatch> watch = watchers_.Watch(status.pool.id, std::move(callback));
  if (watchers_.Mark({status.pool.id})) telling_.Run([this] { TellWatchers(); });
  return watch;
}

void PoolRegistry::TellWatchers() {
  for (const PoolId& id : watchers_.TakeMarked()) {
    const absl::StatusOr<PoolStatus> status = GetPool(id.value());
    watchers_.Tell(id, status.ok() ? std::optional<PoolStatus>(*status) : std::nullopt);
  }
}

}  // namespace orch
