#pragma once

#include "orchestrator/model/entity_id.h"

namespace orch {

struct SessionKind {
  static constexpr char kName[] = "session_id";
};

// Names one browser, through all the machines that it runs in.
using SessionId = EntityId<SessionKind>;

}  // namespace orch
