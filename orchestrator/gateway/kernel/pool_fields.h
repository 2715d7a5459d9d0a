#pragma once

#include "nlohmann/json.hpp"
#include "orchestrator/gateway/json/json_fields.h"
#include "orchestrator/v1/pools.pb.h"

namespace orch::gateway {

// What creating and updating a pool have in common, into `spec`; an absent field stays as it is
// there.
void ReadPoolFields(JsonFields& body, orchestrator::v1::PoolSpec& spec);

// A BrowserPool of the API.
nlohmann::json PoolJson(const orchestrator::v1::Pool& pool);

}  // namespace orch::gateway
