#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /browsers/{id}/fs/upload and upload_zip: forms of files.
std::vector<Route> UploadRoutes();

}  // namespace orch::gateway
