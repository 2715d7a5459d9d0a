#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/v1/browsers.pb.h"
#include "orchestrator/v1/pools.pb.h"

namespace orch::ctl {

// What is known of a daemon's pools and browsers now. Thread-safe.
class Fleet {
 public:
  struct View {
    std::vector<orchestrator::v1::Browser> browsers;
    std::vector<orchestrator::v1::Pool> pools;
    // Why this may be out of date; OK: it is not.
    absl::Status trouble;
  };

  // A browser that failed is kept for a while after its end.
  static constexpr absl::Duration kKeepFailed = absl::Minutes(1);

  // Takes over one browser's new record.
  void Put(const orchestrator::v1::Browser& browser);

  // All of them will be told anew.
  void ForgetBrowsers();

  void SetPools(std::vector<orchestrator::v1::Pool> pools);

  // What ails the connection that tells of browsers, or the one that tells of pools.
  void SetBrowserTrouble(absl::Status trouble);
  void SetPoolTrouble(absl::Status trouble);

  View ViewAt(absl::Time now);

  // Counts what was told of browsers. Pools are asked for by whoever shows them.
  uint64_t changes() const;

 private:
  mutable absl::Mutex mutex_;
  std::map<std::string, orchestrator::v1::Browser> browsers_ ABSL_GUARDED_BY(mutex_);
  std::vector<orchestrator::v1::Pool> pools_ ABSL_GUARDED_BY(mutex_);
  absl::Status browser_trouble_ ABSL_GUARDED_BY(mutex_);
  absl::Status pool_trouble_ ABSL_GUARDED_BY(mutex_);
  uint64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace orch::ctl
