#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/orchctl/invocation.h"
#include "orchestrator/orchctl/signal_catcher.h"

namespace orch::ctl {

// One guest process joined to our standard streams and signals. The process waits when its output
// is not read (OUTPUT_OVERFLOW_BLOCK), so memory stays constant and nothing is lost, however much
// it writes.
//
// Three threads: the caller's relays output, one pumps standard input, one takes signals. The first
// SIGINT or SIGTERM goes to the guest process; the second ends orchctl and leaves the process
// running. When the reader of our output goes away the process gets SIGPIPE, as in a local
// pipeline.
class ExecSession {
 public:
  // Both outlive this. `signals` was made before the connection.
  ExecSession(Invocation& invocation, SignalCatcher& signals)
      : invocation_(invocation), signals_(signals) {}
  ~ExecSession();
  ExecSession(const ExecSession&) = delete;
  ExecSession& operator=(const ExecSession&) = delete;

  // Spawns, relays until the process has ended, and returns the exit status that stands for its
  // end. Call once. DATA_LOSS: some output did not arrive. Else what Spawn, StreamOutput or the
  // guest said.
  absl::StatusOr<int> Run(const guest::v1::SpawnRequest& request);

 private:
  absl::StatusOr<int> RelayWithInput();
  absl::StatusOr<int> Relay();
  // What RelayWithInput calls when the stream is done: an exit status, or why there is none.
  absl::StatusOr<int> Conclude(const guest::v1::Process& process, uint64_t missed_bytes) const;
  void OnSignal(int signal, int count) ABSL_LOCKS_EXCLUDED(mutex_);
  // Body of `sender_`: sends the pending signal once the process is there.
  void SendSignals() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Send(const std::string& signal);
  bool SenderHasWork() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return done_ || (started_ && !pending_signal_.empty());
  }

  Invocation& invocation_;
  SignalCatcher& signals_;
  // Set by Run before `started_`, constant from then on.
  std::string session_id_;
  std::string process_id_;
  bool with_input_ = false;
  std::thread sender_;
  absl::Mutex mutex_;
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  std::string pending_signal_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch::ctl
