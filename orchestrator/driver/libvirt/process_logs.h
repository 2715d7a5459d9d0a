#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "orchestrator/model/vm_id.h"

namespace orch {

// libvirt's logs of the machines' processes: "<id>.log" in one directory. Thread-safe; copies stand
// for the same files.
class ProcessLogs {
 public:
  // `removable`: the logs are this driver's to remove. Those of a libvirt daemon are not: it
  // rotates them itself.
  ProcessLogs(std::string directory, bool removable);

  // The last `max_bytes`, "" when there is no log.
  std::string Tail(const VmId& id, size_t max_bytes) const;

  // Does nothing when there is no log, or when it is not removable.
  void Remove(const VmId& id) const;

  // Whose logs there are, of those that may be removed. Other files are left out.
  std::vector<VmId> Removable() const;

 private:
  std::string PathOf(const VmId& id) const;

  std::string directory_;
  bool removable_ = false;
};

}  // namespace orch
