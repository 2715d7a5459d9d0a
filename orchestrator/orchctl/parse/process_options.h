#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "absl/status/statusor.h"

#include "guest/v1/process.pb.h"

namespace orch::ctl {

// The options that say how a guest process is run, the same in `process exec` and `process spawn`.
// Not thread-safe.
class ProcessOptions {
 public:
  void Configure(CLI::App& app);

  // What to run: `guest_command` (not empty), the way the options say. INVALID_ARGUMENT: an option
  // is malformed.
  absl::StatusOr<guest::v1::ProcessSpec> Build(const std::vector<std::string>& guest_command) const;

  // The same for a process on a terminal, which learns from TERM what ours is.
  absl::StatusOr<guest::v1::ProcessSpec> BuildOnTerminal(
      const std::vector<std::string>& guest_command) const;

 private:
  std::string cwd_;
  std::vector<std::string> environment_;
  std::string user_;
  bool root_ = false;
  std::string timeout_;
  bool shell_ = false;
  uint64_t memory_mib_ = 0;
  double cpus_ = 0;
};

}  // namespace orch::ctl
