#pragma once

#include <memory>

#include "orchestrator/gateway/http/exchange.h"

namespace orch::gateway {

// Carries bytes both ways, each piece when the one before is written, until one side ends; then
// closes both.
void Splice(std::shared_ptr<ByteConnection> client, std::shared_ptr<ByteConnection> guest);

}  // namespace orch::gateway
