#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "guest/v1/filesystem.grpc.pb.h"
#include "orchestrator/gateway/http/exchange.h"

namespace orch::gateway {

class WatchStream;

// Watches of files that were started by one request and are followed by another: each is a call to
// the guest that is under way, with the events that nobody has taken yet. A watch that nobody
// follows for `patience` ends: it keeps its browser awake. Thread-safe.
class FileWatches {
 public:
  // `files` must outlive it.
  FileWatches(guest::v1::FileSystemService::Stub& files, absl::Duration patience)
      : files_(files), patience_(patience) {}
  // As Shutdown.
  ~FileWatches();

  // `started` has the id of the watch, or FileSystemService.Watch's error.
  void Start(guest::v1::WatchRequest request,
             absl::AnyInvocable<void(absl::StatusOr<std::string>)> started);

  // Sends the events of a watch to `exchange`, those first that nobody has taken. NOT_FOUND: there
  // is no such watch of this browser. FAILED_PRECONDITION: it is being followed; nothing is
  // answered then.
  absl::Status Follow(const std::string& session_id, const std::string& watch_id,
                      const std::shared_ptr<Exchange>& exchange);

  // Ends a watch and what follows it. NOT_FOUND.
  absl::Status Stop(const std::string& session_id, const std::string& watch_id);

  // Ends all, and blocks until they have ended. Start must not be called any more.
  void Shutdown();

 private:
  friend class WatchStream;

  absl::StatusOr<std::shared_ptr<WatchStream>> Find(const std::string& session_id,
                                                    const std::string& watch_id);

  guest::v1::FileSystemService::Stub& files_;
  const absl::Duration patience_;
  absl::Mutex mutex_;
  // Those whose calls are under way, by an address that is theirs alone.
  std::map<const WatchStream*, std::shared_ptr<WatchStream>> live_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch::gateway
