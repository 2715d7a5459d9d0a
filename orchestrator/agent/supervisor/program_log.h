#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/agent/process/output_ring.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// What one supervised program wrote: its last bytes in memory, with their times, and the last of
// two files on disk. Not thread-safe.
//
// NAME.log grows to `max_file_bytes`, then becomes NAME.log.1. A disk that fails or is full costs
// the file, never the program.
class ProgramLog {
 public:
  using SubscriptionId = uint64_t;

  static constexpr size_t kRingBytes = 512 * 1024;
  static constexpr size_t kMaxFileBytes = 4 * 1024 * 1024;

  // All that is kept at one moment, oldest first.
  struct History {
    std::string text;
    // When the bytes from an offset on were written; nobody knows of those before the first one.
    std::vector<std::pair<size_t, absl::Time>> times;
  };

  // Without `directory` ("") there are no files.
  ProgramLog(const std::string& directory, std::string name, size_t max_file_bytes = kMaxFileBytes);

  const std::string& name() const { return name_; }

  void Append(absl::string_view bytes, absl::Time time);

  // Reads the disk: up to 8 MiB.
  History ReadHistory() const;

  // The last line that is not empty, at most 200 bytes of it.
  std::string LastLine() const;

  // Calls `on_change` after each Append().
  SubscriptionId Subscribe(std::function<void()> on_change);
  void Unsubscribe(SubscriptionId id) { subscribers_.erase(id); }

  // A reader of what comes from now on; see OutputRing.
  OutputRing::ReaderId AddReader() { return ring_.AddReader(ring_.last_sequence() + 1); }
  OutputRing::Item ReadNext(OutputRing::ReaderId id) { return ring_.Next(id); }
  void RemoveReader(OutputRing::ReaderId id) { ring_.RemoveReader(id); }

 private:
  void AppendToFile(absl::string_view bytes);
  void NotifySubscribers();

  const std::string name_;
  const std::string path_;
  const size_t max_file_bytes_;
  OutputRing ring_{kRingBytes, OutputRing::Overflow::kDropOldest};
  // Invalid once a byte is missing in it.
  UniqueFd file_;
  size_t file_bytes_ = 0;
  std::map<SubscriptionId, std::function<void()>> subscribers_;
  SubscriptionId next_subscription_ = 1;
};

}  // namespace orch::agent
