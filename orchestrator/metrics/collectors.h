#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/metrics/readings.h"

namespace orch {

// Keeps a collector registered. The destructor waits for a call that is under way, so what the
// collector uses may go after it. A collector must not destroy its own registration.
class CollectorRegistration {
 public:
  virtual ~CollectorRegistration() = default;
};

// The functions that are asked at each scrape. Thread-safe. No lock is held while they run.
class Collectors {
 public:
  // Adds what it knows. Runs on the threads of the metrics server, perhaps on several at once; may
  // block for milliseconds.
  using Collector = std::function<void(Readings&)>;

  // May outlive this.
  std::unique_ptr<CollectorRegistration> Add(Collector collector);

  // Asks all of them, in the order in which they were added.
  Readings Collect() const;

 private:
  class Entry;
  class Registration;

  mutable absl::Mutex mutex_;
  // Shared with the registration and with calls that are under way.
  mutable std::vector<std::weak_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch
