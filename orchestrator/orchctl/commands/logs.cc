#include "orchestrator/orchctl/commands/logs.h"

#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/format/words.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::StreamLogResponse;

void LogsCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("WHAT", what_,
                 "A program that the image keeps running, \"agent\" for what supervises them, or "
                 "the absolute path of a file (default chromium)")
      ->type_name("");
  app.add_flag("-f,--follow", follow_, "Print what is written from now on, too");
  app.add_option("--tail", tail_, "Of what is kept, only so many of the latest lines")
      ->type_name("N");
  app.add_flag("--times", times_,
               "Begin lines with the time when they were written, if it is known");
  app.add_option("-u,--user", user_, "Read a file as this user of the guest (default root)")
      ->type_name("USER");
  app.footer(R"(
On a terminal, what could move the cursor or set colours is printed as \xNN;
elsewhere every byte is as it was written. With -o json there is one object per
line of the log, with its bytes in base64.

Examples:
  orchctl logs ID
  orchctl logs ID xtigervnc --tail 20 -f
  orchctl logs ID agent --times
  orchctl logs ID /var/log/app.log -f)");
}

absl::Status LogsCommand::Check(const Settings&) {
  request_.set_session_id(session_id_);
  request_.set_no_follow(!follow_);
  if (tail_) request_.set_tail(*tail_);
  if (absl::StartsWith(what_, "/")) {
    request_.set_path(what_);
    request_.set_as_user(user_);
    return absl::OkStatus();
  }
  request_.set_program(what_);
  if (user_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("--user is for files");
}

absl::Status LogsCommand::PrintLine(Invocation& invocation, const guest::v1::LogLine& line) {
  if (invocation.json()) return invocation.Print(ToJson(line, JsonStyle::kCompact));
  const std::string time =
      times_ && line.has_time() && !continued_ ? absl::StrCat(LocalTime(line.time()), " ") : "";
  continued_ = line.continued();
  const bool on_terminal = ::isatty(STDOUT_FILENO) == 1;
  return invocation.Print(absl::StrCat(time, on_terminal ? Printable(line.text()) : line.text(),
                                       continued_ ? "" : "\n"));
}

absl::StatusOr<int> LogsCommand::Run(Invocation& invocation) {
  grpc::ClientContext context;
  const auto reader = invocation.connection().logs().Stream(&context, request_);
  StreamLogResponse response;
  while (reader->Read(&response)) {
    if (response.missed_bytes() > 0) {
      invocation.Note(absl::StrCat(response.missed_bytes(), " bytes were lost here"));
    }
    for (const guest::v1::LogLine& line : response.lines()) {
      ORCH_RETURN_IF_ERROR(PrintLine(invocation, line));
    }
  }
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(reader->Finish()));
  return kExitOk;
}

}  // namespace orch::ctl
