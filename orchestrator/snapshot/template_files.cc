#include "orchestrator/snapshot/template_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/driver/vm_checkpoints.h"
#include "orchestrator/model/entity_id.h"
#include "orchestrator/snapshot/content_hash.h"
#include "orchestrator/snapshot/stored_files.h"

namespace orch {
namespace {

// Read by the virtual machines' user.
constexpr mode_t kSharedMode = 0444;
constexpr mode_t kPrivateMode = 0400;

std::string ManifestFile(const std::string& directory) { return directory + "/manifest"; }

uint64_t RamBytes(const TemplateSpec& spec) { return uint64_t{spec.browser.memory_mib} << 20; }

bool HasDisk(const TemplateSpec& spec) { return spec.scratch_mib > 0; }

absl::StatusOr<UniqueFd> OpenMachinesFile(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid() && errno == ELOOP) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is a link"));
  }
  struct stat info;
  if (!file.valid() || ::fstat(file.get(), &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is no regular file"));
  }
  return file;
}

// The machine's user owned the file. From now on nobody else can open it for writing, and whoever
// had it open is found out: a read lease is granted only while nobody can write.
absl::Status TakeOver(const UniqueFd& file, const std::string& path) {
  if (::fchown(file.get(), ::geteuid(), ::getegid()) != 0 ||
      ::fchmod(file.get(), kSharedMode) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot take over ", path));
  }
  if (::fcntl(file.get(), F_SETLEASE, F_RDLCK) == 0) {
    ::fcntl(file.get(), F_SETLEASE, F_UNLCK);
  } else if (errno == EAGAIN) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is still open for writing; destroy its machine first"));
  }
  // Any other error: the file system knows no leases.
  return absl::OkStatus();
}

absl::StatusOr<FileSeal> SealMachinesFile(const std::string& path) {
  ORCH_ASSIGN_OR_RETURN(const UniqueFd file, OpenMachinesFile(path));
  ORCH_RETURN_IF_ERROR(TakeOver(file, path));
  struct stat info;
  if (::fstat(file.get(), &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot look at ", path));
  }
  FileSeal seal;
  seal.size_bytes = static_cast<uint64_t>(info.st_size);
  ORCH_ASSIGN_OR_RETURN(seal.xxh3_128, HashSparseFile(file, path));
  ORCH_RETURN_IF_ERROR(SyncOpened(file, path));
  return seal;
}

absl::Status CheckFile(const std::string& path, const FileSeal& seal) {
  ORCH_ASSIGN_OR_RETURN(const UniqueFd file, OpenStored(path, seal.size_bytes));
  ORCH_ASSIGN_OR_RETURN(const std::string hash, HashSparseFile(file, path));
  if (hash == seal.xxh3_128) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(path, " has checksum ", hash, " instead of ", seal.xxh3_128));
}

}  // namespace

absl::StatusOr<TemplateManifest> SealTemplate(const std::string& directory,
                                              const TemplateSpec& spec, absl::string_view devices,
                                              absl::Time created_at) {
  if (devices.size() > VmCheckpoints::kMaxDeviceStateBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the device state has ", devices.size(),
                                                   " bytes, more than ",
                                                   VmCheckpoints::kMaxDeviceStateBytes));
  }
  TemplateManifest manifest;
  Template& value = manifest.value;
  value.key = TemplateKey(spec);
  value.build = RandomId(kEntityIdLength);
  value.spec = spec;
  // As a manifest keeps it: times are no part of a template.
  value.spec.browser.timeout = absl::ZeroDuration();
  value.spec.browser.standby_after.reset();
  value.directory = directory;
  value.created_at = created_at;
  ORCH_ASSIGN_OR_RETURN(manifest.ram, SealMachinesFile(value.RamFile()));
  if (manifest.ram.size_bytes != RamBytes(spec)) {
    return absl::InvalidArgumentError(absl::StrCat(value.RamFile(), " has ",
                                                   manifest.ram.size_bytes,
                                                   " bytes, but the guest has ", RamBytes(spec)));
  }
  if (HasDisk(spec)) {
    ORCH_ASSIGN_OR_RETURN(manifest.disk, SealMachinesFile(value.DiskFile()));
  }
  manifest.devices = {.size_bytes = devices.size(), .xxh3_128 = HashBytes(devices)};
  ORCH_RETURN_IF_ERROR(WriteStored(value.DevicesFile(), devices, kPrivateMode));
  ORCH_ASSIGN_OR_RETURN(const std::string text, FormatTemplateManifest(manifest));
  ORCH_RETURN_IF_ERROR(WriteStored(ManifestFile(directory), text, kPrivateMode));
  ORCH_RETURN_IF_ERROR(SyncDirectory(directory));
  value.size_bytes = DiskBytes(directory, SharedFiles::kLeaveOut);
  return manifest;
}

absl::StatusOr<TemplateManifest> ReadTemplate(const std::string& directory) {
  const std::string path = ManifestFile(directory);
  ORCH_ASSIGN_OR_RETURN(const std::string text, ReadStored(path, kMaxTemplateManifestBytes));
  absl::StatusOr<TemplateManifest> manifest = ParseTemplateManifest(text);
  if (!manifest.ok()) return Annotate(manifest.status(), path);
  Template& value = manifest->value;
  value.directory = directory;
  if (manifest->ram.size_bytes != RamBytes(value.spec) ||
      manifest->devices.size_bytes > VmCheckpoints::kMaxDeviceStateBytes) {
    return absl::DataLossError(absl::StrCat(path, " has sizes that cannot be"));
  }
  ORCH_RETURN_IF_ERROR(OpenStored(value.RamFile(), manifest->ram.size_bytes).status());
  if (HasDisk(value.spec)) {
    ORCH_RETURN_IF_ERROR(OpenStored(value.DiskFile(), manifest->disk.size_bytes).status());
  }
  ORCH_RETURN_IF_ERROR(OpenStored(value.DevicesFile(), manifest->devices.size_bytes).status());
  value.size_bytes = DiskBytes(directory, SharedFiles::kLeaveOut);
  return manifest;
}

absl::Status CheckTemplateContents(const TemplateManifest& manifest) {
  ORCH_RETURN_IF_ERROR(CheckFile(manifest.value.RamFile(), manifest.ram));
  if (!HasDisk(manifest.value.spec)) return absl::OkStatus();
  return CheckFile(manifest.value.DiskFile(), manifest.disk);
}

absl::StatusOr<std::string> ReadTemplateDevices(const TemplateManifest& manifest) {
  const std::string path = manifest.value.DevicesFile();
  ORCH_ASSIGN_OR_RETURN(std::string devices, ReadStored(path, VmCheckpoints::kMaxDeviceStateBytes));
  const std::string hash = HashBytes(devices);
  if (devices.size() == manifest.devices.size_bytes && hash == manifest.devices.xxh3_128) {
    return devices;
  }
  return absl::DataLossError(absl::StrCat(path, " has ", devices.size(), " bytes with checksum ",
                                          hash, " instead of ", manifest.devices.size_bytes,
                                          " with ", manifest.devices.xxh3_128));
}

absl::Status SetLastUse(const Template& value, absl::Time time) {
  const std::string path = ManifestFile(value.directory);
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, absl::ToTimespec(time)};
  if (::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot set the time of ", path));
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> GetLastUse(const Template& value) {
  const std::string path = ManifestFile(value.directory);
  struct stat info;
  if (::lstat(path.c_str(), &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot look at ", path));
  }
  return absl::TimeFromTimespec(info.st_mtim);
}

}  // namespace orch
