#pragma once

#include <string>

#include "absl/strings/string_view.h"

#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// What one supervised program wrote: its last bytes in memory, and the last of two files on disk.
// Not thread-safe.
//
// NAME.log grows to `max_file_bytes`, then becomes NAME.log.1. A disk that fails or is full costs
// the file, never the program.
class ProgramLog {
 public:
  static constexpr size_t kTailBytes = 256 * 1024;
  static constexpr size_t kMaxFileBytes = 4 * 1024 * 1024;

  // Without `directory` ("") there are no files.
  ProgramLog(const std::string& directory, const std::string& name,
             size_t max_file_bytes = kMaxFileBytes);

  void Append(absl::string_view bytes);

  // The last kTailBytes at most.
  absl::string_view tail() const;

  // The last line that is not empty, at most 200 bytes of it.
  std::string LastLine() const;

 private:
  void AppendToFile(absl::string_view bytes);

  const std::string path_;
  const size_t max_file_bytes_;
  std::string tail_;
  UniqueFd file_;
  size_t file_bytes_ = 0;
};

}  // namespace orch::agent
