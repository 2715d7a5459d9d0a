#include "orchestrator/orchctl/terminal/attach_session.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/exit_status.h"
#include "orchestrator/orchctl/signal_catcher.h"
#include "orchestrator/orchctl/write_all.h"

namespace orch::ctl {
namespace {

using ::guest::v1::AttachRequest;
using ::guest::v1::AttachResponse;
using ::guest::v1::Process;
using ::guest::v1::ProcessService;

// As of telnet and of virsh console.
constexpr char kLeaveKey = 0x1d;
constexpr absl::string_view kInterruptKey = "\x03";
constexpr absl::string_view kEndOfFileKey = "\x04";
constexpr size_t kPieceBytes = 4096;
// A daemon that does not answer must not keep orchctl from ending.
constexpr absl::Duration kHangUpTimeout = absl::Seconds(2);

sigset_t TakenSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&set, signal);
  return set;
}

bool TypeKeys(grpc::ClientReaderWriter<guest::v1::AttachRequest, guest::v1::AttachResponse>& stream,
              absl::string_view keys) {
  AttachRequest request;
  request.set_data(std::string(keys));
  return keys.empty() || stream.Write(request);
}

}  // namespace

absl::StatusOr<std::unique_ptr<AttachSession>> AttachSession::Create(Invocation& invocation) {
  const sigset_t set = TakenSignals();
  if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
    return absl::ErrnoToStatus(error, "cannot block signals");
  }
  UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.valid()) return absl::ErrnoToStatus(errno, "cannot make a signalfd");
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop.valid()) return absl::ErrnoToStatus(errno, "cannot make an eventfd");
  // A closed output is seen as EPIPE.
  ::signal(SIGPIPE, SIG_IGN);
  return absl::WrapUnique(new AttachSession(invocation, std::move(signals), std::move(stop)));
}

AttachSession::AttachSession(Invocation& invocation, UniqueFd signals, UniqueFd stop)
    : invocation_(invocation),
      signals_(std::move(signals)),
      stop_(std::move(stop)),
      terminal_(STDIN_FILENO) {}

absl::StatusOr<int> AttachSession::Run(guest::v1::SpawnRequest request) {
  request.set_allocate_tty(true);
  // Nothing is lost, however much it writes and however slow our terminal is.
  request.set_output_overflow(guest::v1::OUTPUT_OVERFLOW_BLOCK);
  if (const auto size = terminal_.size()) {
    request.set_rows(size->rows());
    request.set_cols(size->cols());
  }
  ORCH_ASSIGN_OR_RETURN(const Process process,
                        invocation_.Call(invocation_.connection().processes(),
                                         &ProcessService::Stub::Spawn, request));
  started_here_ = true;
  return Attach(request.session_id(), process.process_id(), /*from_start=*/true);
}

absl::StatusOr<int> AttachSession::Attach(const std::string& session_id,
                                          const std::string& process_id, bool from_start) {
  session_id_ = session_id;
  process_id_ = process_id;
  const std::unique_ptr<Stream> stream = invocation_.connection().processes().Attach(&context_);
  AttachRequest request;
  request.set_session_id(session_id);
  request.set_process_id(process_id);
  if (from_start) request.set_from_sequence(0);
  if (const auto size = terminal_.size()) *request.mutable_resize() = *size;
  AttachResponse attached;
  if (!stream->Write(request) || !stream->Read(&attached)) {
    const absl::Status status = FromGrpcStatus(stream->Finish());
    return status.ok() ? absl::UnavailableError("the terminal's stream ended at once") : status;
  }
  terminal_.Enter();
  std::thread typing([this, &stream] { Type(*stream); });
  absl::Cleanup join = [&] {
    ::eventfd_write(stop_.get(), 1);
    typing.join();
    terminal_.Restore();
  };
  absl::StatusOr<int> exit_status = Show(*stream);
  std::move(join).Invoke();
  if (left_) {
    invocation_.Note(absl::StrCat("left process ", process_id,
                                  ", which goes on: orchctl process attach ", session_id, " ",
                                  process_id));
    return kExitOk;
  }
  return exit_status;
}

absl::StatusOr<int> AttachSession::Show(Stream& stream) {
  AttachResponse response;
  while (stream.Read(&response)) {
    if (response.has_exited()) return ExitStatusOf(response.exited());
    const absl::Status written = WriteAll(STDOUT_FILENO, response.output().data());
    if (written.ok()) continue;
    context_.TryCancel();
    return written;
  }
  absl::Status status = FromGrpcStatus(stream.Finish());
  if (status.ok()) status = absl::UnavailableError("the output ended before the process did");
  return Annotate(status, absl::StrCat("lost process ", process_id_, ", which may still run"));
}

void AttachSession::Type(Stream& stream) {
  while (true) {
    // poll passes over a negative descriptor.
    pollfd ready[] = {{.fd = stop_.get(), .events = POLLIN},
                      {.fd = signals_.get(), .events = POLLIN},
                      {.fd = input_ended_ ? -1 : STDIN_FILENO, .events = POLLIN}};
    if (::poll(ready, 3, -1) < 0 && errno != EINTR) return;
    if (ready[0].revents != 0) return;
    if (ready[1].revents != 0 && !PassOnSignal(stream)) return;
    if (ready[2].revents != 0 && !TypeInput(stream)) return;
  }
}

bool AttachSession::TypeInput(Stream& stream) {
  char piece[kPieceBytes];
  const ssize_t got = ::read(STDIN_FILENO, piece, sizeof piece);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) {
    input_ended_ = true;
    return TypeKeys(stream, kEndOfFileKey);
  }
  const absl::string_view keys(piece, static_cast<size_t>(got));
  const size_t leave = terminal_.is_terminal() ? keys.find(kLeaveKey) : absl::string_view::npos;
  if (!TypeKeys(stream, keys.substr(0, leave))) return false;
  if (leave == absl::string_view::npos) return true;
  left_ = true;
  context_.TryCancel();
  return false;
}

bool AttachSession::PassOnSignal(Stream& stream) {
  signalfd_siginfo info;
  if (::read(signals_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return true;
  const int signal = static_cast<int>(info.ssi_signo);
  if (signal == SIGINT) return TypeKeys(stream, kInterruptKey);
  if (signal == SIGWINCH) {
    AttachRequest request;
    const auto size = terminal_.size();
    if (!size) return true;
    *request.mutable_resize() = *size;
    return stream.Write(request);
  }
  terminal_.Restore();
  if (started_here_) HangUp();
  SignalCatcher::Die(signal);
}

void AttachSession::HangUp() {
  guest::v1::SignalRequest request;
  request.set_session_id(session_id_);
  request.set_process_id(process_id_);
  request.set_signal("HUP");
  const absl::Status status = invocation_
                                  .Call(invocation_.connection().processes(),
                                        &ProcessService::Stub::Signal, request, kHangUpTimeout)
                                  .status();
  if (!status.ok() && !absl::IsFailedPrecondition(status)) invocation_.Report(status);
}

}  // namespace orch::ctl
