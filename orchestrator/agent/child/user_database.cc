#include "orchestrator/agent/child/user_database.h"

#include <grp.h>
#include <pwd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/quoted.h"

namespace orch::agent {
namespace {

// setgroups(2) takes at most NGROUPS_MAX (65536); nobody needs more than this.
constexpr size_t kMaxGroups = 256;
// Longest line taken; longer ones end the search as if the file ended there.
constexpr size_t kMaxLineBytes = 16384;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

}  // namespace

absl::StatusOr<User> UserDatabase::Find(absl::string_view name) const {
  const std::string path = absl::StrCat(etc_, "/passwd");
  const File passwd(std::fopen(path.c_str(), "re"));
  if (passwd == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  std::vector<char> buffer(kMaxLineBytes);
  struct passwd entry;
  struct passwd* found = nullptr;
  while (::fgetpwent_r(passwd.get(), &entry, buffer.data(), buffer.size(), &found) == 0) {
    if (name == entry.pw_name) break;
    found = nullptr;
  }
  if (found == nullptr) {
    return absl::NotFoundError(absl::StrCat("no user ", Quoted(name), " in ", path));
  }
  User user{.name = entry.pw_name,
            .uid = entry.pw_uid,
            .gid = entry.pw_gid,
            .groups = {entry.pw_gid},
            .home = entry.pw_dir,
            .shell = entry.pw_shell};

  const File groups(std::fopen(absl::StrCat(etc_, "/group").c_str(), "re"));
  if (groups == nullptr) return user;
  struct group group;
  struct group* group_found = nullptr;
  while (user.groups.size() < kMaxGroups &&
         ::fgetgrent_r(groups.get(), &group, buffer.data(), buffer.size(), &group_found) == 0) {
    if (group.gr_gid == user.gid) continue;
    for (char** member = group.gr_mem; *member != nullptr; ++member) {
      if (user.name == *member) {
        user.groups.push_back(group.gr_gid);
        break;
      }
    }
  }
  return user;
}

}  // namespace orch::agent
