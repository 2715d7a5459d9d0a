#include "tests/integration/browser/test_daemon.h"

#include <unistd.h>

#include <filesystem>

#include "orchestrator/store/fake/fake_state_store.h"
#include "orchestrator/store/sqlite/sqlite_state_store.h"
#include "tests/support/fake_image.h"

namespace orch::testing {
namespace {

std::string FastParent() { return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; }

}  // namespace

TestDaemon::TestDaemon(const Options& options) : options_(options), directory_(FastParent()) {
  MakeFakeImage(Path("images"), "plain", {.scratch_mib = 0});
  MakeFakeImage(Path("images"), "disk", {.scratch_mib = 16});
  MakeFakeImage(Path("images"), "kernel", {.has_agent = false, .scratch_mib = 0});
  for (const char* name : {"vms", "scratch", "templates", "standby"}) {
    std::filesystem::create_directories(Path(name));
  }
  images_ = ImageCatalog::Create(Path("images")).value();
  if (options.sqlite) {
    store_ = SqliteStateStore::Create(Path("state.db")).value();
  } else {
    store_ = std::make_unique<FakeStateStore>();
  }
  Start();
}

TestDaemon::~TestDaemon() { Stop(); }

void TestDaemon::Start() {
  faults_ = std::make_unique<Faults>();
  fake_driver_ = std::make_unique<FakeVmDriver>(host_);
  driver_ = std::make_unique<FaultyVmDriver>(*fake_driver_, *faults_);
  checkpoints_ = std::make_unique<FaultyVmCheckpoints>(fake_driver_->checkpoints(), *faults_);
  faulty_store_ = std::make_unique<FaultyStateStore>(*store_, *faults_);
  BrowserHost::Options options;
  options.state_dir = directory_.path();
  options.registry.default_image = options_.image;
  options.registry.deepen_after = options_.deepen_after;
  options.registry.tear_down_pause = absl::Milliseconds(1);
  options.memory_budget_mib = options_.memory_budget_mib;
  browsers_ = BrowserHost::Create({.driver = *driver_,
                                   .checkpoints = *checkpoints_,
                                   .guests = guests_,
                                   .store = *faulty_store_,
                                   .images = *images_,
                                   .observer = machine_observer_,
                                   .clock = clock_},
                                  options)
                  .value();
  pools_ = PoolRegistry::Create(
               {.browsers = registry(),
                .store = *faulty_store_,
                .resolve = [registry = &registry()](
                               const BrowserSpec& spec) { return registry->ResolvePooled(spec); },
                .observer = pool_observer_,
                .clock = clock_},
               {})
               .value();
}

void TestDaemon::Stop() {
  pools_.reset();
  browsers_.reset();
}

void TestDaemon::Kill() {
  faults_->Kill();
  Stop();
}

void TestDaemon::ForgetEnded() {
  if (options_.sqlite) return;
  auto live = std::make_unique<FakeStateStore>();
  const std::vector<Pool> pools = store_->ListPools().value();
  for (const Pool& pool : pools) live->PutPool(pool).IgnoreError();
  const std::vector<Browser> browsers = store_->ListBrowsers({}).value();
  for (const Browser& browser : browsers) {
    if (!IsTerminal(browser.state)) live->PutBrowser(browser).IgnoreError();
  }
  store_ = std::move(live);
}

void TestDaemon::Advance(absl::Duration duration) {
  clock_.Advance(duration);
  registry().WakeUp();
  pools_->WakeUp();
}

}  // namespace orch::testing
