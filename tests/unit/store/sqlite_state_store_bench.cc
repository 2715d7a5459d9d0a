// Prints what a durable write, a read and a list cost: sqlite_state_store_bench PATH
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "absl/time/clock.h"

#include "orchestrator/store/sqlite/sqlite_state_store.h"

namespace orch {
namespace {

template <typename Action>
void Measure(const char* name, int repeats, Action action) {
  std::vector<double> micros;
  for (int i = 0; i < repeats; ++i) {
    const absl::Time start = absl::Now();
    if (!action(i)) std::abort();
    micros.push_back(absl::ToDoubleMicroseconds(absl::Now() - start));
  }
  std::sort(micros.begin(), micros.end());
  std::printf("%-20s p50 %.0f us, p99 %.0f us\n", name, micros[micros.size() / 2],
              micros[micros.size() * 99 / 100]);
}

int Run(const char* path) {
  absl::StatusOr<std::unique_ptr<SqliteStateStore>> store = SqliteStateStore::Create(path);
  if (!store.ok()) return EXIT_FAILURE;
  std::vector<SessionId> ids;
  Measure("put", 2000, [&](int i) {
    ids.push_back(SessionId::Generate());
    return (*store)
        ->PutBrowser(Browser{.id = ids.back(),
                             .state = BrowserState::kReady,
                             .created_at = absl::FromUnixSeconds(i)})
        .ok();
  });
  Measure("get", 2000,
          [&](int i) { return (*store)->GetBrowser(ids[static_cast<size_t>(i)]).ok(); });
  Measure("list 100 of 2000", 200,
          [&](int) { return (*store)->ListBrowsers({.limit = 100}).ok(); });
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace orch

int main(int argc, char** argv) { return argc == 2 ? orch::Run(argv[1]) : EXIT_FAILURE; }
