#include "orchestrator/gateway/kernel/file_fields.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/json/json_fields.h"
#include "orchestrator/gateway/kernel/browser_fields.h"

namespace orch::gateway {
namespace {

using ::guest::v1::FileType;

// `field` of `body` as a path.
std::string ReadPath(JsonFields& body, const char* field) {
  std::string path = body.RequiredString(field);
  if (!absl::StartsWith(path, "/")) {
    body.Refuse(field, absl::StatusCode::kInvalidArgument, "must be an absolute path");
  }
  return path;
}

std::optional<uint32_t> ReadMode(JsonFields& body) {
  const std::optional<std::string> text = body.String("mode");
  if (!text.has_value()) return std::nullopt;
  const absl::StatusOr<uint32_t> mode = ParseMode(*text);
  if (!mode.ok()) {
    body.Refuse("mode", absl::StatusCode::kInvalidArgument, "must be 3 or 4 octal digits");
    return std::nullopt;
  }
  return *mode;
}

// What every one of these requests begins with: the browser, and a body for `operation`.
template <typename Request, typename Read>
absl::StatusOr<Request> ReadBody(const Call& call, const char* operation, Read read) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  Request request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_session_id(), call.SessionId());
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, absl::StrCat("browsers.fs.", operation));
  read(body, request);
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

}  // namespace

absl::StatusOr<guest::v1::CreateDirectoryRequest> ReadCreateDirectory(const Call& call) {
  return ReadBody<guest::v1::CreateDirectoryRequest>(
      call, "createDirectory", [](JsonFields& body, guest::v1::CreateDirectoryRequest& request) {
        request.set_path(ReadPath(body, "path"));
        request.set_parents(true);
        if (const auto mode = ReadMode(body)) request.set_mode(*mode);
      });
}

absl::StatusOr<guest::v1::DeleteDirectoryRequest> ReadDeleteDirectory(const Call& call) {
  return ReadBody<guest::v1::DeleteDirectoryRequest>(
      call, "deleteDirectory", [](JsonFields& body, guest::v1::DeleteDirectoryRequest& request) {
        request.set_path(ReadPath(body, "path"));
        request.set_recursive(true);
      });
}

absl::StatusOr<guest::v1::DeleteFileRequest> ReadDeleteFile(const Call& call) {
  return ReadBody<guest::v1::DeleteFileRequest>(
      call, "deleteFile", [](JsonFields& body, guest::v1::DeleteFileRequest& request) {
        request.set_path(ReadPath(body, "path"));
      });
}

absl::StatusOr<guest::v1::MoveRequest> ReadMove(const Call& call) {
  return ReadBody<guest::v1::MoveRequest>(call, "move",
                                          [](JsonFields& body, guest::v1::MoveRequest& request) {
                                            request.set_path(ReadPath(body, "src_path"));
                                            request.set_destination(ReadPath(body, "dest_path"));
                                            // As rename(2) does.
                                            request.set_overwrite(true);
                                          });
}

absl::StatusOr<guest::v1::SetPermissionsRequest> ReadSetPermissions(const Call& call) {
  return ReadBody<guest::v1::SetPermissionsRequest>(
      call, "setFilePermissions", [](JsonFields& body, guest::v1::SetPermissionsRequest& request) {
        request.set_path(ReadPath(body, "path"));
        if (!body.Has("mode")) {
          body.Refuse("mode", absl::StatusCode::kInvalidArgument, "is required");
        }
        if (const auto mode = ReadMode(body)) request.set_mode(*mode);
        request.set_owner(body.String("owner").value_or(""));
        request.set_group(body.String("group").value_or(""));
      });
}

absl::StatusOr<guest::v1::WriteFileRequest> ReadWriteFile(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({"path", "mode"}));
  guest::v1::WriteFileRequest request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_session_id(), call.SessionId());
  ORCH_ASSIGN_OR_RETURN(*request.mutable_path(), QueryPath(call));
  if (const auto text = call.request().target.Query("mode")) {
    ORCH_ASSIGN_OR_RETURN(const uint32_t mode, ParseMode(*text));
    request.set_mode(mode);
  }
  return request;
}

absl::StatusOr<std::string> QueryPath(const Call& call) {
  const std::string path = call.request().target.Query("path").value_or("");
  ORCH_RETURN_IF_ERROR(CheckPath("path", path));
  return path;
}

absl::StatusOr<uint32_t> ParseMode(const std::string& text) {
  const bool octal =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c < '8'; });
  if (!octal || text.size() < 3 || text.size() > 4) {
    return absl::InvalidArgumentError("mode must be 3 or 4 octal digits");
  }
  return static_cast<uint32_t>(std::stoul(text, nullptr, 8));
}

absl::Status CheckPath(const std::string& field, const std::string& path) {
  if (absl::StartsWith(path, "/")) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " must be an absolute path"));
}

std::string ModeText(FileType type, uint32_t mode) {
  // By FileType.
  static constexpr char kTypes[] = "?-dlpscb";
  const auto index = static_cast<size_t>(type);
  std::string text(1, index < sizeof kTypes - 1 ? kTypes[index] : '?');
  for (int shift = 8; shift >= 0; --shift) {
    text.push_back((mode >> shift & 1) != 0 ? "rwx"[(8 - shift) % 3] : '-');
  }
  // Set-user-id, set-group-id, sticky, in the places of the three x.
  if ((mode & 04000) != 0) text[3] = text[3] == 'x' ? 's' : 'S';
  if ((mode & 02000) != 0) text[6] = text[6] == 'x' ? 's' : 'S';
  if ((mode & 01000) != 0) text[9] = text[9] == 'x' ? 't' : 'T';
  return text;
}

nlohmann::json FileJson(const guest::v1::FileInfo& info) {
  return {{"name", info.name()},
          {"path", info.path()},
          {"size_bytes", info.size_bytes()},
          {"is_dir", info.type() == guest::v1::FILE_TYPE_DIRECTORY},
          {"mod_time", TimeJson(info.modified_at())},
          {"mode", ModeText(info.type(), info.mode())}};
}

StatusMap FileStatuses() {
  return {{absl::StatusCode::kFailedPrecondition, 400}, {absl::StatusCode::kAlreadyExists, 400}};
}

}  // namespace orch::gateway
