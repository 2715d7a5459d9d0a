#include "tests/support/fake_pooled_browsers.h"

#include <memory>
#include <utility>

namespace orch::testing {

void FakePooledBrowsers::Do(Call call, std::function<void(const absl::Status&)> work) {
  absl::Status status;
  {
    absl::MutexLock lock(&mutex_);
    Kind& kind = KindOf(call);
    if (kind.failures > 0) {
      --kind.failures;
      status = kind.failure;
    }
    if (kind.holds) {
      kind.held.push_back([work = std::move(work), status] { work(status); });
      return;
    }
  }
  work(status);
}

void FakePooledBrowsers::Hold(Call call) {
  absl::MutexLock lock(&mutex_);
  KindOf(call).holds = true;
}

void FakePooledBrowsers::LetGo(Call call) {
  std::deque<std::function<void()>> held;
  {
    absl::MutexLock lock(&mutex_);
    KindOf(call).holds = false;
    held.swap(KindOf(call).held);
  }
  for (const auto& work : held) work();
}

size_t FakePooledBrowsers::held(Call call) const {
  absl::MutexLock lock(&mutex_);
  return KindOf(call).held.size();
}

void FakePooledBrowsers::AwaitHeld(Call call, size_t count) const {
  const auto enough = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return KindOf(call).held.size() >= count;
  };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&enough));
}

void FakePooledBrowsers::Fail(Call call, absl::Status status, size_t count) {
  absl::MutexLock lock(&mutex_);
  KindOf(call).failure = std::move(status);
  KindOf(call).failures = count;
}

absl::StatusOr<SessionId> FakePooledBrowsers::CreatePooled(const Pool& pool, Done done) {
  const Browser browser{
      .id = SessionId::Generate(),
      .spec = pool.spec.browser,
      .created_at = clock_.Now(),
      .membership = PoolMembership{.pool = pool.id, .generation = pool.generation}};
  auto shared = std::make_shared<Done>(std::move(done));
  Do(Call::kCreate, [this, browser, shared](const absl::Status& status) {
    if (!status.ok()) return (*shared)(status);
    const absl::Status inserted = records_.Insert(browser);
    if (!inserted.ok()) return (*shared)(inserted);
    (*shared)(records_.Transition(browser.id, BrowserState::kReady));
  });
  return browser.id;
}

void FakePooledBrowsers::Acquire(const SessionId& id, Done done) {
  auto shared = std::make_shared<Done>(std::move(done));
  Do(Call::kAcquire, [this, id, shared](const absl::Status& status) {
    if (!status.ok()) {
      static_cast<void>(records_.Transition(id, BrowserState::kFailed, status.message()));
      return (*shared)(status);
    }
    (*shared)(records_.Update(id, [this](Browser& browser) {
      browser.state = BrowserState::kAcquired;
      browser.acquired_at = clock_.Now();
    }));
  });
}

void FakePooledBrowsers::Release(const SessionId& id, Done done) {
  auto shared = std::make_shared<Done>(std::move(done));
  Do(Call::kRelease, [this, id, shared](const absl::Status& status) {
    if (!status.ok()) return (*shared)(status);
    (*shared)(records_.Update(id, [](Browser& browser) {
      browser.state = BrowserState::kReady;
      browser.acquired_at.reset();
    }));
  });
}

void FakePooledBrowsers::DeleteBrowser(const SessionId& id, Done done) {
  auto shared = std::make_shared<Done>(std::move(done));
  Do(Call::kDelete, [this, id, shared](const absl::Status& status) {
    if (!status.ok()) return (*shared)(status);
    if (!records_.GetLive(id).ok()) return (*shared)(records_.Get(id));
    static_cast<void>(records_.Transition(id, BrowserState::kDeleting));
    (*shared)(records_.Transition(id, BrowserState::kDeleted));
  });
}

Browser FakePooledBrowsers::AddRecord(const Pool& pool, uint64_t generation, BrowserState state) {
  Browser browser{.id = SessionId::Generate(),
                  .spec = pool.spec.browser,
                  .state = state,
                  .created_at = clock_.Now(),
                  .membership = PoolMembership{.pool = pool.id, .generation = generation}};
  if (state == BrowserState::kStandby) browser.standby_level = StandbyLevel::kPaused;
  if (state == BrowserState::kAcquired || state == BrowserState::kStandby) {
    browser.acquired_at = clock_.Now();
  }
  static_cast<void>(records_.Insert(browser));
  return browser;
}

void FakePooledBrowsers::Kill(const SessionId& id) {
  static_cast<void>(records_.Transition(id, BrowserState::kFailed, "the guest died"));
}

}  // namespace orch::testing
