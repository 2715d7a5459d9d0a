#include "orchestrator/orchctl/commands/computer_clipboard.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/computer_options.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::ComputerService;

namespace {

constexpr size_t kMaxClipboardBytes = 1024 * 1024;

}  // namespace

void ComputerClipboardCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("TEXT", text_, "Put this there instead of printing it; - reads standard input")
      ->type_name("")
      ->each([this](const std::string&) { write_ = true; });
  app.footer(R"(
Examples:
  orchctl computer clipboard ID
  orchctl computer clipboard ID 'to paste'
  orchctl computer clipboard ID - < notes.txt)");
}

absl::Status ComputerClipboardCommand::Check(const Settings&) {
  request_.set_session_id(session_id_);
  if (text_ == "-") {
    ORCH_ASSIGN_OR_RETURN(text_, ReadFileOrStdin("-", kMaxClipboardBytes));
  }
  request_.set_text(text_);
  return absl::OkStatus();
}

absl::StatusOr<int> ComputerClipboardCommand::Run(Invocation& invocation) {
  ComputerService::Stub& computer = invocation.connection().computer();
  if (write_) {
    ORCH_ASSIGN_OR_RETURN(
        const guest::v1::WriteClipboardResponse written,
        invocation.Call(computer, &ComputerService::Stub::WriteClipboard, request_));
    ORCH_RETURN_IF_ERROR(invocation.Print(written, ""));
    return kExitOk;
  }
  guest::v1::ReadClipboardRequest request;
  request.set_session_id(session_id_);
  ORCH_ASSIGN_OR_RETURN(const guest::v1::ReadClipboardResponse clipboard,
                        invocation.Call(computer, &ComputerService::Stub::ReadClipboard, request));
  ORCH_RETURN_IF_ERROR(invocation.Print(clipboard, clipboard.text()));
  return kExitOk;
}

}  // namespace orch::ctl
