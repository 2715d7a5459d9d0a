#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "grpcpp/client_context.h"

#include "guest/v1/process.grpc.pb.h"
#include "orchestrator/base/unique_fd.h"
#include "orchestrator/orchctl/invocation.h"
#include "orchestrator/orchctl/terminal/raw_terminal.h"

namespace orch::ctl {

// Our terminal joined to the one of a guest's process: what is typed, what is shown, and the size.
// Ctrl-] leaves the process alone and ends the session. Where standard input is no terminal, its
// bytes are typed, and at its end the end-of-file character.
//
// Two threads: the caller's shows what comes, another one types. SIGINT is typed as Ctrl-C; SIGTERM
// and SIGHUP give the terminal back, hang up a process that the session started, and end orchctl.
class AttachSession {
 public:
  // Make it before there are other threads, and so before the first call: it blocks signals.
  // `invocation` outlives this.
  static absl::StatusOr<std::unique_ptr<AttachSession>> Create(Invocation& invocation);

  // Starts a process on a terminal like ours, joins it, and returns the exit status that stands for
  // its end, or 0 when it was left.
  absl::StatusOr<int> Run(guest::v1::SpawnRequest request);

  // Joins a process that is there; with `from_start`, shows what is kept of its output, too.
  // FAILED_ PRECONDITION: it has no terminal. Else as Run().
  absl::StatusOr<int> Attach(const std::string& session_id, const std::string& process_id,
                             bool from_start);

 private:
  using Stream = grpc::ClientReaderWriter<guest::v1::AttachRequest, guest::v1::AttachResponse>;

  AttachSession(Invocation& invocation, UniqueFd signals, UniqueFd stop);
  // Shows what comes until the process has ended or was left.
  absl::StatusOr<int> Show(Stream& stream);
  // Body of the other thread.
  void Type(Stream& stream);
  // False: nothing more is to be typed.
  bool TypeInput(Stream& stream);
  bool PassOnSignal(Stream& stream);
  void HangUp();

  Invocation& invocation_;
  const UniqueFd signals_;
  const UniqueFd stop_;
  RawTerminal terminal_;
  grpc::ClientContext context_;
  // Constant while there is another thread.
  std::string session_id_;
  std::string process_id_;
  bool started_here_ = false;
  std::atomic<bool> left_ = false;
  // Of the thread that types.
  bool input_ended_ = false;
};

}  // namespace orch::ctl
