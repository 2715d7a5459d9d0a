#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

#include "guest/v1/process.pb.h"

namespace orch::ctl {

// One line per process under a header; ages of running processes are as of `now`, for others how
// long they ran.
std::string ProcessTable(const std::vector<guest::v1::Process>& processes, absl::Time now);

// All limits, one per line.
std::string ProcessConfigDetails(const guest::v1::ProcessConfig& config);

// "RUNNING", "EXITED 0", "KILLED by signal 9", "TIMED_OUT".
std::string ProcessEnd(const guest::v1::Process& process);

// A command line that a POSIX shell would read as these words.
std::string ShellLine(const guest::v1::ProcessSpec& spec);

}  // namespace orch::ctl
