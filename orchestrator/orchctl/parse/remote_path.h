#pragma once

#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch::ctl {

// A path in a browser's machine, typed as ID:/path.
struct RemotePath {
  std::string session_id;
  std::string path;
};

// Whether `text` is meant as one: an id, a colon, a slash. A local file of such a name is reached
// by putting ./ before it.
bool IsRemotePath(absl::string_view text);

// INVALID_ARGUMENT: it is none; the message says what one looks like.
absl::StatusOr<RemotePath> ParseRemotePath(absl::string_view text);

// The argument PATH, one or many. The completion scripts know it and offer browsers for it.
void AddRemotePath(CLI::App& app, std::string& text);
void AddRemotePaths(CLI::App& app, std::vector<std::string>& texts);

}  // namespace orch::ctl
