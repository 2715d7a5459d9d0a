#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/base/thread_pool.h"
#include "orchestrator/browser/browser_records.h"
#include "orchestrator/browser/browser_world.h"
#include "orchestrator/browser/deadline_queue.h"
#include "orchestrator/browser/guest_access.h"
#include "orchestrator/browser/guest_connections.h"
#include "orchestrator/browser/live_browser.h"
#include "orchestrator/browser/pooled_browsers.h"
#include "orchestrator/browser/recovery_plan.h"
#include "orchestrator/browser/room_maker.h"
#include "orchestrator/browser/vm_owners.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/image/image_catalog.h"
#include "orchestrator/snapshot/cloner.h"
#include "orchestrator/snapshot/guest_control.h"
#include "orchestrator/snapshot/host_budget.h"
#include "orchestrator/snapshot/machine_observer.h"
#include "orchestrator/snapshot/saved_states.h"
#include "orchestrator/snapshot/shells.h"
#include "orchestrator/snapshot/template_catalog.h"
#include "orchestrator/snapshot/templates.h"
#include "orchestrator/snapshot/vm_directories.h"
#include "orchestrator/store/state_store.h"

namespace orch {

// All browsers of this host: creates, forks, finds, watches and deletes them, lets them sleep and
// wakes them, and notices when one dies.
//
// Thread-safe; nothing is called with a mutex held. What happens to one browser happens on its
// strand (see LiveBrowser); clones are made on threads of their own. The destructor lets browsers
// be as they are: the next registry on the same host adopts them.
class BrowserRegistry : public GuestAccess, public PooledBrowsers {
 public:
  struct Options {
    // Image of a spec that names none.
    std::string default_image = "chromium";
    // Further clones wait for their turn.
    size_t max_concurrent_clones = 4;
    // How long a paused browser keeps its memory before it sleeps on disk; infinite: for ever.
    absl::Duration deepen_after = absl::Minutes(1);
    // Between the first attempts to end a machine that does not end.
    absl::Duration tear_down_pause = absl::Seconds(1);
  };

  // What the registry works with. All must outlive it.
  struct Dependencies {
    VmDriver& driver;
    StateStore& store;
    ImageCatalog& images;
    TemplateCatalog& catalog;
    Templates& templates;
    Shells& shells;
    Cloner& cloner;
    SavedStates& states;
    VmDirectories& directories;
    GuestControl& guests;
    HostBudget& budget;
    MachineObserver& observer;
    const Clock& clock;
  };

  using Done = PooledBrowsers::Done;
  using ForkDone = absl::AnyInvocable<void(absl::StatusOr<std::vector<Browser>>)>;

  static constexpr uint32_t kMaxForks = 64;

  // Adopts the browsers that still run or sleep, finishes or undoes what was half done, removes
  // what nobody owns. Errors of the driver and of the store.
  static absl::StatusOr<std::unique_ptr<BrowserRegistry>> Create(Dependencies dependencies,
                                                                 Options options);
  ~BrowserRegistry() override;

  // The spec of a browser of no pool with every default filled in, and the template that it needs.
  // INVALID_ARGUMENT, NOT_FOUND (image). Blocks on the disk.
  struct Plan {
    BrowserSpec spec;
    Image image;
    TemplateSpec base;
  };
  absl::StatusOr<Plan> Resolve(const BrowserSpec& spec) const;

  // The spec of a pool's browsers with every default filled in. Errors as Resolve.
  absl::StatusOr<BrowserSpec> ResolvePooled(const BrowserSpec& spec) const;

  // Records a browser and makes it in the background, of its template, which is built first where
  // it is missing. In a full host, browsers that nobody uses are put on disk before; `settled` is
  // called once, when it is READY or has failed (then with the reason's own code). Blocks on the
  // disk only. Errors before that are returned, and `settled` is then not called: INVALID_ARGUMENT,
  // NOT_FOUND (image), RESOURCE_EXHAUSTED.
  absl::StatusOr<Browser> CreateBrowser(const BrowserSpec& spec, Done settled);

  // See PooledBrowsers.
  absl::StatusOr<SessionId> CreatePooled(const Pool& pool, Done done) override;
  void Acquire(const SessionId& id, Done done) override;
  void Release(const SessionId& id, Done done) override;

  // Calls `done` once with the DELETED record, possibly before this returns. Interrupts its making.
  // An ended browser is answered with its record. NOT_FOUND: never existed.
  void DeleteBrowser(const SessionId& id, Done done) override;

  // As BrowserService says; each `done` is called once. `wait` bounds how long calls under way are
  // waited for.
  void Standby(const SessionId& id, StandbyLevel level, absl::Duration wait, Done done);
  void Resume(const SessionId& id, Done done);
  void Fork(const SessionId& id, uint32_t count, ForkDone done);

