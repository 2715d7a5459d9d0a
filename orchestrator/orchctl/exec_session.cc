#include "orchestrator/orchctl/exec_session.h"

#include <signal.h>
#include <unistd.h>

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/exit_status.h"
#include "orchestrator/orchctl/output_relay.h"
#include "orchestrator/orchctl/stdin_pump.h"

namespace orch::ctl {
namespace {

using ::guest::v1::Process;
using ::guest::v1::ProcessService;

// A daemon that does not answer must not keep orchctl from ending.
constexpr absl::Duration kSignalTimeout = absl::Seconds(5);

}  // namespace

ExecSession::~ExecSession() {
  if (!sender_.joinable()) return;
  {
    absl::MutexLock lock(&mutex_);
    done_ = true;
  }
  sender_.join();
}

absl::StatusOr<int> ExecSession::Run(const guest::v1::SpawnRequest& request) {
  session_id_ = request.session_id();
  with_input_ = request.open_stdin();
  // A closed output is seen as EPIPE, and passed on.
  ::signal(SIGPIPE, SIG_IGN);
  Connection& connection = invocation_.connection();
  sender_ = std::thread(&ExecSession::SendSignals, this);
  signals_.Start([this](int signal, int count) { OnSignal(signal, count); });
  ORCH_ASSIGN_OR_RETURN(
      const Process process,
      invocation_.Call(connection.processes(), &ProcessService::Stub::Spawn, request));
  process_id_ = process.process_id();
  {
    absl::MutexLock lock(&mutex_);
    started_ = true;
  }
  return RelayWithInput();
}

absl::StatusOr<int> ExecSession::RelayWithInput() {
  if (!with_input_) return Relay();
  StdinPump pump(invocation_.connection().processes(), session_id_, process_id_, STDIN_FILENO);
  std::thread thread([this, &pump] {
    const absl::Status status = pump.Run().status();
    // A process may end, or close its input, before ours ends; a lost connection is the relay's to
    // report.
    const bool expected = status.ok() || absl::IsFailedPrecondition(status) ||
                          absl::IsCancelled(status) || absl::IsUnavailable(status);
    if (!expected) invocation_.Report(Annotate(status, "standard input"));
  });
  const absl::Cleanup join = [&] {
    pump.Stop();
    thread.join();
  };
  return Relay();
}

absl::StatusOr<int> ExecSession::Relay() {
  guest::v1::StreamOutputRequest request;
  request.set_session_id(session_id_);
  request.set_process_id(process_id_);
  grpc::ClientContext context;
  const auto reader = invocation_.connection().processes().StreamOutput(&context, request);
  guest::v1::StreamOutputResponse response;
  OutputRelay relay;
  while (reader->Read(&response)) {
    if (response.has_exited()) return Conclude(response.exited(), relay.missed_bytes());
    relay.CountMissed(response.missed_bytes());
    if (!response.has_output()) continue;
    const absl::Status written = relay.Write(response.output());
    if (absl::IsAborted(written)) {
      if (absl::Status sent = Send("PIPE"); !sent.ok()) return sent;
      return kExitSignalBase + SIGPIPE;
    }
    ORCH_RETURN_IF_ERROR(written);
  }
  absl::Status status = FromGrpcStatus(reader->Finish());
  if (status.ok()) status = absl::UnavailableError("the output ended before the process did");
  return Annotate(status, absl::StrCat("lost process ", process_id_, ", which may still run"));
}

absl::StatusOr<int> ExecSession::Conclude(const Process& process, uint64_t missed_bytes) const {
  if (missed_bytes == 0) return ExitStatusOf(process);
  return absl::DataLossError(
      absl::StrCat(missed_bytes, " bytes of the output of process ", process_id_, " are missing"));
}

void ExecSession::OnSignal(int signal, int count) {
  if (count > 1) {
    invocation_.Note("interrupted twice; the guest process was left as it is");
    SignalCatcher::Die(signal);
  }
  absl::MutexLock lock(&mutex_);
  pending_signal_ = signal == SIGINT ? "INT" : "TERM";
}

void ExecSession::SendSignals() {
  while (true) {
    std::string signal;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](ExecSession* self)
               ABSL_SHARED_LOCKS_REQUIRED(self->mutex_) { return self->SenderHasWork(); },
          this));
      if (done_) return;
      signal = std::exchange(pending_signal_, "");
    }
    if (absl::Status status = Send(signal); !status.ok()) invocation_.Report(status);
  }
}

absl::Status ExecSession::Send(const std::string& signal) {
  guest::v1::SignalRequest request;
  request.set_session_id(session_id_);
  request.set_process_id(process_id_);
  request.set_signal(signal);
  const absl::Status status = invocation_
                                  .Call(invocation_.connection().processes(),
                                        &ProcessService::Stub::Signal, request, kSignalTimeout)
                                  .status();
  // It has ended meanwhile.
  if (absl::IsFailedPrecondition(status)) return absl::OkStatus();
  return Annotate(status, absl::StrCat("cannot send SIG", signal));
}

}  // namespace orch::ctl
