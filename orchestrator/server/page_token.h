#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/store/state_store.h"

namespace orch {

// Page tokens of ListBrowsers: opaque to clients, a place in the list and nothing else.
std::string EncodePageToken(const BrowserCursor& cursor);

// Nothing for the empty token. INVALID_ARGUMENT for what EncodePageToken never made.
absl::StatusOr<std::optional<BrowserCursor>> DecodePageToken(absl::string_view token);

}  // namespace orch
