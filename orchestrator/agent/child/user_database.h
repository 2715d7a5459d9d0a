#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch::agent {

// A user of the guest, with all its groups.
struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  // Supplementary groups; has `gid`, too.
  std::vector<gid_t> groups;
  std::string home;
  std::string shell;
};

// Looks users up in passwd and group files. Reads the files itself, at every call: getpwnam() needs
// shared objects that a statically linked program may not have, and images and clients may add
// users. Immutable, thread-safe.
class UserDatabase {
 public:
  // `etc` is the directory of `passwd` and `group`.
  explicit UserDatabase(std::string etc) : etc_(std::move(etc)) {}

  // NOT_FOUND: no such user. Others: passwd cannot be read. Without a group file, a user has its
  // own group only.
  absl::StatusOr<User> Find(absl::string_view name) const;

 private:
  const std::string etc_;
};

}  // namespace orch::agent
