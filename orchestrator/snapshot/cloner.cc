#include "orchestrator/snapshot/cloner.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"
#include "orchestrator/snapshot/sparse_copy.h"

namespace orch {
namespace {

// Beside the disk that a shell was started with.
constexpr char kStateDiskName[] = "state.qcow2";

}  // namespace

absl::StatusOr<Clone> Cloner::FromTemplate(const TemplateRef& base, Hurry hurry) {
  ORCH_ASSIGN_OR_RETURN(const std::string devices, catalog_.ReadDevices(base));
  ORCH_ASSIGN_OR_RETURN(Shell shell,
                        hurry == Hurry::kNow ? shells_.Take(base) : shells_.Start(base));
  if (absl::Status loaded = checkpoints_.LoadDevices(shell.vm.id, devices); !loaded.ok()) {
    shells_.Destroy(shell.vm.id).IgnoreError();
    return Annotate(loaded, absl::StrCat("cloning template ", base->key));
  }
  return Clone{.vm = std::move(shell.vm), .base = base};
}

absl::StatusOr<Clone> Cloner::FromState(const SavedState& state, DiskUse disk_use) {
  ORCH_ASSIGN_OR_RETURN(Shell shell, shells_.Take(state.base));
  if (absl::Status loaded = Load(shell, state, disk_use); !loaded.ok()) {
    shells_.Destroy(shell.vm.id).IgnoreError();
    return loaded;
  }
  return Clone{.vm = std::move(shell.vm), .base = state.base};
}

absl::Status Cloner::Load(const Shell& shell, const SavedState& state, DiskUse disk_use) {
  if (!state.disk_file.empty()) {
    const std::string disk =
        absl::StrCat(directories_.PathOf(shell.vm.id), "/", kStateDiskName);
    ORCH_RETURN_IF_ERROR(PlaceDisk(state.disk_file, disk, disk_use));
    ORCH_RETURN_IF_ERROR(checkpoints_.ReplaceScratchDisk(shell.vm.id, disk));
  }
  ORCH_RETURN_IF_ERROR(checkpoints_.LoadPages(shell.vm.id, state.pages_file).status());
  return checkpoints_.LoadDevices(shell.vm.id, state.devices);
}

absl::Status Cloner::PlaceDisk(const std::string& from, const std::string& to,
                               DiskUse disk_use) const {
  if (disk_use == DiskUse::kTake) {
    if (::link(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot link ", from, " to ", to));
  }
  const UniqueFd source(::open(from.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!source.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", from));
  const UniqueFd copy(
      ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!copy.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", to));
  ORCH_RETURN_IF_ERROR(Annotate(SparseCopy(source.get(), copy.get()), "copying a scratch disk"));
  if (::fchown(copy.get(), host_.vm_uid, host_.vm_gid) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot change the owner of ", to));
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
