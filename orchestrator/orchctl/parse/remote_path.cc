#include "orchestrator/orchctl/parse/remote_path.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/orchctl/parse/values.h"

namespace orch::ctl {
namespace {

constexpr char kDescription[] = "Path in a browser's machine: ID:/path";

const CLI::Validator& RemotePathValidator() {
  static const auto* const kValidator = new CLI::Validator(
      [](std::string& text) { return std::string(ParseRemotePath(text).status().message()); }, "",
      "path");
  return *kValidator;
}

}  // namespace

bool IsRemotePath(absl::string_view text) {
  const size_t colon = text.find(':');
  return colon != absl::string_view::npos && CheckId(text.substr(0, colon)).ok() &&
         absl::StartsWith(text.substr(colon + 1), "/");
}

absl::StatusOr<RemotePath> ParseRemotePath(absl::string_view text) {
  if (!IsRemotePath(text)) {
    return absl::InvalidArgumentError(
        absl::StrCat("path \"", text,
                     "\" must be a browser's id, a colon and an absolute path, "
                     "such as b1:/tmp/file"));
  }
  const size_t colon = text.find(':');
  return RemotePath{.session_id = std::string(text.substr(0, colon)),
                    .path = std::string(text.substr(colon + 1))};
}

void AddRemotePath(CLI::App& app, std::string& text) {
  app.add_option("PATH", text, kDescription)
      ->required()
      ->type_name("")
      ->check(RemotePathValidator());
}

void AddRemotePaths(CLI::App& app, std::vector<std::string>& texts) {
  app.add_option("PATH", texts, kDescription)
      ->required()
      ->type_name("")
      ->check(RemotePathValidator());
}

}  // namespace orch::ctl
