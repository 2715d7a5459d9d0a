#include "orchestrator/orchctl/commands/process_config.h"

#include <cstdint>

#include "absl/time/time.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/process_tables.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/parse/values.h"

namespace orch::ctl {
namespace {

using ::guest::v1::ProcessConfig;
using ::guest::v1::ProcessService;

template <typename Number>
void AddNumber(CLI::App& app, const std::string& name, const std::string& what,
               ProcessConfig& changes, void (ProcessConfig::*set)(Number)) {
  app.add_option_function<Number>(
         name, [&changes, set](const Number& value) { (changes.*set)(value); }, what)
      ->type_name("N");
}

// Leaves `to` absent when nothing was typed.
absl::Status SetTyped(const std::string& text, ProcessConfig& changes,
                      google::protobuf::Duration* (ProcessConfig::*mutable_field)()) {
  if (text.empty()) return absl::OkStatus();
  ORCH_ASSIGN_OR_RETURN(const absl::Duration duration, ParseTimeout(text));
  SetDuration(duration, *(changes.*mutable_field)());
  return absl::OkStatus();
}

}  // namespace

void ProcessConfigCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  AddNumber<uint32_t>(app, "--max-concurrent", "Processes that run at a time; others are queued",
                      changes_, &ProcessConfig::set_max_concurrent);
  AddNumber<uint32_t>(app, "--max-queued", "Processes that wait for their turn", changes_,
                      &ProcessConfig::set_max_queued);
  app.add_option("--default-exec-timeout", default_exec_timeout_, "Of an Exec that has none")
      ->type_name("DURATION");
  app.add_option("--max-timeout", max_timeout_, "The largest that may be asked for")
      ->type_name("DURATION");
  AddNumber<uint64_t>(app, "--default-output-bytes", "Of each stream, that Exec returns", changes_,
                      &ProcessConfig::set_default_output_bytes);
  AddNumber<uint64_t>(app, "--max-log-bytes", "Output kept of each process", changes_,
                      &ProcessConfig::set_max_log_bytes);
  AddNumber<uint64_t>(app, "--max-input-bytes", "In one message to a process", changes_,
                      &ProcessConfig::set_max_input_bytes);
  app.add_option("--ended-record-age", ended_record_age_, "How long an ended process is kept")
      ->type_name("DURATION");
  AddNumber<uint32_t>(app, "--max-ended-records", "How many of them are kept", changes_,
                      &ProcessConfig::set_max_ended_records);
  AddNumber<uint64_t>(app, "--max-ended-output-bytes", "All their output together", changes_,
                      &ProcessConfig::set_max_ended_output_bytes);
  app.footer(R"(
Changes what is given, for what is started from then on and until the browser
ends, and prints all limits.

Examples:
  orchctl process config ID
  orchctl process config ID --max-concurrent 4 --max-timeout 10m)");
}

absl::Status ProcessConfigCommand::Check(const Settings&) {
  ORCH_RETURN_IF_ERROR(
      SetTyped(default_exec_timeout_, changes_, &ProcessConfig::mutable_default_exec_timeout));
  ORCH_RETURN_IF_ERROR(SetTyped(max_timeout_, changes_, &ProcessConfig::mutable_max_timeout));
  return SetTyped(ended_record_age_, changes_, &ProcessConfig::mutable_ended_record_age);
}

absl::StatusOr<int> ProcessConfigCommand::Run(Invocation& invocation) {
  // One that changes nothing is what GetConfig answers.
  guest::v1::SetConfigRequest request;
  request.set_session_id(session_id_);
  *request.mutable_config() = changes_;
  ORCH_ASSIGN_OR_RETURN(const ProcessConfig config,
                        invocation.Call(invocation.connection().processes(),
                                        &ProcessService::Stub::SetConfig, request));
  ORCH_RETURN_IF_ERROR(invocation.Print(config, ProcessConfigDetails(config)));
  return kExitOk;
}

}  // namespace orch::ctl
