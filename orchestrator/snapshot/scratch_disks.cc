#include "orchestrator/snapshot/scratch_disks.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/subprocess.h"
#include "orchestrator/base/unique_fd.h"

namespace orch {
namespace {

constexpr absl::Duration kProgramTimeout = absl::Seconds(30);

absl::Status CreateSparseFile(const std::string& path, uint32_t size_mib) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path));
  if (::ftruncate(fd.get(), static_cast<off_t>(size_mib) * 1024 * 1024) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot size ", path));
  }
  return absl::OkStatus();
}

// A base that exists is trusted for ever, so its contents must reach the disk before its name does.
absl::Status Sync(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot sync ", path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ScratchDisks::RemoveLeftovers() {
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory_, error), end; !error && it != end;
       it.increment(error)) {
    if (absl::StrContains(it->path().filename().string(), ".raw")) {
      ORCH_RETURN_IF_ERROR(RemoveAll(it->path()));
    }
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list ", directory_));
  return absl::OkStatus();
}

absl::Status ScratchDisks::Make(const std::string& path, uint32_t size_mib) {
  ORCH_ASSIGN_OR_RETURN(const std::string base, Base(size_mib));
  return MakeOverlay(path, base);
}

absl::Status ScratchDisks::MakeOverlay(const std::string& path, const std::string& backing) {
  return RunProgram({"qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", backing, path},
                    kProgramTimeout)
      .status();
}

absl::StatusOr<std::string> ScratchDisks::Base(uint32_t size_mib) {
  const std::string base = absl::StrCat(directory_, "/base-", size_mib, "m.qcow2");
  if (::access(base.c_str(), F_OK) == 0) return base;
  const std::string raw = absl::StrCat(base, ".", RandomId(8), ".raw");
  const std::string formatted = absl::StrCat(raw, ".qcow2");
  absl::Cleanup remove = [&] {
    ::unlink(raw.c_str());
    ::unlink(formatted.c_str());
  };
  ORCH_RETURN_IF_ERROR(CreateSparseFile(raw, size_mib));
  // No journal: the disk does not outlive a crash of its virtual machine. Inode tables stay
  // unwritten (lazy_itable_init) so that the file stays small.
  ORCH_RETURN_IF_ERROR(RunProgram({"mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-O",
                                   "^has_journal", "-E", "lazy_itable_init=1,nodiscard", raw},
                                  kProgramTimeout)
                           .status());
  ORCH_RETURN_IF_ERROR(
      RunProgram({"qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", raw, formatted},
                 kProgramTimeout)
          .status());
  ORCH_RETURN_IF_ERROR(Sync(formatted));
  if (::chmod(formatted.c_str(), 0444) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot chmod ", formatted));
  }
  // link() and not rename(): overlays of a base that another thread published meanwhile must keep
  // theirs.
  if (::link(formatted.c_str(), base.c_str()) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", base));
  }
  return base;
}

}  // namespace orch
