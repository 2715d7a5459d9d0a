#pragma once

#include <string>

namespace orch {

// Makes the embedded libvirt of `root` forget the virtual machines whose QEMU a process that was
// killed had not started yet. It would take them up as being started by somebody, for ever: every
// call for one of them waits 30 s and fails, also the one that destroys it. Call before libvirt is
// opened; does nothing while it is open in `root`, here or elsewhere.
void RemoveUnstartedDomains(const std::string& root);

}  // namespace orch
