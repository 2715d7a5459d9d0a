#include "orchestrator/agent/filesystem/rename.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cerrno>

namespace orch::agent {

int RenameOver(int from_directory, const std::string& from, int to_directory,
               const std::string& to) {
  return ::renameat(from_directory, from.c_str(), to_directory, to.c_str()) == 0 ? 0 : errno;
}

int RenameToFree(int from_directory, const std::string& from, int to_directory,
                 const std::string& to) {
  if (::renameat2(from_directory, from.c_str(), to_directory, to.c_str(), RENAME_NOREPLACE) == 0) {
    return 0;
  }
  if (errno != EINVAL) return errno;
  struct stat info = {};
  if (::fstatat(to_directory, to.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
  return RenameOver(from_directory, from, to_directory, to);
}

}  // namespace orch::agent
