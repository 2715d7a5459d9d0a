#pragma once

#include <string>

namespace orch::agent {

// Renames `from` in the directory `from_directory`. Both return 0 or errno.

// Replaces what is there, as rename(2) may.
int RenameOver(int from_directory, const std::string& from, int to_directory,
               const std::string& to);

// EEXIST when there is something, a symbolic link included. On a file system that cannot say so in
// one step (renameat2 gives EINVAL), what is created in between is replaced.
int RenameToFree(int from_directory, const std::string& from, int to_directory,
                 const std::string& to);

}  // namespace orch::agent
