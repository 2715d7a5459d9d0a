#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "orchestrator/base/unique_fd.h"

namespace orch::testing {

// The real orchctl as a child process on a terminal of its own, 24 rows of 80 columns. Not
// thread-safe. Killed by the destructor.
class TerminalProcess {
 public:
  TerminalProcess(const std::string& target, const std::vector<std::string>& arguments);
  ~TerminalProcess();
  TerminalProcess(const TerminalProcess&) = delete;
  TerminalProcess& operator=(const TerminalProcess&) = delete;

  // Reads what it shows until `text` came, and returns all that was read by this call; what there
  // was when it ended before.
  std::string ReadUntil(const std::string& text);

  pid_t pid() const { return pid_; }
  void Type(const std::string& keys);
  void Resize(unsigned short rows, unsigned short columns);
  // Whether the terminal shows what is typed.
  bool Echoes() const;

  // Its exit status, -N for signal N.
  int Wait();

 private:
  pid_t pid_ = -1;
  UniqueFd master_;
  // Keeps the terminal there when the child has ended.
  UniqueFd slave_;
};

}  // namespace orch::testing
