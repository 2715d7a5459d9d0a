#pragma once

#include <deque>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/alarm.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/client_callback.h"

#include "guest/v1/filesystem.grpc.pb.h"
#include "orchestrator/gateway/http/exchange.h"

namespace orch::gateway {

// One watch: reads events from the guest as long as there is room for them, and writes them to who
// follows. Thread-safe; internal to FileWatches, which keeps it until `over`.
class WatchStream : public grpc::ClientReadReactor<guest::v1::WatchResponse>,
                    public std::enable_shared_from_this<WatchStream> {
 public:
  using Started = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  // `over` is called when the call has ended, and may let this go.
  WatchStream(guest::v1::WatchRequest request, absl::Duration patience, Started started,
              absl::AnyInvocable<void()> over);

  void Start(guest::v1::FileSystemService::Stub& files);
  // Whether this is the watch of that id in that browser.
  bool Is(const std::string& session_id, const std::string& watch_id);
  // False: somebody does already.
  bool Follow(const std::shared_ptr<Exchange>& exchange);
  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  // Writes the next event, when there is one and somebody to write it to; or the end.
  void Pump();
  // Ends the watch when nobody follows it for a while.
  void AwaitFollower();
  void Unfollow();

  const guest::v1::WatchRequest request_;
  const absl::Duration patience_;
  Started started_;
  absl::AnyInvocable<void()> over_;
  grpc::ClientContext context_;
  guest::v1::WatchResponse response_;

  absl::Mutex mutex_;
  std::string watch_id_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> events_ ABSL_GUARDED_BY(mutex_);
  // There was no room for another event: nothing is being read.
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<BodyStream> body_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch::gateway
