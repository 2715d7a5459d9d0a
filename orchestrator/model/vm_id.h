#pragma once

#include "orchestrator/model/entity_id.h"

namespace orch {

struct VmKind {
  static constexpr char kName[] = "vm_id";
};

// Names one virtual machine: one QEMU process from its start to its end. A browser that slept on
// disk wakes in another one.
using VmId = EntityId<VmKind>;

}  // namespace orch
