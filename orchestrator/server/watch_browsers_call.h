#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"

#include "orchestrator/base/thread_pool.h"
#include "orchestrator/browser/browser_records.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch {

// One WatchBrowsers call: a bounded queue between the records and the subscriber. gRPC owns the
// call: it deletes itself in OnDone. Thread-safe.
class WatchBrowsersCall final
    : public grpc::ServerWriteReactor<orchestrator::v1::WatchBrowsersResponse> {
 public:
  // A subscriber that is further behind is told so and cut off.
  static constexpr size_t kMaxQueued = 4096;

  // Begins at once. `only` limits the watch to one browser; the stream then ends, with OK, after
  // that browser's end. `pool` runs what blocks on the disk. Both must outlive the call.
  WatchBrowsersCall(BrowserRecords& records, ThreadPool& pool, std::optional<SessionId> only);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  using Response = orchestrator::v1::WatchBrowsersResponse;

  // Shared with the records' callback, which may still run when the call is done.
  struct Queue {
    absl::Mutex mutex;
    WatchBrowsersCall* call ABSL_GUARDED_BY(mutex) = nullptr;
    std::deque<Response> waiting ABSL_GUARDED_BY(mutex);
    bool writing ABSL_GUARDED_BY(mutex) = false;
    // Nothing will follow what waits.
    bool complete ABSL_GUARDED_BY(mutex) = false;
    bool finished ABSL_GUARDED_BY(mutex) = false;
  };

  // Sends the record of a browser that is not live.
  static void PushEnded(Queue& queue, const BrowserRecords& records, const SessionId& id);

  // Nothing is sent after what is pushed as `last`.
  static void Push(Queue& queue, const Browser& browser, bool last);
  // Starts the next write, or finishes the call, when no write is under way.
  static void WriteNext(Queue& queue) ABSL_EXCLUSIVE_LOCKS_REQUIRED(queue.mutex);
  static void FinishOnce(Queue& queue, grpc::Status status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(queue.mutex);

  const std::shared_ptr<Queue> queue_;
  // The message being written; touched only by whoever starts a write.
  Response writing_;
  std::unique_ptr<BrowserWatch> watch_;
};

}  // namespace orch
