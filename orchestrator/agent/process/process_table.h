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
#include "orchestrator/agent/process/resolve_process_spec.h"
#include "orchestrator/agent/process/spawned_process.h"
#include "orchestrator/base/clock.h"

namespace orch::agent {

// The processes of ProcessService: counts all that run and keeps the records of those that were
// spawned.
//
// Records of ended processes are kept for `ended_record_age`, the newest `max_ended_records` of
// them; their output as long as all of it together is at most `max_ended_output_bytes`, oldest
// dropped first. Confined to the loop's thread, except construction and destruction, which kills
// what runs.
class ProcessTable {
 public:
  struct Limits {
    size_t max_running = 256;
    size_t max_ended_records = 1024;
    absl::Duration ended_record_age = absl::Minutes(10);
    size_t max_ended_output_bytes = 64 * 1024 * 1024;
  };

  // Counts one running process, from Admit() to its destruction.
  class Slot {
   public:
    explicit Slot(ProcessTable& table) : table_(table) { ++table_.running_; }
    ~Slot() { --table_.running_; }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    ProcessTable& table_;
  };

  // `context` and `clock` outlive the table.
  ProcessTable(const ChildContext& context, const Clock& clock, Limits limits);
  ~ProcessTable();
  ProcessTable(const ProcessTable&) = delete;
  ProcessTable& operator=(const ProcessTable&) = delete;

  // RESOURCE_EXHAUSTED: `max_running` processes run already.
  absl::StatusOr<std::unique_ptr<Slot>> Admit();

  // Errors of Admit() and ChildProcess::Start().
  absl::StatusOr<std::shared_ptr<SpawnedProcess>> Spawn(const guest::v1::SpawnRequest& request,
                                                        ResolvedProcess resolved);

  // NOT_FOUND: no such process, or its record expired.
  absl::StatusOr<std::shared_ptr<SpawnedProcess>> Find(const std::string& process_id);

  // Forgets an ended process. NOT_FOUND as Find(). FAILED_PRECONDITION: it runs.
  absl::Status Delete(const std::string& process_id);

  // INVALID_ARGUMENT: page_size or page_token.
  absl::StatusOr<guest::v1::ListResponse> List(const guest::v1::ListRequest& request);

 private:
  struct Record {
    std::shared_ptr<SpawnedProcess> process;
    std::unique_ptr<Slot> slot;
  };

  void Ended(uint64_t ordinal);
  void Expire();
  void Erase(uint64_t ordinal);
  void ScheduleExpiry();

  const ChildContext context_;
  const Clock& clock_;
  const Limits limits_;
  size_t running_ = 0;
  // By order of their start; the page token is the ordinal of the last one of a page.
  std::map<uint64_t, Record> records_;
  std::unordered_map<std::string, uint64_t> ordinals_;
  uint64_t next_ordinal_ = 1;
  // Ordinals of ended processes, in the order of their ends.
  std::vector<uint64_t> ended_;
  EventLoop::TimerId expiry_timer_ = 0;
};

}  // namespace orch::agent
