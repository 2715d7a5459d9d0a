#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch::agent {

// The names of users and groups, read from passwd and group once: one is made for each call. Of
// files that are too large, the beginning counts. Immutable.
class OwnerNames {
 public:
  // `etc` is the directory of the two files; a missing one has no names.
  explicit OwnerNames(const std::string& etc);

  // "" when there is none.
  std::string User(uid_t uid) const { return Name(users_, uid); }
  std::string Group(gid_t gid) const { return Name(groups_, gid); }

  // The id of a name or, when there is none of that name, of a number. NOT_FOUND: neither.
  absl::StatusOr<uid_t> FindUser(absl::string_view text) const;
  absl::StatusOr<gid_t> FindGroup(absl::string_view text) const;

 private:
  using Names = absl::flat_hash_map<uint32_t, std::string>;

  static Names Read(const std::string& path);
  static std::string Name(const Names& names, uint32_t id);

  const Names users_;
  const Names groups_;
};

}  // namespace orch::agent
