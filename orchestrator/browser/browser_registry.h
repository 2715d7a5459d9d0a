#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/cancel_token.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/base/strand.h"
#include "orchestrator/base/thread_pool.h"
#include "orchestrator/browser/browser_launcher.h"
#include "orchestrator/browser/browser_records.h"
#include "orchestrator/browser/guest_access.h"
#include "orchestrator/browser/guest_connections.h"
#include "orchestrator/browser/recovery_plan.h"
#include "orchestrator/browser/scratch_disks.h"
#include "orchestrator/browser/vm_directories.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/image/image_catalog.h"
#include "orchestrator/store/state_store.h"
#include "orchestrator/transport/guest_transport.h"

namespace orch {

// All browsers of this host: creates, finds, watches and deletes them, and notices when one dies.
//
// Thread-safe. Each browser has a strand on which everything that changes it happens, one thing at
// a time; boots run on a pool of their own so that slow guests do not hold up anything else.
// Nothing is called with a mutex held. The destructor cancels boots under way and lets ready
// browsers run: the next registry on the same host adopts them.
class BrowserRegistry : public GuestAccess {
 public:
  struct Options {
    // Holds vms/ and scratch/. Exists and is writable.
    std::string state_dir;
    // Image of a spec that names none.
    std::string default_image = "chromium";
    // From the driver's start to the agent's word that it is ready.
    absl::Duration boot_timeout = absl::Seconds(120);
    // Further boots wait for their turn.
    size_t max_concurrent_boots = 2;
    // The sum of all browsers' memory; 0 means the host's memory.
    uint64_t memory_budget_mib = 0;
  };

  // What the registry works with. All must outlive it.
  struct Dependencies {
    VmDriver& driver;
    GuestTransport& transport;
    StateStore& store;
    ImageCatalog& images;
    const Clock& clock;
  };

  using Done = absl::AnyInvocable<void(absl::StatusOr<Browser>)>;

  // Adopts the browsers that still run, finishes or undoes what was half done, removes what nobody
  // owns. Errors of the driver and of the store.
  static absl::StatusOr<std::unique_ptr<BrowserRegistry>> Create(Dependencies dependencies,
                                                                 Options options);
  ~BrowserRegistry() override;

  // Records a browser and boots it in the background; `settled` is called once, when it is READY or
  // has failed (then with the reason's own code). Blocks on the disk only. Errors before the boot
  // are returned, `settled` is then not called: INVALID_ARGUMENT, NOT_FOUND (image),
  // RESOURCE_EXHAUSTED (memory budget).
  absl::StatusOr<Browser> CreateBrowser(const BrowserSpec& spec, Done settled);

  // Calls `done` once with the DELETED record, possibly before this returns. Interrupts a boot. An
  // ended browser is answered with its record. NOT_FOUND: never existed.
  void DeleteBrowser(const SessionId& id, Done done);

  BrowserRecords& records() { return records_; }

  // Interrupts the boots under way and those that wait, as the destructor does. Does not block.
  void CancelBoots();

  // Memory that live browsers may use together, by their specs.
  uint64_t CommittedMemoryMib() const;

  void Lease(const SessionId& id, absl::Time deadline,
             absl::AnyInvocable<void(absl::StatusOr<GuestLease>)> done) override;

 private:
  // One live browser. Shared by the map and by work on its strand.
  struct Entry {
    Entry(SessionId entry_id, uint64_t memory, ThreadPool& pool)
        : id(std::move(entry_id)), memory_mib(memory), strand(pool) {}
    const SessionId id;
    const uint64_t memory_mib;
    Strand strand;
    CancelToken cancel_boot;
    // Set by whoever comes first: the boot that begins, or the deletion that makes it needless.
    std::atomic<bool> boot_claimed = false;
    // The rest is touched on the strand alone, once the entry is in the map.
    bool booting = false;
    Done settled;
    std::vector<Done> deleted;
  };

  BrowserRegistry(Dependencies dependencies, Options options);

  absl::Status Recover();
  void Apply(const RecoveryPlan& plan);
  absl::StatusOr<std::shared_ptr<Entry>> Admit(const SessionId& id, const BrowserSpec& spec,
                                               Done settled);
  void Boot(const std::shared_ptr<Entry>& entry, const Browser& browser, const Image& image);
  void FinishBoot(const std::shared_ptr<Entry>& entry,
                  absl::StatusOr<std::shared_ptr<GuestChannel>> channel);
  void Fail(const std::shared_ptr<Entry>& entry, const absl::Status& reason);
  void FinishDeleting(const std::shared_ptr<Entry>& entry);
  void Forget(const SessionId& id);
  void OnVmEvent(const VmEvent& event);
  std::shared_ptr<Entry> Find(const SessionId& id) const;
  // Every entry, for work that must not hold the mutex.
  std::vector<std::shared_ptr<Entry>> Entries() const;
  absl::Status TearDownPersistently(const SessionId& id);
  absl::Status WhyNotCallable(const SessionId& id) const;

  VmDriver& driver_;
  ImageCatalog& images_;
  const Clock& clock_;
  const Options options_;
  BrowserRecords records_;
  VmDirectories directories_;
  ScratchDisks scratch_disks_;
  BrowserLauncher launcher_;

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<SessionId, std::shared_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);

  // Destroyed from the last to the first: no more events, no more boots, no more leases that wait,
  // then the strands and the look-ups run dry.
  ThreadPool lookup_pool_;
  ThreadPool strand_pool_;
  GuestConnections connections_;
  ThreadPool boot_pool_;
  std::unique_ptr<VmEventSubscription> vm_events_;
};

}  // namespace orch
