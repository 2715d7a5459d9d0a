#include "orchestrator/agent/process/spawned_process.h"

#include <signal.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "orchestrator/agent/child/tree_usage.h"
#include "orchestrator/agent/loop/monotonic_time.h"
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

// Signals by which a process that does nothing about them is not ended.
bool EndsProcesses(int signal) {
  constexpr int kHarmless[] = {SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP,
                               SIGTTIN, SIGTTOU, SIGURG,  SIGWINCH};
  return std::find(std::begin(kHarmless), std::end(kHarmless), signal) == std::end(kHarmless);
}

}  // namespace

SpawnedProcess::SpawnedProcess(const ChildContext& context, const guest::v1::SpawnRequest& request,
                               ChildProcess::Options options, size_t ring_bytes, const Clock& clock,
                               std::function<void()> on_end)
    : context_(context),
      id_(RandomUuid()),
      spec_(WithoutUnknownFields(request.spec())),
      has_terminal_(options.terminal.has_value()),
      clock_(clock),
      created_at_(clock.Now()),
      on_end_(std::move(on_end)),
      options_(std::move(options)),
      ring_(ring_bytes, request.output_overflow() == guest::v1::OUTPUT_OVERFLOW_BLOCK
                            ? OutputRing::Overflow::kBlock
                            : OutputRing::Overflow::kDropOldest) {}

absl::StatusOr<std::shared_ptr<SpawnedProcess>> SpawnedProcess::Create(
    const ChildContext& context, const guest::v1::SpawnRequest& request, ResolvedProcess resolved,
    size_t ring_bytes, const Clock& clock, std::function<void()> on_end) {
  ORCH_ASSIGN_OR_RETURN(const std::optional<TerminalSize> terminal, TerminalOf(request));
  ChildProcess::Options options;
  options.child = std::move(resolved.child);
  options.timeout = resolved.timeout;
  options.limits = resolved.limits;
  options.terminal = terminal;
  options.stdin_mode =
      request.open_stdin() ? ChildProcess::Stdin::kOpen : ChildProcess::Stdin::kNull;
  return std::shared_ptr<SpawnedProcess>(new SpawnedProcess(context, request, std::move(options),
                                                            ring_bytes, clock, std::move(on_end)));
}

SpawnedProcess::~SpawnedProcess() { context_.loop.CancelTimer(kill_timer_); }

absl::Status SpawnedProcess::Start() {
  ORCH_ASSIGN_OR_RETURN(child_, ChildProcess::Start(context_, std::move(options_), *this));
  status_ = guest::v1::PROCESS_STATUS_RUNNING;
  started_at_ = clock_.Now();
  started_ = BootTime();
  meter_.emplace(started_);
  if (pending_stdin_) {
    StdinWrite write = *std::exchange(pending_stdin_, std::nullopt);
    child_->WriteStdin(std::move(write.bytes), write.eof, std::move(write.done));
  }
  return absl::OkStatus();
}

void SpawnedProcess::Fail(const absl::Status& error) {
  error_ = error;
  EndQueued(guest::v1::PROCESS_STATUS_FAILED);
}

void SpawnedProcess::EndQueued(guest::v1::ProcessStatus status) {
  status_ = status;
  finished_at_ = clock_.Now();
  drained_ = true;
  DropPendingStdin(absl::FailedPreconditionError("the process has ended before it was started"));
  on_end_();
  NotifySubscribers();
}

void SpawnedProcess::DropPendingStdin(const absl::Status& status) {
  if (!pending_stdin_) return;
  const StdinWrite write = *std::exchange(pending_stdin_, std::nullopt);
  write.done(status);
}

guest::v1::Process SpawnedProcess::ToProto() const {
  guest::v1::Process proto;
  proto.set_process_id(id_);
  *proto.mutable_spec() = spec_;
  proto.set_status(status_);
  proto.set_tty(has_terminal());
  *proto.mutable_created_at() = ToProtoTimestamp(created_at_);
  if (started_at_) *proto.mutable_started_at() = ToProtoTimestamp(*started_at_);
  if (running()) proto.set_pid(child_->pid());
  if (!ended()) return proto;
  if (end_ && end_->exited) {
    proto.set_exit_code(end_->code);
  } else if (end_) {
    proto.set_signal(end_->code);
  }
  proto.set_error(std::string(error_.message()));
  proto.set_out_of_memory(out_of_memory_);
  *proto.mutable_finished_at() = ToProtoTimestamp(finished_at_);
  return proto;
}

guest::v1::Process SpawnedProcess::ToProtoWithUsage() {
  guest::v1::Process proto = ToProto();
  if (running()) {
    *proto.mutable_usage() =
        meter_->Measure(ReadTreeUsage(child_->pid(), child_->cgroup()), BootTime());
  }
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

absl::Status SpawnedProcess::Signal(int signal, ChildProcess::SignalScope scope) {
  if (status_ == guest::v1::PROCESS_STATUS_QUEUED) {
    if (!EndsProcesses(signal)) {
      return absl::FailedPreconditionError(
          "the process is queued; until it is started it takes only signals that end it");
    }
    end_ = ChildEnd{.exited = false, .code = signal};
    EndQueued(guest::v1::PROCESS_STATUS_KILLED);
    return absl::OkStatus();
  }
  if (child_ == nullptr) return absl::FailedPreconditionError("the process has ended");
  return child_->Signal(signal, scope);
}

void SpawnedProcess::KillAfter(absl::Duration delay) {
  if (!running()) return;
  context_.loop.CancelTimer(kill_timer_);
  kill_timer_ = context_.loop.RunAfter(delay, [this] { child_->Kill(); });
}

absl::Status SpawnedProcess::Resize(TerminalSize size) {
  if (!has_terminal()) return absl::FailedPreconditionError("the process has no terminal");
  if (status_ == guest::v1::PROCESS_STATUS_QUEUED) {
    options_.terminal = size;
    return absl::OkStatus();
  }
  if (child_ == nullptr) return absl::FailedPreconditionError("the process has ended");
  return child_->Resize(size);
}

void SpawnedProcess::WriteStdin(std::string bytes, bool eof,
                                std::function<void(const absl::Status&)> done) {
  if (status_ == guest::v1::PROCESS_STATUS_QUEUED) {
    if (pending_stdin_) {
      done(absl::AbortedError("another call is writing to this process's standard input"));
    } else {
      pending_stdin_ = StdinWrite{std::move(bytes), eof, std::move(done)};
    }
    return;
  }
  if (child_ == nullptr) {
    done(absl::FailedPreconditionError("the process has ended"));
    return;
  }
  child_->WriteStdin(std::move(bytes), eof, std::move(done));
}

void SpawnedProcess::AbandonStdinWrite() {
  if (pending_stdin_) pending_stdin_->done = [](const absl::Status&) {};
  if (child_ != nullptr) child_->AbandonStdinWrite();
}

void SpawnedProcess::OnOutput(ChildProcess::Stream stream, absl::string_view bytes) {
  ring_.Append(stream, bytes, clock_.Now());
  PauseWhenFull();
  NotifySubscribers();
}

void SpawnedProcess::OnEnd(const ChildEnd& end, bool timed_out) {
  context_.loop.CancelTimer(kill_timer_);
  end_ = end;
  run_time_ = BootTime() - started_;
  finished_at_ = clock_.Now();
  const bool limited = spec_.limits().memory_bytes() > 0 && child_->cgroup() != nullptr;
  out_of_memory_ = limited && child_->cgroup()->OutOfMemory();
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
