#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"

#include "orchestrator/browser/browser_host.h"
#include "orchestrator/driver/fake/fake_vm_driver.h"
#include "orchestrator/image/image_catalog.h"
#include "orchestrator/pool/pool_observer.h"
#include "orchestrator/pool/pool_registry.h"
#include "orchestrator/snapshot/machine_observer.h"
#include "orchestrator/store/state_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_guest_control.h"
#include "tests/support/faults.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {

// Browsers and pools as the daemon puts them together, without its servers, on a host, a store and
// directories that outlive it: it can be stopped, killed and started again.
class TestDaemon {
 public:
  struct Options {
    // The image of every browser: "plain" has an agent and no scratch disk, "disk" has both,
    // "kernel" neither.
    std::string image = "plain";
    bool sqlite = false;
    // 0: as much as the host has.
    uint64_t memory_budget_mib = 0;
    absl::Duration deepen_after = absl::Minutes(1);
  };

  explicit TestDaemon(const Options& options);
  ~TestDaemon();

  // On what an earlier one left.
  void Start();
  // Answers all calls under way.
  void Stop();
  // As Stop, but what is half done stays so.
  void Kill();
  // While it is stopped: nobody will ask for browsers that have ended, of which there can be many.
  // Nothing happens on SQLite.
  void ForgetEnded();

  BrowserHost& browsers() { return *browsers_; }
  BrowserRegistry& registry() { return browsers_->registry(); }
  PoolRegistry& pools() { return *pools_; }
  FakeHost& host() { return *host_; }
  StateStore& store() { return *store_; }
  FakeClock& clock() { return clock_; }
  FakeGuestControl& guests() { return guests_; }
  Faults& faults() { return *faults_; }
  std::string Path(const std::string& name) const { return directory_.File(name); }

  // Time passes, and the daemon notices.
  void Advance(absl::Duration duration);

 private:
  const Options options_;
  // In memory where that can be: saving syncs its files.
  TempDir directory_;
  const std::shared_ptr<FakeHost> host_ = std::make_shared<FakeHost>();
  std::unique_ptr<StateStore> store_;
  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  FakeGuestControl guests_;
  MachineObserver machine_observer_;
  PoolObserver pool_observer_;
  std::unique_ptr<ImageCatalog> images_;

  // One daemon's.
  std::unique_ptr<Faults> faults_;
  std::unique_ptr<FakeVmDriver> fake_driver_;
  std::unique_ptr<FaultyVmDriver> driver_;
  std::unique_ptr<FaultyVmCheckpoints> checkpoints_;
  std::unique_ptr<FaultyStateStore> faulty_store_;
  std::unique_ptr<BrowserHost> browsers_;
  std::unique_ptr<PoolRegistry> pools_;
};

}  // namespace orch::testing
