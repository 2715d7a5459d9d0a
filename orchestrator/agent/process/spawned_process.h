#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/child/child_process.h"
#include "orchestrator/agent/process/output_ring.h"
#include "orchestrator/agent/process/resolve_process_spec.h"
#include "orchestrator/agent/process/usage_meter.h"
#include "orchestrator/base/clock.h"

namespace orch::agent {

// The record of a process asked for by Spawn: queued, running or ended, with the output that is
// kept.
//
// Confined to the loop's thread. Owned by the ProcessTable and by the streams that read it, which
// may outlive the record there; hence shared.
class SpawnedProcess : private ChildProcess::Observer {
 public:
  using SubscriptionId = uint64_t;

  // A queued process that keeps `ring_bytes` of output. INVALID_ARGUMENT: the size of a terminal.
  // `context` and `clock` outlive the process; `on_end` is called from the loop when it has ended,
  // which it also does before it was started.
  static absl::StatusOr<std::shared_ptr<SpawnedProcess>> Create(
      const ChildContext& context, const guest::v1::SpawnRequest& request, ResolvedProcess resolved,
      size_t ring_bytes, const Clock& clock, std::function<void()> on_end);
  ~SpawnedProcess() override;

  // Starts the queued process. Errors of ChildProcess::Start(); then it is still queued: destroy it
  // or call Fail().
  absl::Status Start();
  // Ends the queued process as FAILED because of `error`.
  void Fail(const absl::Status& error);

  const std::string& id() const { return id_; }
  guest::v1::ProcessStatus status() const { return status_; }
  bool has_terminal() const { return has_terminal_; }
  bool running() const { return status_ == guest::v1::PROCESS_STATUS_RUNNING; }
  bool ended() const { return !running() && status_ != guest::v1::PROCESS_STATUS_QUEUED; }
  // Why it could not be started; OK unless it is FAILED.
  const absl::Status& error() const { return error_; }
  // It has ended and no more output will come.
  bool drained() const { return drained_; }
  absl::Time finished_at() const { return finished_at_; }
  // How it ended, by itself or by a signal; absent before, and when it is FAILED.
  const std::optional<ChildEnd>& end() const { return end_; }
  bool out_of_memory() const { return out_of_memory_; }
  // From its start to its end; zero when it was not started, or has not ended.
  absl::Duration run_time() const { return run_time_; }
  guest::v1::Process ToProto() const;
  // The same with what it uses, if it runs.
  guest::v1::Process ToProtoWithUsage();

  // Calls `on_change` from the loop after output, the end, and the end of output.
  SubscriptionId Subscribe(std::function<void()> on_change);
  void Unsubscribe(SubscriptionId id);

  // See OutputRing. Reading may let a blocked process go on.
  OutputRing::ReaderId AddReader(uint64_t from_sequence);
  OutputRing::Item ReadNext(OutputRing::ReaderId id);
  void RemoveReader(OutputRing::ReaderId id);
  size_t output_bytes() const { return ring_.size(); }
  void DropOutput();
  // Everything that is kept; see OutputRing.
  const OutputRing& output() const { return ring_; }
  // Sequence number of the latest output; 0 when there was none.
  uint64_t last_sequence() const { return ring_.last_sequence(); }

  // See ChildProcess. A queued process is ended by a signal that would end it, and refuses others.
  absl::Status Signal(int signal, ChildProcess::SignalScope scope);
  // Kills it, with all its descendants, if it has not ended after `delay`, in place of what was
  // said before.
  void KillAfter(absl::Duration delay);
  absl::Status Resize(TerminalSize size);
  // Of a queued process, `bytes` wait for its start.
  void WriteStdin(std::string bytes, bool eof, std::function<void(const absl::Status&)> done);
  void AbandonStdinWrite();

 private:
  struct StdinWrite {
    std::string bytes;
    bool eof;
    std::function<void(const absl::Status&)> done;
  };

  SpawnedProcess(const ChildContext& context, const guest::v1::SpawnRequest& request,
                 ChildProcess::Options options, size_t ring_bytes, const Clock& clock,
                 std::function<void()> on_end);
  // Of a process that was never started.
  void EndQueued(guest::v1::ProcessStatus status);
  void DropPendingStdin(const absl::Status& status);
  void OnOutput(ChildProcess::Stream stream, absl::string_view bytes) override;
  void OnEnd(const ChildEnd& end, bool timed_out) override;
  void OnDrained() override;
  void PauseWhenFull();
  void NotifySubscribers();

  const ChildContext context_;
  const std::string id_;
  const guest::v1::ProcessSpec spec_;
  const bool has_terminal_;
  const Clock& clock_;
  const absl::Time created_at_;
  const std::function<void()> on_end_;
  // Until it is started.
  ChildProcess::Options options_;
  std::optional<StdinWrite> pending_stdin_;
  guest::v1::ProcessStatus status_ = guest::v1::PROCESS_STATUS_QUEUED;
  std::optional<absl::Time> started_at_;
  absl::Duration started_;
  absl::Duration run_time_;
  std::optional<UsageMeter> meter_;
  EventLoop::TimerId kill_timer_ = 0;
  // Absent when it was not started.
  std::optional<ChildEnd> end_;
  absl::Status error_;
  bool out_of_memory_ = false;
  absl::Time finished_at_ = absl::InfiniteFuture();
  bool drained_ = false;
  OutputRing ring_;
  std::map<SubscriptionId, std::function<void()>> subscribers_;
  SubscriptionId next_subscription_ = 1;
  // Null once drained. Last: its end uses the others.
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace orch::agent
