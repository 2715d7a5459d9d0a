#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/child/child_process.h"
#include "orchestrator/agent/config/process_config.h"
#include "orchestrator/agent/process/resolve_process_spec.h"
#include "orchestrator/agent/process/run_queue.h"
#include "orchestrator/agent/process/spawned_process.h"
#include "orchestrator/base/clock.h"

namespace orch::agent {

// The processes of ProcessService: counts all that run, queues those beyond the limit, keeps the
// records of those that were spawned, and has the limits in force. Confined to the loop's thread,
// except construction and destruction, which kills what runs.
class ProcessTable {
 public:
  // `context` and `clock` outlive the table.
  ProcessTable(const ChildContext& context, const Clock& clock, const ProcessConfig& config);
  ~ProcessTable();
  ProcessTable(const ProcessTable&) = delete;
  ProcessTable& operator=(const ProcessTable&) = delete;

  // Where processes that have no record take their turn, too.
  RunQueue& queue() { return *queue_; }

  const ProcessConfig& config() const { return config_; }
  // INVALID_ARGUMENT: see ChangeConfig().
  absl::Status SetConfig(const guest::v1::ProcessConfig& changes);

  // Starts a process, or queues it. Errors of RunQueue::Enter(), SpawnedProcess::Create() and, of
  // what is not queued, ChildProcess::Start().
  absl::StatusOr<std::shared_ptr<SpawnedProcess>> Spawn(const guest::v1::SpawnRequest& request,
                                                        ResolvedProcess resolved);

  // NOT_FOUND: no such process, or its record expired.
  absl::StatusOr<std::shared_ptr<SpawnedProcess>> Find(const std::string& process_id);

  // Forgets an ended process. NOT_FOUND as Find(). FAILED_PRECONDITION: it has not ended.
  absl::Status Delete(const std::string& process_id);

  // INVALID_ARGUMENT: page_size or page_token.
  absl::StatusOr<guest::v1::ListResponse> List(const guest::v1::ListRequest& request);

 private:
  struct Record {
    std::shared_ptr<SpawnedProcess> process;
    std::unique_ptr<RunQueue::Place> place;
  };

  void StartQueued(uint64_t ordinal);
  void Ended(uint64_t ordinal);
  void Expire();
  void Erase(uint64_t ordinal);
  void ScheduleExpiry();

  const ChildContext context_;
  const Clock& clock_;
  ProcessConfig config_;
  // Null once the table is being destroyed. Before the records, which have places in it.
  std::unique_ptr<RunQueue> queue_;
  // By order of their start; the page token is the ordinal of the last one of a page.
  std::map<uint64_t, Record> records_;
  std::unordered_map<std::string, uint64_t> ordinals_;
  uint64_t next_ordinal_ = 1;
  // Ordinals of ended processes, in the order of their ends.
  std::vector<uint64_t> ended_;
  EventLoop::TimerId expiry_timer_ = 0;
};

}  // namespace orch::agent
