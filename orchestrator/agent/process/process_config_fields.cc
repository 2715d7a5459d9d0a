#include "orchestrator/agent/process/process_config_fields.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "orchestrator/agent/rpc/duration_field.h"
#include "orchestrator/agent/rpc/proto_time.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

template <typename Number>
absl::Status SetNumber(absl::string_view name, uint64_t wanted, int64_t least, int64_t most,
                       Number& value) {
  if (wanted < static_cast<uint64_t>(least) || wanted > static_cast<uint64_t>(most)) {
    return absl::InvalidArgumentError(
        absl::StrCat("config.", name, " is ", wanted, "; it must be ", least, "..", most));
  }
  value = static_cast<Number>(wanted);
  return absl::OkStatus();
}

absl::Status ChangeNumbers(const guest::v1::ProcessConfig& changes, ProcessConfig& config) {
  if (changes.has_max_concurrent()) {
    ORCH_RETURN_IF_ERROR(SetNumber("max_concurrent", changes.max_concurrent(), 1,
                                   kMostConcurrentProcesses, config.max_concurrent));
  }
  if (changes.has_max_queued()) {
    ORCH_RETURN_IF_ERROR(
        SetNumber("max_queued", changes.max_queued(), 0, kMostQueuedProcesses, config.max_queued));
  }
  if (changes.has_default_output_bytes()) {
    ORCH_RETURN_IF_ERROR(SetNumber("default_output_bytes", changes.default_output_bytes(), 1,
                                   kMostExecOutputBytes, config.default_output_bytes));
  }
  if (changes.has_max_log_bytes()) {
    ORCH_RETURN_IF_ERROR(SetNumber("max_log_bytes", changes.max_log_bytes(), kLeastLogBytes,
                                   kMostLogBytes, config.max_log_bytes));
  }
  if (changes.has_max_input_bytes()) {
    ORCH_RETURN_IF_ERROR(SetNumber("max_input_bytes", changes.max_input_bytes(), 1, kMostInputBytes,
                                   config.max_input_bytes));
  }
  if (changes.has_max_ended_records()) {
    ORCH_RETURN_IF_ERROR(SetNumber("max_ended_records", changes.max_ended_records(), 1,
                                   kMostEndedRecords, config.max_ended_records));
  }
  if (changes.has_max_ended_output_bytes()) {
    ORCH_RETURN_IF_ERROR(SetNumber("max_ended_output_bytes", changes.max_ended_output_bytes(), 0,
                                   kMostEndedOutputBytes, config.max_ended_output_bytes));
  }
  return absl::OkStatus();
}

}  // namespace

guest::v1::ProcessConfig ToProto(const ProcessConfig& config) {
  guest::v1::ProcessConfig proto;
  proto.set_max_concurrent(config.max_concurrent);
  proto.set_max_queued(config.max_queued);
  *proto.mutable_default_exec_timeout() = ToProtoDuration(config.default_exec_timeout);
  *proto.mutable_max_timeout() = ToProtoDuration(config.max_timeout);
  proto.set_default_output_bytes(config.default_output_bytes);
  proto.set_max_log_bytes(config.max_log_bytes);
  proto.set_max_input_bytes(config.max_input_bytes);
  *proto.mutable_ended_record_age() = ToProtoDuration(config.ended_record_age);
  proto.set_max_ended_records(config.max_ended_records);
  proto.set_max_ended_output_bytes(config.max_ended_output_bytes);
  return proto;
}

absl::StatusOr<ProcessConfig> ChangeConfig(ProcessConfig config,
                                           const guest::v1::ProcessConfig& changes) {
  ORCH_RETURN_IF_ERROR(ChangeNumbers(changes, config));
  if (changes.has_default_exec_timeout()) {
    ORCH_ASSIGN_OR_RETURN(
        config.default_exec_timeout,
        DurationField("config.default_exec_timeout", changes.default_exec_timeout(),
                      kLeastProcessTimeout, kMostProcessTimeout));
  }
  if (changes.has_max_timeout()) {
    ORCH_ASSIGN_OR_RETURN(config.max_timeout,
                          DurationField("config.max_timeout", changes.max_timeout(),
                                        kLeastProcessTimeout, kMostProcessTimeout));
  }
  if (changes.has_ended_record_age()) {
    ORCH_ASSIGN_OR_RETURN(config.ended_record_age,
                          DurationField("config.ended_record_age", changes.ended_record_age(),
                                        kLeastRecordAge, kMostRecordAge));
  }
  return config;
}

}  // namespace orch::agent
