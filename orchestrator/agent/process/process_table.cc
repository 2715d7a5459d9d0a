#include "orchestrator/agent/process/process_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/agent/process/process_config_fields.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 1000;
// No page is larger, or clients with gRPC's default limit of 4 MiB could not receive it. A process
// is far smaller: its spec is limited.
constexpr size_t kMaxPageBytes = 3 * 1024 * 1024;
// Tag and length of a process within a page.
constexpr size_t kEntryOverheadBytes = 8;
// How often memory of expired records is given back when nobody calls.
constexpr absl::Duration kExpiryInterval = absl::Seconds(30);

}  // namespace

ProcessTable::ProcessTable(const ChildContext& context, const Clock& clock,
                           const ProcessConfig& config)
    : context_(context),
      clock_(clock),
      config_(config),
      queue_(std::make_unique<RunQueue>(context.loop, config_)) {
  context_.loop.RunAndWait([this] { ScheduleExpiry(); });
}

ProcessTable::~ProcessTable() {
  context_.loop.RunAndWait([this] {
    context_.loop.CancelTimer(expiry_timer_);
    records_.clear();
    queue_.reset();
  });
}

void ProcessTable::ScheduleExpiry() {
  expiry_timer_ = context_.loop.RunAfter(kExpiryInterval, [this] {
    Expire();
    ScheduleExpiry();
  });
}

absl::Status ProcessTable::SetConfig(const guest::v1::ProcessConfig& changes) {
  ORCH_ASSIGN_OR_RETURN(config_, ChangeConfig(config_, changes));
  queue_->Advance();
  Expire();
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<SpawnedProcess>> ProcessTable::Spawn(
    const guest::v1::SpawnRequest& request, ResolvedProcess resolved) {
  Expire();
  Record record;
  const uint64_t ordinal = next_ordinal_++;
  ORCH_ASSIGN_OR_RETURN(
      record.process,
      SpawnedProcess::Create(context_, request, std::move(resolved), config_.max_log_bytes, clock_,
                             [this, ordinal] { Ended(ordinal); }));
  ORCH_ASSIGN_OR_RETURN(record.place, queue_->Enter([this, ordinal] { StartQueued(ordinal); }));
  if (record.place->running()) ORCH_RETURN_IF_ERROR(record.process->Start());
  ordinals_[record.process->id()] = ordinal;
  return records_.emplace(ordinal, std::move(record)).first->second.process;
}

void ProcessTable::StartQueued(uint64_t ordinal) {
  // Fail() takes the record's place away, and a subscriber may delete the record.
  const std::shared_ptr<SpawnedProcess> process = records_.at(ordinal).process;
  if (const absl::Status started = process->Start(); !started.ok()) process->Fail(started);
}

void ProcessTable::Ended(uint64_t ordinal) {
  const auto record = records_.find(ordinal);
  if (record == records_.end()) return;
  record->second.place.reset();
  ended_.push_back(ordinal);
}

void ProcessTable::Erase(uint64_t ordinal) {
  const auto record = records_.find(ordinal);
  ordinals_.erase(record->second.process->id());
  records_.erase(record);
}

void ProcessTable::Expire() {
  const absl::Time oldest = clock_.Now() - config_.ended_record_age;
  size_t expired =
      ended_.size() > config_.max_ended_records ? ended_.size() - config_.max_ended_records : 0;
  while (expired < ended_.size() && records_.at(ended_[expired]).process->finished_at() < oldest) {
    ++expired;
  }
  for (size_t i = 0; i < expired; ++i) Erase(ended_[i]);
  ended_.erase(ended_.begin(), ended_.begin() + static_cast<ptrdiff_t>(expired));

  size_t kept = 0;
  for (auto ordinal = ended_.rbegin(); ordinal != ended_.rend(); ++ordinal) {
    SpawnedProcess& process = *records_.at(*ordinal).process;
    kept += process.output_bytes();
    if (kept > config_.max_ended_output_bytes) {
      kept -= process.output_bytes();
      process.DropOutput();
    }
  }
}

absl::StatusOr<std::shared_ptr<SpawnedProcess>> ProcessTable::Find(const std::string& process_id) {
  Expire();
  const auto ordinal = ordinals_.find(process_id);
  if (ordinal == ordinals_.end()) {
    return absl::NotFoundError(absl::StrCat("no process ", Quoted(process_id),
                                            "; records of ended ones are kept for ",
                                            absl::FormatDuration(config_.ended_record_age)));
  }
  return records_.at(ordinal->second).process;
}

absl::Status ProcessTable::Delete(const std::string& process_id) {
  ORCH_ASSIGN_OR_RETURN(const std::shared_ptr<SpawnedProcess> process, Find(process_id));
  if (!process->ended()) {
    return absl::FailedPreconditionError(absl::StrCat("process ", Quoted(process_id),
                                                      process->running() ? " runs" : " is queued",
                                                      "; end it with Signal first"));
  }
  const uint64_t ordinal = ordinals_.at(process_id);
  ended_.erase(std::find(ended_.begin(), ended_.end(), ordinal));
  Erase(ordinal);
  return absl::OkStatus();
}

absl::StatusOr<guest::v1::ListResponse> ProcessTable::List(const guest::v1::ListRequest& request) {
  Expire();
  if (request.page_size() < 0 || request.page_size() > kMaxPageSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size is ", request.page_size(), "; it must be 0..", kMaxPageSize));
  }
  const int page_size = request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  uint64_t after = 0;
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &after)) {
    return absl::InvalidArgumentError("page_token must be a next_page_token of an earlier List");
  }
  guest::v1::ListResponse response;
  uint64_t last = 0;
  size_t bytes = 0;
  for (auto record = records_.upper_bound(after); record != records_.end(); ++record) {
    SpawnedProcess& process = *record->second.process;
    if (request.statuses_size() > 0 &&
        std::find(request.statuses().begin(), request.statuses().end(), process.status()) ==
            request.statuses().end()) {
      continue;
    }
    guest::v1::Process proto =
        request.include_usage() ? process.ToProtoWithUsage() : process.ToProto();
    bytes += proto.ByteSizeLong() + kEntryOverheadBytes;
    if (response.processes_size() == page_size || bytes > kMaxPageBytes) {
      response.set_next_page_token(absl::StrCat(last));
      break;
    }
    last = record->first;
    *response.add_processes() = std::move(proto);
  }
  return response;
}

}  // namespace orch::agent
