#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/pool/pool_status.h"
#include "orchestrator/store/state_store.h"

namespace orch {

// Page tokens of ListBrowsers and ListPools: opaque to clients, a place in the list and nothing
// else.
std::string EncodePageToken(const BrowserCursor& cursor);
std::string EncodePageToken(const PoolCursor& cursor);

// Nothing for the empty token. INVALID_ARGUMENT for what EncodePageToken never made.
absl::StatusOr<std::optional<BrowserCursor>> DecodePageToken(absl::string_view token);
absl::StatusOr<std::optional<PoolCursor>> DecodePoolPageToken(absl::string_view token);

}  // namespace orch