  // Changes a live browser's record: its times, and the viewport that its guest has by now.
  // INVALID_ARGUMENT from CheckTimes.
  struct Changes {
    std::optional<absl::Duration> timeout;
    std::optional<absl::Duration> standby_after;
    std::optional<Viewport> viewport;
  };
  void Update(const SessionId& id, const Changes& changes, Done done);

  BrowserRecords& records() override { return records_; }

  // Where a browser's machine writes its console, while it exists.
  std::string MachineDirectory(const VmId& vm) const { return deps_.directories.PathOf(vm); }

  // Looks at the clock at once: for a test that moved its own.
  void WakeUp() { deadlines_.WakeUp(); }

  size_t lease_count() const { return connections_.lease_count(); }

  void Lease(const SessionId& id, absl::Time deadline,
             absl::AnyInvocable<void(absl::StatusOr<GuestLease>)> done) override;

 private:
  using Entry = std::shared_ptr<LiveBrowser>;

  BrowserRegistry(Dependencies dependencies, Options options);

  absl::StatusOr<Plan> ResolveWith(const BrowserSpec& spec, absl::Duration default_timeout) const;
  absl::Status Recover();
  void Apply(const RecoveryPlan& plan, const std::vector<VmInfo>& vms);
  void AdoptAll(const RecoveryPlan& plan, const std::vector<VmInfo>& vms);
  // The very template that a browser which is adopted is a clone of, none with its key alone.
  // DATA_LOSS: it sleeps on disk, and what it slept with is not there any more.
  absl::StatusOr<TemplateRef> FindBase(const Browser& record) const;
  // Tells the observer of a clone that `make` makes.
  absl::StatusOr<Clone> Measured(absl::FunctionRef<absl::StatusOr<Clone>()> make) const;
  struct Inserted {
    Entry entry;
    // It has the memory that it needs; else room must be made first.
    bool has_room = true;
  };
  // Records a browser, and admits it if there is room. `reach`: for whose sake room could be made;
  // absent: it is not. RESOURCE_EXHAUSTED; the store's errors.
  absl::StatusOr<Inserted> Insert(const Browser& browser, std::optional<RoomMaker::Reach> reach,
                                  Done settled);
  // Makes it, when there is room.
  void Make(const Inserted& inserted, const Plan& plan, Cloner::Hurry hurry,
            RoomMaker::Reach reach);
  void MakeFromTemplate(const Entry& entry, const Plan& plan, Cloner::Hurry hurry, int tries);
  // On the source's strand.
  void ForkOnStrand(LiveBrowser& source, uint32_t count, ForkDone done);
  // Returns when `state` is needed no more.
  void MakeForks(LiveBrowser& source, const SavedState& state, uint32_t count, ForkDone done);
  void OnRecord(const Browser& browser);
  void OnDeadline(const SessionId& id);
  void OnVmEvent(const VmEvent& event);
  Entry Find(const SessionId& id) const;
  // Runs `work` on the browser's strand; answers `done` where there is no live browser.
  void OnStrand(const SessionId& id, Done done, absl::AnyInvocable<void(LiveBrowser&, Done)> work);
  // As OnStrand for what wakes a browser: when that lacks memory, room is made and it is done once
  // more.
  void OnStrandWithRoom(const SessionId& id, Done done,
                        std::function<void(LiveBrowser&, Done)> work);
  std::vector<RoomMaker::Pushable> Pushable(RoomMaker::Reach reach) const;
  void Push(const SessionId& id, absl::AnyInvocable<void()> done);
  absl::Status WhyNotCallable(const SessionId& id) const;

  const Dependencies deps_;
  const Options options_;
  BrowserRecords records_;
  VmOwners owners_;
  // How often what is done now and then is done.
  static constexpr absl::Duration kUpkeepPeriod = absl::Seconds(10);
  // Stands for no browser among the deadlines, but for what is done now and then.
  const SessionId upkeep_ = SessionId::Generate();

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<SessionId, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  // Work that is still to reach clone_pool_.
  size_t awaited_clones_ ABSL_GUARDED_BY(mutex_) = 0;
  // No clone is asked for any more.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::unique_ptr<BrowserWatch> watch_;
  GuestConnections connections_;
  DeadlineQueue deadlines_;
  BrowserWorld world_;
  RoomMaker room_;
  // Destroyed from the last to the first, and before all that their work uses.
  ThreadPool lookup_pool_;
  ThreadPool strand_pool_;
  ThreadPool clone_pool_;
  std::unique_ptr<VmEventSubscription> vm_events_;
};

}  // namespace orch
