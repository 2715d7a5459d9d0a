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
#include "orchestrator/base/clock.h"

namespace orch::agent {

// The record of a process started by Spawn: running or ended, with the output that is kept.
//
// Confined to the loop's thread. Owned by the ProcessTable and by the streams that read it, which
// may outlive the record there; hence shared.
class SpawnedProcess : private ChildProcess::Observer {
 public:
  using SubscriptionId = uint64_t;

  static constexpr size_t kRingBytes = 4 * 1024 * 1024;

  // Errors of ChildProcess::Start(), and INVALID_ARGUMENT for the size of a terminal. `clock`
  // outlives the process; `on_end` is called from the loop when it has ended.
  static absl::StatusOr<std::shared_ptr<SpawnedProcess>> Start(
      const ChildContext& context, const guest::v1::SpawnRequest& request, ResolvedProcess resolved,
      const Clock& clock, std::function<void()> on_end);

  const std::string& id() const { return id_; }
  guest::v1::ProcessStatus status() const { return status_; }
  bool has_terminal() const { return terminal_.has_value(); }
  bool running() const { return status_ == guest::v1::PROCESS_STATUS_RUNNING; }
  // It has ended and no more output will come.
  bool drained() const { return drained_; }
  absl::Time finished_at() const { return finished_at_; }
  guest::v1::Process ToProto() const;

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

  // See ChildProcess.
  absl::Status Signal(int signal);
  absl::Status Resize(TerminalSize size);
  void WriteStdin(std::string bytes, bool eof, std::function<void(const absl::Status&)> done);
  void AbandonStdinWrite();

 private:
  SpawnedProcess(const guest::v1::SpawnRequest& request, std::optional<TerminalSize> terminal,
                 const Clock& clock, std::function<void()> on_end);
  void OnOutput(ChildProcess::Stream stream, absl::string_view bytes) override;
  void OnEnd(const ChildEnd& end, bool timed_out) override;
  void OnDrained() override;
  void PauseWhenFull();
  void NotifySubscribers();

  const std::string id_;
  const guest::v1::ProcessSpec spec_;
  const std::optional<TerminalSize> terminal_;
  const Clock& clock_;
  const absl::Time started_at_;
  const std::function<void()> on_end_;
  guest::v1::ProcessStatus status_ = guest::v1::PROCESS_STATUS_RUNNING;
  ChildEnd end_;
  absl::Time finished_at_ = absl::InfiniteFuture();
  bool drained_ = false;
  OutputRing ring_;
  std::map<SubscriptionId, std::function<void()>> subscribers_;
  SubscriptionId next_subscription_ = 1;
  // Null once drained. Last: its end uses the others.
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace orch::agent
