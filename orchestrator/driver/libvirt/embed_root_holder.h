#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace orch {

// The process whose embedded libvirt runs in `root`; nothing when there is none, or when it cannot
// be told. Only for a process that does not run one there itself: it would lose its lock.
std::optional<pid_t> FindEmbedRootHolder(const std::string& root);

// Whether an embedded libvirt of another process runs in `root`, told or not. As above.
bool IsEmbedRootHeld(const std::string& root);

}  // namespace orch
