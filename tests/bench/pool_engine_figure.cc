#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/browser/browser_host.h"
#include "orchestrator/driver/fake/fake_vm_driver.h"
#include "orchestrator/pool/pool_registry.h"
#include "orchestrator/store/sqlite/sqlite_state_store.h"
#include "tests/bench/figures.h"
#include "tests/bench/process_cost.h"
#include "tests/support/fake_guest_control.h"
#include "tests/support/fake_image.h"
#include "tests/support/temp_dir.h"

namespace orch::bench {
namespace {

constexpr uint32_t kBrowsersPerPool = 100;
constexpr int kManyPools = 100;
constexpr int kFewPools = 1;
// So many take a browser and give it back, each as fast as it can.
constexpr int kClients = 8;
constexpr absl::Duration kFillTimeout = absl::Minutes(10);
constexpr double kMinPerSecond = 3000;
constexpr double kMaxP99Ms = 20;
constexpr double kMaxGrowth = 2;

// Everything between the API and the machines, without either.
class Engine {
 public:
  static absl::StatusOr<std::unique_ptr<Engine>> Create() {
    auto engine = std::make_unique<Engine>();
    ORCH_RETURN_IF_ERROR(engine->Compose());
    return engine;
  }
  ~Engine() {
    pools_.reset();
    browsers_.reset();
  }

  absl::Status Fill(int pools) {
    for (int i = 0; i < pools; ++i) {
      PoolSpec spec{.name = absl::StrCat("pool-", i),
                    .size = kBrowsersPerPool,
                    .fill_rate_per_minute = PoolSpec::kMaxFillRatePerMinute};
      spec.browser.headless = true;
      spec.browser.standby_after = absl::InfiniteDuration();
      absl::Status made;
      absl::Notification answered;
      pools_->CreatePool(std::move(spec), [&](const absl::StatusOr<PoolStatus>& status) {
        made = status.status();
        answered.Notify();
      });
      answered.WaitForNotification();
      ORCH_RETURN_IF_ERROR(made);
    }
    return AwaitFull();
  }

  // One browser of the pool, there and back.
  absl::Status Turn(int pool) {
    const std::string name = absl::StrCat("pool-", pool);
    absl::StatusOr<Browser> taken = absl::UnknownError("");
    absl::Notification acquired;
    pools_->Acquire(name, absl::Minutes(1), [&](absl::StatusOr<Browser> browser) {
      taken = std::move(browser);
      acquired.Notify();
    });
    acquired.WaitForNotification();
    ORCH_RETURN_IF_ERROR(taken.status());
    absl::Status given_back;
    absl::Notification released;
    pools_->Release(name, taken->id, Reuse::kKeep, [&](absl::Status status) {
      given_back = std::move(status);
      released.Notify();
    });
    released.WaitForNotification();
    return given_back;
  }

 private:
  absl::Status Compose() {
    for (const char* name : {"vms", "scratch", "templates", "standby"}) {
      std::filesystem::create_directories(dir_.File(name));
    }
    MakeImage();
    ORCH_ASSIGN_OR_RETURN(images_, ImageCatalog::Create(dir_.File("images")));
    ORCH_ASSIGN_OR_RETURN(store_, SqliteStateStore::Create(dir_.File("state.db")));
    ORCH_ASSIGN_OR_RETURN(
        browsers_, BrowserHost::Create({.driver = driver_,
                                        .checkpoints = driver_.checkpoints(),
                                        .guests = guests_,
                                        .store = *store_,
                                        .images = *images_,
                                        .observer = machine_observer_,
                                        .clock = clock_},
                                       {.state_dir = dir_.path(), .memory_overcommit = 100}));
    BrowserRegistry& registry = browsers_->registry();
    ORCH_ASSIGN_OR_RETURN(pools_, PoolRegistry::Create({.browsers = registry,
                                                        .store = *store_,
                                                        .resolve =
                                                            [&registry](const BrowserSpec& spec) {
                                                              return registry.ResolvePooled(spec);
                                                            },
                                                        .observer = pool_observer_,
                                                        .clock = clock_},
                                                       {}));
    return absl::OkStatus();
  }

