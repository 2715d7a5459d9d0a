#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/pool/pool_registry.h"
#include "orchestrator/store/fake/fake_state_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_pooled_browsers.h"
#include "tests/support/status_matchers.h"

namespace orch::testing {

// The answer of a call that answers later.
template <typename T>
class Answer {
 public:
  auto callback() {
    return [state = state_](T result) {
      absl::MutexLock lock(&state->mutex);
      state->result = std::move(result);
      state->done = true;
    };
  }
  T Get() {
    absl::MutexLock lock(&state_->mutex);
    state_->mutex.Await(absl::Condition(&state_->done));
    return state_->result;
  }
  bool done() const {
    absl::MutexLock lock(&state_->mutex);
    return state_->done;
  }

 private:
  struct State {
    absl::Mutex mutex;
    bool done = false;
    T result = absl::UnknownError("");
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

class PoolRegistryTest : public ::testing::Test {
 protected:
  PoolRegistryTest() { Restart(); }

  // A new daemon on the same store.
  void Restart() {
    registry_.reset();
    browsers_ = std::make_unique<FakePooledBrowsers>(store_, clock_);
    ORCH_ASSERT_OK(browsers_->records().Load());
    StartRegistry();
  }
  void StartRegistry() {
    auto registry = PoolRegistry::Create(
        {.browsers = *browsers_,
         .store = store_,
         .resolve = [](const BrowserSpec& spec) -> absl::StatusOr<BrowserSpec> {
           if (spec.image == "none") return absl::NotFoundError("there is no image none");
           BrowserSpec resolved = spec;
           if (spec.image.empty()) resolved.image = "default";
           return resolved;
         },
         .observer = observer_,
         .clock = clock_},
        {.max_concurrent_creations = 8});
    ORCH_ASSERT_OK(registry);
    registry_ = *std::move(registry);
  }

  absl::StatusOr<PoolStatus> Create(PoolSpec spec) {
    Answer<absl::StatusOr<PoolStatus>> answer;
    registry_->CreatePool(std::move(spec), answer.callback());
    return answer.Get();
  }
  // A pool that is full at once.
  Pool CreateFull(uint32_t size, const std::string& name = "") {
    const auto pool = Create({.name = name, .size = size, .fill_rate_per_minute = kAtOnce});
    EXPECT_TRUE(pool.ok()) << pool.status();
    AwaitAvailable(pool->pool.id.value(), size);
    return pool->pool;
  }
  absl::StatusOr<PoolStatus> Update(const std::string& pool, PoolChange change) {
    Answer<absl::StatusOr<PoolStatus>> answer;
    registry_->UpdatePool(pool, std::move(change), answer.callback());
    return answer.Get();
  }
  absl::StatusOr<PoolStatus> Flush(const std::string& pool) {
    Answer<absl::StatusOr<PoolStatus>> answer;
    registry_->FlushPool(pool, answer.callback());
    return answer.Get();
  }
  absl::Status Delete(const std::string& pool, bool force) {
    Answer<absl::Status> answer;
    registry_->DeletePool(pool, force, answer.callback());
    return answer.Get();
  }
  absl::StatusOr<Browser> Acquire(const std::string& pool,
                                  absl::Duration timeout = absl::Minutes(1)) {
    Answer<absl::StatusOr<Browser>> answer;
    registry_->Acquire(pool, timeout, answer.callback());
    return answer.Get();
  }
  absl::Status Release(const std::string& pool, const SessionId& id, Reuse reuse = Reuse::kKeep) {
    Answer<absl::Status> answer;
    registry_->Release(pool, id, reuse, answer.callback());
    return answer.Get();
  }

  // Waits until a pool is as `wanted`; time of the fake clock passes meanwhile.
  template <typename Wanted>
  void Await(const std::string& pool, Wanted wanted) {
    absl::Mutex mutex;
    bool reached = false;
    auto watch = registry_->Watch(pool, [&](const std::optional<PoolStatus>& status) {
      absl::MutexLock lock(&mutex);
      reached = reached || (status.has_value() && wanted(*status));
    });
    ORCH_ASSERT_OK(watch);
    while (true) {
      {
        absl::MutexLock lock(&mutex);
        if (mutex.AwaitWithTimeout(absl::Condition(&reached), absl::Milliseconds(1))) break;
      }
      clock_.Advance(absl::Milliseconds(1));
      registry_->WakeUp();
    }
    // The callback refers to this frame: let the last call end.
    watch->reset();
    absl::MutexLock lock(&mutex);
  }
  void AwaitAvailable(const std::string& pool, size_t count) {
    Await(pool, [count](const PoolStatus& status) { return status.available == count; });
  }

  static constexpr uint32_t kAtOnce = PoolSpec::kMaxFillRatePerMinute;

  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  PoolObserver observer_;
  FakeStateStore store_;
  std::unique_ptr<FakePooledBrowsers> browsers_;
  std::unique_ptr<PoolRegistry> registry_;
};

}  // namespace orch::testing
