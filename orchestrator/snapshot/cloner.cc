#include "orchestrator/snapshot/cloner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch {
namespace {

// Beside the disk that a shell was started with.
constexpr char kStateDiskName[] = "state.qcow2";

}  // namespace

absl::StatusOr<Clone> Cloner::FromTemplate(const TemplateRef& base, Hurry hurry) {
  return Fill(hurry == Hurry::kNow ? shells_.Take(base) : shells_.Start(base), base,
              [&](const Shell& shell) -> absl::Status {
                ORCH_ASSIGN_OR_RETURN(const std::string devices, catalog_.ReadDevices(shell.base));
                return Annotate(checkpoints_.LoadDevices(shell.vm.id, devices),
                                absl::StrCat("cloning template ", base->key));
              });
}

absl::StatusOr<Clone> Cloner::FromState(const SavedState& state, SavedStates::Disk disk) {
  return Fill(shells_.Take(state.base), state.base,
              [&](const Shell& shell) { return Load(shell, state, disk); });
}

absl::StatusOr<Clone> Cloner::Fill(absl::StatusOr<Shell> shell, const TemplateRef& base,
                                   absl::FunctionRef<absl::Status(const Shell&)> load) {
  absl::Status filled = shell.ok() ? load(*shell) : shell.status();
  // The template may have been found damaged, and made anew, after the caller took it. Its memory
  // and its disk were opened by their paths, so only now is it known that they were its own.
  if (absl::Status listed = catalog_.CheckListed(*base); !listed.ok()) filled = listed;
  if (filled.ok()) return Clone{.vm = std::move(shell->vm), .base = std::move(shell->base)};
  if (shell.ok()) shells_.Abandon(shell->vm.id);
  return filled;
}

absl::Status Cloner::Load(const Shell& shell, const SavedState& state, SavedStates::Disk disk) {
  if (!state.disk_file.empty()) {
    const std::string path = absl::StrCat(directories_.PathOf(shell.vm.id), "/", kStateDiskName);
    ORCH_RETURN_IF_ERROR(states_.PlaceDisk(state, path, disk));
    if (disk == SavedStates::Disk::kCopy) ORCH_RETURN_IF_ERROR(GiveAway(path));
    ORCH_RETURN_IF_ERROR(checkpoints_.ReplaceScratchDisk(shell.vm.id, path));
  }
  ORCH_RETURN_IF_ERROR(checkpoints_.LoadPages(shell.vm.id, state.pages_file).status());
  return checkpoints_.LoadDevices(shell.vm.id, state.devices);
}

absl::Status Cloner::GiveAway(const std::string& path) const {
  // The directory is the machine's user's, who may have put something else there meanwhile: what is
  // given away is a file of this process that has no other name.
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status = {};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  }
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() || status.st_nlink != 1) {
    return absl::AbortedError(absl::StrCat(path, " was replaced by its machine"));
  }
  if (::fchown(file.get(), host_.vm_uid, host_.vm_gid) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot change the owner of ", path));
  }
  return absl::OkStatus();
}

std::string Cloner::ScratchDiskOf(const VmId& id, const TemplateRef& base) const {
  if (base->spec.scratch_mib == 0) return "";
  const std::string directory = directories_.PathOf(id);
  std::string replaced = absl::StrCat(directory, "/", kStateDiskName);
  if (::faccessat(AT_FDCWD, replaced.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return replaced;
  return directory + "/scratch.qcow2";
}

}  // namespace orch
