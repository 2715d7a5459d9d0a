#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/base/thread_pool.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/snapshot/machine_observer.h"
#include "orchestrator/snapshot/template_catalog.h"
#include "orchestrator/snapshot/vm_directories.h"

namespace orch {

// A machine that waits for a state of `base`. Whoever has it must load it or destroy it.
struct Shell {
  VmInfo vm;
  TemplateRef base;
};

// Starts shells ahead of need, so that a wake or a fork does not wait for a process to start. Keeps
// a few spare ones for each template that was lately used. A template that was made anew under the
// same key is another one (Template::build): a shell of the old one is never taken for the new one.
// Thread-safe.
class Shells {
 public:
  struct Options {
    // Spare shells for each template in use.
    size_t spare = 1;
    // A template of which no shell was taken for so long keeps none.
    absl::Duration keep = absl::Minutes(1);
    // Further starts in the background wait for their turn.
    size_t max_concurrent_starts = 2;
  };

  // All must outlive this.
  Shells(VmDriver& driver, VmDirectories& directories, MachineObserver& observer,
         const Clock& clock, Options options);
  // Destroys the spare shells.
  ~Shells();

  // A spare shell of `base`, or a new one. Blocks for half a second where there is no spare one.
  // Destroys spare ones of other builds with the same key. The driver's errors; then nothing is
  // left.
  //
  // The shell's files were opened by their paths: when TemplateCatalog::CheckListed no longer says
  // OK to `base`, they may be those of another build, and the shell must be destroyed.
  absl::StatusOr<Shell> Take(const TemplateRef& base);

  // Starts one that is not taken from the spare ones, and is not replaced: for a caller in no
  // hurry.
  absl::StatusOr<Shell> Start(const TemplateRef& base);

  // Destroys a machine and removes its files. OK when there is none.
  absl::Status Destroy(const VmId& id);

  // Destroys a machine that nobody needs; when that fails now, it is tried again by Trim.
  void Abandon(const VmId& id);

  // Gives up the spare shells of templates that were not used lately. Call now and then.
  void Trim();

  // Gives up the spare shells of one template, whatever its build, those that are being started,
  // too, so that nothing refers to it.
  void Discard(const std::string& template_key);

  size_t spare_count() const;

 private:
  // The spare shells of one template.
  struct Stock {
    std::string template_key;
    std::deque<Shell> spare;
    size_t starting = 0;
    absl::Duration last_taken;
    // Nothing is added: those that are starting are destroyed when they are there.
    bool given_up = false;
  };
  using Stocks = std::map<std::string, Stock>;

  absl::StatusOr<Shell> StartMachine(const TemplateRef& base);
  // Starts what `base` lacks, in the background.
  void Refill(const TemplateRef& base);
  void StartSpare(const TemplateRef& base);
  // Moves the spare shells of a stock to `shells`, for DestroyAll. The iterator after it.
  Stocks::iterator GiveUp(Stocks::iterator stock, std::vector<Shell>& shells)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DestroyAll(const std::vector<Shell>& shells);

  VmDriver& driver_;
  VmDirectories& directories_;
  MachineObserver& observer_;
  const Clock& clock_;
  const Options options_;
  mutable absl::Mutex mutex_;
  // By template build.
  Stocks stocks_ ABSL_GUARDED_BY(mutex_);
  // Machines that could not be destroyed yet.
  std::vector<VmId> abandoned_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // The last member: its threads end before anything that they use.
  ThreadPool pool_;
};

}  // namespace orch
