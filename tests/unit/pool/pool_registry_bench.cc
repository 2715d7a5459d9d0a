// Prints how fast browsers are acquired and released: pool_registry_bench POOLS SIZE
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

#include "orchestrator/pool/pool_registry.h"
#include "orchestrator/store/fake/fake_state_store.h"
#include "tests/support/fake_pooled_browsers.h"

namespace orch {
namespace {

constexpr int kOperations = 30'000;

void FillPools(PoolRegistry& registry, int pools, uint32_t size) {
  for (int i = 0; i < pools; ++i) {
    absl::Notification full;
    bool reached = false;
    registry.CreatePool({.name = absl::StrCat("pool-", i),
                         .size = size,
                         .fill_rate_per_minute = PoolSpec::kMaxFillRatePerMinute},
                        [](const absl::StatusOr<PoolStatus>&) {});
    while (!reached) {
      const absl::StatusOr<PoolStatus> status = registry.GetPool(absl::StrCat("pool-", i));
      reached = status.ok() && status->available == size;
      if (!reached) absl::SleepFor(absl::Milliseconds(1));
    }
  }
}

int Run(int pools, uint32_t size) {
  FakeStateStore store;
  const SystemClock clock;
  testing::FakePooledBrowsers browsers(store, clock);
  PoolObserver observer;
  auto registry = PoolRegistry::Create(
      {.browsers = browsers,
       .store = store,
       .resolve = [](const BrowserSpec& spec) -> absl::StatusOr<BrowserSpec> { return spec; },
       .observer = observer,
       .clock = clock},
      {.max_concurrent_creations = 4});
  if (!registry.ok()) return EXIT_FAILURE;
  const absl::Time filling = absl::Now();
  FillPools(**registry, pools, size);
  const absl::Duration filled_in = absl::Now() - filling;
  std::vector<double> micros;
  const absl::Time start = absl::Now();
  for (int i = 0; i < kOperations; ++i) {
    const std::string pool = absl::StrCat("pool-", i % pools);
    const absl::Time begun = absl::Now();
    absl::Notification acquired, released;
    absl::StatusOr<Browser> got = absl::UnknownError("");
    (*registry)->Acquire(pool, absl::Minutes(1), [&](absl::StatusOr<Browser> browser) {
      got = std::move(browser);
      acquired.Notify();
    });
    acquired.WaitForNotification();
    if (!got.ok()) return EXIT_FAILURE;
    (*registry)->Release(pool, got->id, Reuse::kKeep,
                         [&](const absl::Status&) { released.Notify(); });
    released.WaitForNotification();
    micros.push_back(absl::ToDoubleMicroseconds(absl::Now() - begun));
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  std::sort(micros.begin(), micros.end());
  std::printf(
      "%d pools of %u: filled in %.2f s; %.0f acquire+release/s, p50 %.0f us, p99 %.0f us\n", pools,
      size, absl::ToDoubleSeconds(filled_in), kOperations / seconds, micros[micros.size() / 2],
      micros[micros.size() * 99 / 100]);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace orch

int main(int argc, char** argv) {
  if (argc != 3) return EXIT_FAILURE;
  return orch::Run(std::atoi(argv[1]), static_cast<uint32_t>(std::atoi(argv[2])));
}
