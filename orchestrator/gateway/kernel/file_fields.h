#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "guest/v1/filesystem.pb.h"
#include "nlohmann/json.hpp"
#include "orchestrator/gateway/routes/call.h"

namespace orch::gateway {

// What the routes below /browsers/{id}/fs are asked for, as requests of guest.v1. All:
// INVALID_ARGUMENT names a field that is missing, unknown, no absolute path or no mode.
absl::StatusOr<guest::v1::CreateDirectoryRequest> ReadCreateDirectory(const Call& call);
absl::StatusOr<guest::v1::DeleteDirectoryRequest> ReadDeleteDirectory(const Call& call);
absl::StatusOr<guest::v1::DeleteFileRequest> ReadDeleteFile(const Call& call);
absl::StatusOr<guest::v1::MoveRequest> ReadMove(const Call& call);
absl::StatusOr<guest::v1::SetPermissionsRequest> ReadSetPermissions(const Call& call);
absl::StatusOr<guest::v1::WriteFileRequest> ReadWriteFile(const Call& call);

// `path` of the query.
absl::StatusOr<std::string> QueryPath(const Call& call);

// "0644" or "755" as a mode. INVALID_ARGUMENT.
absl::StatusOr<uint32_t> ParseMode(const std::string& text);
// INVALID_ARGUMENT: it is not absolute; `field` is named.
absl::Status CheckPath(const std::string& field, const std::string& path);

// FileInfo of the API.
nlohmann::json FileJson(const guest::v1::FileInfo& info);
// As ls writes them: "drwxr-xr-x". Exposed for tests.
std::string ModeText(guest::v1::FileType type, uint32_t mode);

// The API knows 400, 403, 404 and 500 for files.
StatusMap FileStatuses();

}  // namespace orch::gateway