  // Without scratch disk, for which real programs would run.
  void MakeImage() {
    testing::MakeFakeImage(dir_.File("images"), "chromium");
    const std::string path = dir_.File("images/chromium/current/manifest.toml");
    std::string manifest;
    std::getline(std::ifstream(path), manifest, '\0');
    absl::StrReplaceAll({{"scratch_mib = 64", "scratch_mib = 0"},
                         {"scratch_mib_headful = 64", "scratch_mib_headful = 0"}},
                        &manifest);
    std::ofstream(path) << manifest;
  }

  absl::Status AwaitFull() {
    const absl::Time deadline = absl::Now() + kFillTimeout;
    for (const PoolStatus& pool : pools_->ListPools()) {
      absl::StatusOr<PoolStatus> status = pool;
      while (status.ok() && status->available < kBrowsersPerPool) {
        if (absl::Now() > deadline) {
          return absl::DeadlineExceededError(absl::StrCat("a pool of the fake driver has ",
                                                          status->available, " browsers; ",
                                                          status->last_error));
        }
        absl::SleepFor(absl::Milliseconds(5));
        status = pools_->GetPool(pool.pool.id.value());
      }
      ORCH_RETURN_IF_ERROR(status.status());
    }
    return absl::OkStatus();
  }

  const testing::TempDir dir_;
  MachineObserver machine_observer_;
  PoolObserver pool_observer_;
  SystemClock clock_;
  FakeVmDriver driver_;
  testing::FakeGuestControl guests_;
  std::unique_ptr<ImageCatalog> images_;
  std::unique_ptr<SqliteStateStore> store_;
  std::unique_ptr<BrowserHost> browsers_;
  std::unique_ptr<PoolRegistry> pools_;
};

struct EngineFigures {
  double per_second = 0;
  Samples turn_ms;
  double cpu_us_per_turn = 0;
};

absl::StatusOr<EngineFigures> Measure(int pools, int turns) {
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine, Engine::Create());
  const absl::Time filling = absl::Now();
  ORCH_RETURN_IF_ERROR(engine->Fill(pools));
  std::fprintf(stderr, "%u browsers made in %s\n", pools * kBrowsersPerPool,
               absl::FormatDuration(absl::Now() - filling).c_str());
  std::vector<Samples> samples(kClients);
  std::vector<absl::Status> statuses(kClients);
  std::vector<std::thread> clients;
  std::atomic<int> next = 0;
  const absl::Duration cpu = OwnCpuTime();
  const absl::Time began = absl::Now();
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] {
      for (int turn = next++; turn < turns && statuses[client].ok(); turn = next++) {
        statuses[client] = samples[client].Time([&] { return engine->Turn(turn % pools); });
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EngineFigures figures{.per_second = turns / absl::ToDoubleSeconds(absl::Now() - began),
                        .cpu_us_per_turn = absl::ToDoubleMicroseconds(OwnCpuTime() - cpu) / turns};
  for (int client = 0; client < kClients; ++client) {
    ORCH_RETURN_IF_ERROR(statuses[client]);
    figures.turn_ms.Append(samples[client]);
  }
  return figures;
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasurePoolEngine(BenchWorld& world) {
  constexpr char kBeside[] = "1 pool, 100 browsers";
  const int turns = world.Rounds(30'000, 6'000);
  ORCH_ASSIGN_OR_RETURN(const EngineFigures few, Measure(kFewPools, turns));
  ORCH_ASSIGN_OR_RETURN(const EngineFigures many, Measure(kManyPools, turns));
  Row rate = ShareOf(SingleRow("pool engine, 100 pools, 10,000 browsers: acquire + release",
                               many.per_second, "/s"),
                     kBeside, few.per_second);
  Row latency = ShareOf(RowOf("the same, one acquire + release of 8 at a time", many.turn_ms),
                        kBeside, few.turn_ms.p50());
  Row cpu = ShareOf(SingleRow("the same, processor time of one", many.cpu_us_per_turn, "us"),
                    kBeside, few.cpu_us_per_turn);
  const bool fast = rate.p50 >= kMinPerSecond;
  const bool steady = latency.p99 < kMaxP99Ms;
  const bool flat = cpu.ratio < kMaxGrowth;
  return std::vector<Row>{
      WithTarget(std::move(rate), ">= 3,000/s", fast),
      WithTarget(std::move(latency), "p99 < 20 ms", steady),
      WithTarget(std::move(cpu), "grows < 2x", flat),
  };
}

}  // namespace orch::bench
