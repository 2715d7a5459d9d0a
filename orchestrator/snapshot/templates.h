#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/base/cancel_token.h"
#include "orchestrator/base/thread_pool.h"
#include "orchestrator/image/image.h"
#include "orchestrator/image/image_catalog.h"
#include "orchestrator/snapshot/host_budget.h"
#include "orchestrator/snapshot/template_builder.h"
#include "orchestrator/snapshot/template_catalog.h"

namespace orch {

// Finds templates, and builds those that are missing: one build at a time for each key, whose
// result everybody who waits gets. Thread-safe. The destructor cancels builds under way and answers
// all who wait.
class Templates {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<TemplateRef>)>;
  using OnPhase = absl::AnyInvocable<void(BuildPhase)>;

  // Whose memory the machine is that a build boots.
  enum class Memory {
    // Its own, taken from the host's budget while the build goes on.
    kOwn,
    // The caller's: it holds as much of the budget already, for a machine that it cannot start
    // before it has the template.
    kCallers,
  };

  // All must outlive this. Further builds than `max_concurrent_builds` wait for their turn.
  Templates(TemplateCatalog& catalog, TemplateBuilder& builder, ImageCatalog& images,
            HostBudget& budget, size_t max_concurrent_builds);
  ~Templates();

  // Calls `done` once with the template, on another thread. `on_phase`, where given, hears of a
  // build's phases from now on, kDone excepted, and nothing after `done`. A failed build is not
  // remembered: the next call tries again. A build that somebody waits for with memory of his own
  // takes none of the budget. RESOURCE_EXHAUSTED: nobody does, and the host is full; the message
  // has the figures. Else those of the image's Verify, TemplateCatalog and TemplateBuilder. Never
  // blocks.
  void GetOrBuild(const TemplateSpec& spec, const Image& image, Memory memory, Done done,
                  OnPhase on_phase = nullptr);

  // Ends the builds under way, and those to come, with `reason`. Does not block.
  void Cancel(const absl::Status& reason);

 private:
  struct Waiter {
    Memory memory = Memory::kOwn;
    Done done;
    OnPhase on_phase;
  };
  struct Build {
    CancelToken cancel;
    std::vector<std::shared_ptr<Waiter>> waiters;
  };

  void Run(const std::string& key, const TemplateSpec& spec, const Image& image);
  absl::StatusOr<TemplateRef> FindOrMake(const std::string& key, const TemplateSpec& spec,
                                         const Image& image, CancelToken& cancel);
  // What a build of the template needs. When it is refused, who comes later does not wait for this
  // build any more, but begins another.
  absl::StatusOr<HostBudget::Reservation> TakeMemory(const std::string& key,
                                                     const TemplateSpec& spec);
  void Announce(const std::string& key, BuildPhase phase);

  TemplateCatalog& catalog_;
  TemplateBuilder& builder_;
  ImageCatalog& images_;
  HostBudget& budget_;
  absl::Mutex mutex_;
  absl::Status cancelled_ ABSL_GUARDED_BY(mutex_);
  // By key. Shared with the thread that builds.
  std::map<std::string, std::shared_ptr<Build>> builds_ ABSL_GUARDED_BY(mutex_);
  // Destroyed from the last to the first: finding what is there hands builds on.
  ThreadPool build_pool_;
  ThreadPool lookup_pool_;
};

}  // namespace orch
