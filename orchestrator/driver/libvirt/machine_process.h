#pragma once

#include <sys/types.h>

#include "orchestrator/model/vm_id.h"

namespace orch {

// Kills the QEMU process `pid` of machine `id` and waits, for up to a second, until its pid is
// free. Does nothing when `pid` is another process by now, or none (0).
//
// virDomainDestroy alone asks with SIGTERM and looks again after 200 ms. What QEMU has not yet
// written to the scratch disk is lost, as nobody wants it: whoever keeps a disk has paused the
// machine and saved its devices, which completes the file.
void KillMachineProcess(pid_t pid, const VmId& id);

}  // namespace orch
