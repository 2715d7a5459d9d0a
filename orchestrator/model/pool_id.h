#pragma once

#include "orchestrator/model/entity_id.h"

namespace orch {

struct PoolKind {
  static constexpr char kName[] = "pool_id";
};

// Names one pool, for ever; its human name may change.
using PoolId = EntityId<PoolKind>;

}  // namespace orch
