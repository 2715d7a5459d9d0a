#include "orchestrator/agent/process/spawned_process.h"

#include <utility>
#include <vector>

#include "orchestrator/agent/process/terminal_fields.h"
#include "orchestrator/agent/rpc/proto_time.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// Fields of a newer client count against no limit and would be kept and sent back.
guest::v1::ProcessSpec WithoutUnknownFields(guest::v1::ProcessSpec spec) {
  spec.DiscardUnknownFields();
  return spec;
}

absl::StatusOr<std::optional<TerminalSize>> TerminalOf(const guest::v1::SpawnRequest& request) {
  if (!request.allocate_tty()) {
    if (request.rows() == 0 && request.cols() == 0) return std::optional<TerminalSize>();
    return absl::InvalidArgumentError("rows and cols need allocate_tty");
  }
  const TerminalSize usual;
  ORCH_ASSIGN_OR_RETURN(const TerminalSize size,
                        ParseTerminalSize(request.rows() == 0 ? usual.rows : request.rows(),
                                          request.cols() == 0 ? usual.cols : request.cols()));
  return std::optional<TerminalSize>(size);
}

}  // namespace

SpawnedProcess::SpawnedProcess(const guest::v1::SpawnRequest& request,
                               std::optional<TerminalSize> terminal, const Clock& clock,
                               std::function<void()> on_end)
    : id_(RandomUuid()),
      spec_(WithoutUnknownFields(request.spec())),
      terminal_(terminal),
      clock_(clock),
      started_at_(clock.Now()),
      on_end_(std::move(on_end)),
      ring_(kRingBytes, request.output_overflow() == guest::v1::OUTPUT_OVERFLOW_BLOCK
                            ? OutputRing::Overflow::kBlock
                            : OutputRing::Overflow::kDropOldest) {}

absl::StatusOr<std::shared_ptr<SpawnedProcess>> SpawnedProcess::Start(
    const ChildContext& context, const guest::v1::SpawnRequest& request, ResolvedProcess resolved,
    const Clock& clock, std::function<void()> on_end) {
  ORCH_ASSIGN_OR_RETURN(const std::optional<TerminalSize> terminal, TerminalOf(request));
  std::shared_ptr<SpawnedProcess> process(
      new SpawnedProcess(request, terminal, clock, std::move(on_end)));
  ChildProcess::Options options;
  options.child = std::move(resolved.child);
  options.timeout = resolved.timeout;
  options.terminal = terminal;
  options.stdin_mode =
      request.open_stdin() ? ChildProcess::Stdin::kOpen : ChildProcess::Stdin::kNull;
  ORCH_ASSIGN_OR_RETURN(process->child_,
                        ChildProcess::Start(context, std::move(options), *process));
  return process;
}

guest::v1::Process SpawnedProcess::ToProto() const {
  guest::v1::Process proto;
  proto.set_process_id(id_);
  *proto.mutable_spec() = spec_;
  proto.set_status(status_);
  proto.set_tty(has_terminal());
  *proto.mutable_started_at() = ToProtoTimestamp(started_at_);
  if (running()) {
    proto.set_pid(child_->pid());
    return proto;
  }
  if (end_.exited) {
    proto.set_exit_code(end_.code);
  } else {
    proto.set_signal(end_.code);
  }
  *proto.mutable_finished_at() = ToProtoTimestamp(finished_at_);
  return proto;
}

SpawnedProcess::SubscriptionId SpawnedProcess::Subscribe(std::function<void()> on_change) {
  subscribers_.emplace(next_subscription_, std::move(on_change));
  return next_subscription_++;
}

void SpawnedProcess::Unsubscribe(SubscriptionId id) { subscribers_.erase(id); }

void SpawnedProcess::NotifySubscribers() {
  // Those that are called may unsubscribe themselves and others.
  std::vector<SubscriptionId> ids;
  for (const auto& [id, on_change] : subscribers_) ids.push_back(id);
  for (const SubscriptionId id : ids) {
    const auto subscriber = subscribers_.find(id);
    if (subscriber == subscribers_.end()) continue;
    const std::function<void()> on_change = subscriber->second;
    on_change();
  }
}

OutputRing::ReaderId SpawnedProcess::AddReader(uint64_t from_sequence) {
  return ring_.AddReader(from_sequence);
}

OutputRing::Item SpawnedProcess::ReadNext(OutputRing::ReaderId id) {
  // Makes room for more by dropping what the reader is past, but not the chunk it is about to get.
  PauseWhenFull();
  return ring_.Next(id);
}

void SpawnedProcess::RemoveReader(OutputRing::ReaderId id) {
  ring_.RemoveReader(id);
  PauseWhenFull();
}

void SpawnedProcess::DropOutput() {
  ring_.Clear();
  PauseWhenFull();
}

void SpawnedProcess::PauseWhenFull() {
  if (child_ != nullptr) child_->SetOutputPaused(!ring_.HasRoom());
}

absl::Status SpawnedProcess::Signal(int signal) {
  if (child_ == nullptr) return absl::FailedPreconditionError("the process has ended");
  return child_->Signal(signal);
}

absl::Status SpawnedProcess::Resize(TerminalSize size) {
  if (!has_terminal()) return absl::FailedPreconditionError("the process has no terminal");
  if (child_ == nullptr) return absl::FailedPreconditionError("the process has ended");
  return child_->Resize(size);
}

void SpawnedProcess::WriteStdin(std::string bytes, bool eof,
                                std::function<void(const absl::Status&)> done) {
  if (child_ == nullptr) {
    done(absl::FailedPreconditionError("the process has ended"));
    return;
  }
  child_->WriteStdin(std::move(bytes), eof, std::move(done));
}

void SpawnedProcess::AbandonStdinWrite() {
  if (child_ != nullptr) child_->AbandonStdinWrite();
}

void SpawnedProcess::OnOutput(ChildProcess::Stream stream, absl::string_view bytes) {
  ring_.Append(stream, bytes, clock_.Now());
  PauseWhenFull();
  NotifySubscribers();
}

void SpawnedProcess::OnEnd(const ChildEnd& end, bool timed_out) {
  end_ = end;
  finished_at_ = clock_.Now();
  if (timed_out) {
    status_ = guest::v1::PROCESS_STATUS_TIMED_OUT;
  } else {
    status_ = end.exited ? guest::v1::PROCESS_STATUS_EXITED : guest::v1::PROCESS_STATUS_KILLED;
  }
  on_end_();
  NotifySubscribers();
}

void SpawnedProcess::OnDrained() {
  drained_ = true;
  child_.reset();
  NotifySubscribers();
}

}  // namespace orch::agent
