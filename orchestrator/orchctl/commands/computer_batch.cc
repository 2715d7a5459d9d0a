#include "orchestrator/orchctl/commands/computer_batch.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/computer_options.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::ComputerService;

namespace {

constexpr size_t kMaxBatchBytes = 4 * 1024 * 1024;
// A hundred actions of half a minute.
constexpr absl::Duration kLongCall = absl::Hours(1);

}  // namespace

void ComputerBatchCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("FILE", file_, "JSON; - reads standard input")->required()->type_name("");
  app.footer(R"(
FILE has a JSON array of 1 to 100 actions, each with one field that says what it
is, as ComputerAction in proto/guest/v1/computer.proto: move_mouse, click_mouse,
drag_mouse, scroll, type_text, press_key, set_cursor or sleep. They are done in
order; the first that fails ends it and is named.

Examples:
  echo '[{"click_mouse": {"at": {"x": 640, "y": 120}}},
         {"type_text": {"text": "weather"}},
         {"press_key": {"keys": ["Return"]}}]' | orchctl computer batch ID -)");
}

absl::Status ComputerBatchCommand::Check(const Settings&) {
  request_.set_session_id(session_id_);
  ORCH_ASSIGN_OR_RETURN(const std::string json, ReadFileOrStdin(file_, kMaxBatchBytes));
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      absl::StrCat("{\"actions\": ", json, "}"), &request_);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file_, " is no JSON array of actions: ", std::string(parsed.message())));
  }
  request_.set_session_id(session_id_);
  return absl::OkStatus();
}

absl::StatusOr<int> ComputerBatchCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const guest::v1::RunBatchResponse response,
                        invocation.Call(invocation.connection().computer(),
                                        &ComputerService::Stub::RunBatch, request_, kLongCall));
  ORCH_RETURN_IF_ERROR(invocation.Print(response, ""));
  return kExitOk;
}

}  // namespace orch::ctl
