#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "orchestrator/base/unique_fd.h"

namespace orch::testing {

// The real orchctl as a child process with pipes for its standard streams. Not thread-safe. Killed
// by the destructor.
class OrchctlProcess {
 public:
  struct Result {
    // As waitpid gives it, and taken apart: -1 where it does not apply.
    int exit_status = -1;
    int signal = -1;
    std::string out;
    std::string err;
  };

  // Starts it. Nothing of this process's environment but PATH is handed on.
  OrchctlProcess(const std::string& target, const std::vector<std::string>& arguments);
  ~OrchctlProcess();
  OrchctlProcess(const OrchctlProcess&) = delete;
  OrchctlProcess& operator=(const OrchctlProcess&) = delete;

  void Signal(int signal) const;

  // Reads standard output up to and including the next '\n'.
  std::string ReadLine();

  // The same of standard error.
  std::string ReadErrorLine();

  // Reads so many bytes of standard output, fewer only at its end.
  std::string ReadBytes(size_t size);

  // The most memory it had in use so far, while it runs. (What wait4 tells would count this
  // process's, too, from which it was spawned.)
  size_t PeakMemoryKib() const;

  void CloseOut() { out_.Reset(); }
  void CloseIn() { in_.Reset(); }

  // Writes `input` to its standard input, closes that, reads all it writes and waits for it to end.
  Result Finish(const std::string& input = "");

 private:
  pid_t pid_ = -1;
  UniqueFd in_;
  UniqueFd out_;
  UniqueFd err_;
};

// Runs it to its end.
OrchctlProcess::Result RunOrchctl(const std::string& target,
                                  const std::vector<std::string>& arguments,
                                  const std::string& input = "");

}  // namespace orch::testing
