#include "orchestrator/orchctl/commands/browsers_console.h"

#include <unistd.h>

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/console_text.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::orchestrator::v1::StreamConsoleResponse;

void BrowsersConsoleCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_flag("-f,--follow", follow_,
               "Print what is written from now on, too, until the browser ends");
  app.footer(R"(
Does not wake the browser. On a terminal, what could move the cursor or set
colours is printed as \xNN; elsewhere every byte is as the guest wrote it. A
browser that slept on disk wakes in another machine, whose console begins anew.
With -o json there is one object per line, with the bytes in base64.

Examples:
  orchctl browsers console ID
  orchctl browsers console ID -f | grep -a panic)");
}

absl::StatusOr<int> BrowsersConsoleCommand::Run(Invocation& invocation) {
  const bool on_terminal = ::isatty(STDOUT_FILENO) == 1;
  orchestrator::v1::StreamConsoleRequest request;
  request.set_session_id(session_id_);
  request.set_follow(follow_);
  grpc::ClientContext context;
  const auto reader = invocation.connection().browsers().StreamConsole(&context, request);
  StreamConsoleResponse response;
  ConsoleText text;
  while (reader->Read(&response)) {
    if (invocation.json()) {
      ORCH_RETURN_IF_ERROR(invocation.Print(ToJson(response, JsonStyle::kCompact)));
      continue;
    }
    if (response.restarted()) {
      invocation.Note("the console was cut or begins anew; lines may be missing or come again");
    }
    ORCH_RETURN_IF_ERROR(
        invocation.Print(on_terminal ? text.Add(response.data()) : response.data()));
  }
  if (on_terminal) ORCH_RETURN_IF_ERROR(invocation.Print(text.Finish()));
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(reader->Finish()));
  return kExitOk;
}

}  // namespace orch::ctl
