#include "orchestrator/orchctl/commands/computer_type.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/computer_options.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::ComputerService;

namespace {

constexpr size_t kMaxTextBytes = 65536;
// Ten minutes of typing at most, and waking.
constexpr absl::Duration kLongCall = absl::Minutes(12);

}  // namespace

void ComputerTypeCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("TEXT", text_, "What to type; - reads standard input")->required()->type_name("");
  app.add_option("--delay", delay_, "Wait between characters, up to 1s")->type_name("DURATION");
  app.footer(R"(
Any Unicode; line ends press Return.

Examples:
  orchctl computer type ID 'Hello, 世界'
  orchctl computer type ID - < letter.txt)");
}

absl::Status ComputerTypeCommand::Check(const Settings&) {
  request_.set_session_id(session_id_);
  if (text_ == "-") {
    ORCH_ASSIGN_OR_RETURN(text_, ReadFileOrStdin("-", kMaxTextBytes));
  }
  request_.mutable_input()->set_text(text_);
  if (!delay_.empty()) {
    ORCH_ASSIGN_OR_RETURN(const uint32_t delay_ms, ParseMilliseconds(delay_));
    request_.mutable_input()->set_delay_ms(delay_ms);
  }
  return absl::OkStatus();
}

absl::StatusOr<int> ComputerTypeCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const guest::v1::TypeTextResponse response,
                        invocation.Call(invocation.connection().computer(),
                                        &ComputerService::Stub::TypeText, request_, kLongCall));
  ORCH_RETURN_IF_ERROR(invocation.Print(response, ""));
  return kExitOk;
}

}  // namespace orch::ctl
