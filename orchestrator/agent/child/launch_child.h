#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "orchestrator/agent/child/user_database.h"

namespace orch::agent {

// Everything about a child process that is decided before it is forked.
struct ChildSpec {
  // argv[0] is the program: a path with a slash, or a name looked up in the PATH of `env`.
  std::vector<std::string> argv;
  // "NAME=value".
  std::vector<std::string> env;
  // Absolute.
  std::string cwd = "/";
  User user;
  // Become 0, 1 and 2; each at least 3, borrowed for the call. All other descriptors are closed in
  // the child.
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
  // `stdin_fd` is a terminal, which becomes the session's.
  bool controlling_terminal = false;
  // Directory of the cgroup to start in; -1: the agent's own.
  int cgroup_fd = -1;
};

// Starts a child in a session and process group of its own, as `spec.user`, with default signal
// dispositions, nothing blocked and umask 022. Returns its pid once it runs the program.
//
// Call on a thread that blocks all signals (the loop's), and register the child with the reaper in
// the same piece of work. Blocks until exec, about a millisecond.
//
// NOT_FOUND: no such program or working directory. INVALID_ARGUMENT: either exists but cannot be
// used, or the arguments are too large for the kernel. RESOURCE_EXHAUSTED: no memory or pids.
// INTERNAL: anything else. The message names what it is about.
absl::StatusOr<pid_t> LaunchChild(const ChildSpec& spec);

}  // namespace orch::agent
