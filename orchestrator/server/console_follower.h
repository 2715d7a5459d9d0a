#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/browser/browser_registry.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/model/session_id.h"
#include "orchestrator/model/vm_id.h"
#include "orchestrator/server/response_stream.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch {

// Feeds the calls of StreamConsole. One thread reads for all of them, a chunk of each in turn, and
// looks ten times a second for more; it sleeps while there is no call. A call whose client reads
// slowly is passed over, so it costs a few chunks of memory; the log on disk is bounded by the
// driver. Followed browsers sleep as if nobody looked.
//
// A console is held open from the first look on: what a machine writes last is sent although its
// directory is gone by then. Thread-safe.
class ConsoleFollower {
 public:
  using Response = orchestrator::v1::StreamConsoleResponse;
  using Call = ResponseStream<Response>;

  // Each call holds a descriptor.
  static constexpr size_t kMaxCalls = 256;
  static constexpr size_t kMaxQueuedChunks = 8;

  // Both must outlive this.
  ConsoleFollower(BrowserRegistry& registry, VmDriver& driver);
  // Joins. Calls under way hear no more.
  ~ConsoleFollower();
  ConsoleFollower(const ConsoleFollower&) = delete;
  ConsoleFollower& operator=(const ConsoleFollower&) = delete;

  // Feeds a browser's console from now on, and finishes the call; without `follow` when all was
  // sent that is there at the beginning. Errors are returned, and the call is then left alone:
  // NOT_FOUND, FAILED_PRECONDITION (it has ended), RESOURCE_EXHAUSTED. Blocks on the store.
  absl::Status Follow(const SessionId& id, bool follow, std::shared_ptr<Call::Feed> feed);

 private:
  // One call. For the thread alone.
  struct Stream {
    SessionId id;
    bool follow;
    std::shared_ptr<Call::Feed> feed;
    // The machine whose console it is, and how far it was sent.
    std::optional<VmId> vm;
    std::unique_ptr<VmConsole> console;
    uint64_t offset = 0;
    // Without `follow`: where it ends.
    std::optional<uint64_t> stop_at;
    // What comes next does not follow what was sent.
    bool restarted = false;
  };

  // What is to be done with a stream.
  enum class Next { kGoOnNow, kLookLater, kDrop };

  void Run();
  // Does a bounded piece of work.
  Next Step(Stream& stream);
  Next OpenConsole(Stream& stream, const Browser& browser);
  absl::StatusOr<bool> SendChunk(Stream& stream);
  // Waits for something to do; false when the thread shall end.
  bool Await(std::vector<std::unique_ptr<Stream>>& streams, bool at_once)
      ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsCalled() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !added_.empty(); }

  BrowserRegistry& registry_;
  VmDriver& driver_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // New ones, which the thread takes over.
  std::vector<std::unique_ptr<Stream>> added_ ABSL_GUARDED_BY(mutex_);
  // New ones and those of the thread.
  size_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace orch
