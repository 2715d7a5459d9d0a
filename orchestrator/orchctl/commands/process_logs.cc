#include "orchestrator/orchctl/commands/process_logs.h"

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/output_relay.h"
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
  app.footer(R"(
Each byte goes to the stream that the process wrote it to. With -o json there is
one object per line, with sequence number, stream, time and the bytes in base64.

Examples:
  orchctl process logs ID PID
  orchctl process logs ID PID -f 2>/dev/null)");
}

absl::StatusOr<int> ProcessLogsCommand::Run(Invocation& invocation) {
  guest::v1::StreamOutputRequest request;
  request.set_session_id(session_id_);
  request.set_process_id(process_id_);
  request.set_from_sequence(since_);
  request.set_no_follow(!follow_);
  grpc::ClientContext context;
  const auto reader = invocation.connection().processes().StreamOutput(&context, request);
  guest::v1::StreamOutputResponse response;
  OutputRelay relay;
  while (reader->Read(&response)) {
    if (invocation.json()) {
      ORCH_RETURN_IF_ERROR(invocation.Print(ToJson(response, JsonStyle::kCompact)));
    } else if (response.has_output()) {
      ORCH_RETURN_IF_ERROR(relay.Write(response.output()));
    } else if (response.missed_bytes() > 0) {
      invocation.Note(absl::StrCat(response.missed_bytes(), " bytes are no longer kept"));
    }
  }
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(reader->Finish()));
  return kExitOk;
}

}  // namespace orch::ctl
