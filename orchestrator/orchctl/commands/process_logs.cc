#include "orchestrator/orchctl/commands/process_logs.h"

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

void ProcessLogsCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  AddProcessId(app, process_id_);
  app.add_flag("-f,--follow", follow_,
               "Print what is written from now on, too, until the process ends");
  app.add_option("--since", since_,
                 "Begin with this sequence number (default: the oldest that is kept)")
      ->type_name("SEQ");
  app.add_option("--tail", tail_, "Of what is kept, only so many of the latest pieces of output")
      ->type_name("N");
  app.add_option("--stream", stream_name_, "Only stdout, stderr or pty")
      ->type_name("STREAM")
      ->check(CLI::IsMember({"stdout", "stderr", "pty"}));
  app.footer(R"(
Each byte goes to the stream that the process wrote it to. With -o json there is
one object per line, with sequence number, stream, time and the bytes in base64.

Examples:
  orchctl process logs ID PID
  orchctl process logs ID PID -f 2>/dev/null)");
}

absl::Status ProcessLogsCommand::Check(const Settings&) {
  if (stream_name_ == "stdout") stream_ = guest::v1::OUTPUT_STREAM_STDOUT;
  if (stream_name_ == "stderr") stream_ = guest::v1::OUTPUT_STREAM_STDERR;
  if (stream_name_ == "pty") stream_ = guest::v1::OUTPUT_STREAM_PTY;
  return absl::OkStatus();
}

absl::Status ProcessLogsCommand::PrintMissed(Invocation& invocation, uint64_t bytes) const {
  if (bytes == 0) return absl::OkStatus();
  if (!invocation.json()) {
    invocation.Note(absl::StrCat(bytes, " bytes are no longer kept"));
    return absl::OkStatus();
  }
  guest::v1::StreamOutputResponse event;
  event.set_missed_bytes(bytes);
  return invocation.Print(ToJson(event, JsonStyle::kCompact));
}

absl::Status ProcessLogsCommand::PrintChunk(Invocation& invocation,
                                            const guest::v1::OutputChunk& chunk) {
  since_ = chunk.sequence() + 1;
  if (stream_ != guest::v1::OUTPUT_STREAM_UNSPECIFIED && chunk.stream() != stream_) {
    return absl::OkStatus();
  }
  if (!invocation.json()) return relay_.Write(chunk);
  guest::v1::StreamOutputResponse event;
  *event.mutable_output() = chunk;
  return invocation.Print(ToJson(event, JsonStyle::kCompact));
}

absl::Status ProcessLogsCommand::PrintTail(Invocation& invocation) {
  guest::v1::GetLogsRequest request;
  request.set_session_id(session_id_);
  request.set_process_id(process_id_);
  request.set_stream(stream_);
  request.set_since_sequence(since_ == 0 ? 0 : since_ - 1);
  request.set_tail(*tail_);
  guest::v1::GetLogsResponse page;
  do {
    ORCH_ASSIGN_OR_RETURN(page,
                          invocation.Call(invocation.connection().processes(),
                                          &guest::v1::ProcessService::Stub::GetLogs, request));
    for (const guest::v1::OutputChunk& chunk : page.chunks()) {
      ORCH_RETURN_IF_ERROR(PrintChunk(invocation, chunk));
    }
    if (page.more() && page.chunks().empty()) {
      return absl::InternalError("the guest promises more output and sends none");
    }
    request.clear_tail();
    if (since_ > 0) request.set_since_sequence(since_ - 1);
  } while (page.more());
  return absl::OkStatus();
}

absl::Status ProcessLogsCommand::Stream(Invocation& invocation) {
  guest::v1::StreamOutputRequest request;
  request.set_session_id(session_id_);
  request.set_process_id(process_id_);
  request.set_from_sequence(since_);
  request.set_no_follow(!follow_);
  grpc::ClientContext context;
  const auto reader = invocation.connection().processes().StreamOutput(&context, request);
  guest::v1::StreamOutputResponse response;
  while (reader->Read(&response)) {
    ORCH_RETURN_IF_ERROR(PrintMissed(invocation, response.missed_bytes()));
    if (response.has_output()) {
      ORCH_RETURN_IF_ERROR(PrintChunk(invocation, response.output()));
    } else if (response.has_exited() && invocation.json()) {
      ORCH_RETURN_IF_ERROR(invocation.Print(ToJson(response, JsonStyle::kCompact)));
    }
  }
  return FromGrpcStatus(reader->Finish());
}

absl::StatusOr<int> ProcessLogsCommand::Run(Invocation& invocation) {
  if (tail_) ORCH_RETURN_IF_ERROR(PrintTail(invocation));
  if (!tail_ || follow_) ORCH_RETURN_IF_ERROR(Stream(invocation));
  return kExitOk;
}

}  // namespace orch::ctl
