#include "orchestrator/daemon/required_programs.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace orch {
namespace {

struct Program {
  const char* name;
  const char* package;
};

// What makes scratch disks. QEMU itself is sought by libvirt, perhaps in another PATH.
constexpr Program kPrograms[] = {{"qemu-img", "qemu-utils"}, {"mke2fs", "e2fsprogs"}};

// Where execvp() looks when there is no PATH.
constexpr char kDefaultPath[] = "/bin:/usr/bin";

}  // namespace

absl::Status CheckRequiredPrograms() {
  const char* path = std::getenv("PATH");
  if (path == nullptr) path = kDefaultPath;
  const std::vector<std::string> directories = absl::StrSplit(path, ':');
  for (const Program& program : kPrograms) {
    const bool found =
        std::any_of(directories.begin(), directories.end(), [&](const std::string& directory) {
          return ::access(absl::StrCat(directory, "/", program.name).c_str(), X_OK) == 0;
        });
    if (found) continue;
    return absl::FailedPreconditionError(absl::StrCat(program.name, " is in no directory of PATH (",
                                                      path, "): install package ", program.package,
                                                      ", or let PATH name its directory"));
  }
  return absl::OkStatus();
}

}  // namespace orch
