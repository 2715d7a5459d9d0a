#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/agent/child/user_database.h"
#include "orchestrator/agent/config/filesystem_config.h"
#include "orchestrator/agent/filesystem/scoped_identity.h"

namespace orch::agent {

// What the calls of FileSystemService work on. Immutable; outlives the server.
struct FileSystemContext {
  const UserDatabase& users;
  // Who owns what is created, unless a request says otherwise.
  std::string default_user;
  FileSystemConfig config;
  // The directory of passwd and group, for the names of owners.
  std::string etc = "/etc";
};

// Makes the calling thread who a request's `as_user` says; empty is the default user with root's
// reach. INVALID_ARGUMENT: too long. NOT_FOUND: no such user.
absl::StatusOr<std::unique_ptr<ScopedIdentity>> Become(const FileSystemContext& context,
                                                       absl::string_view as_user);

}  // namespace orch::agent
