#include "orchestrator/snapshot/saved_states.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/files.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/snapshot/content_hash.h"
#include "orchestrator/snapshot/file_copies.h"
#include "orchestrator/snapshot/saved_state_manifest.h"
#include "orchestrator/snapshot/stored_files.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kNewSuffix = ".new";
constexpr absl::string_view kGoneSuffix = ".gone";
constexpr mode_t kFileMode = 0600;
constexpr int64_t kNanosPerSecond = 1'000'000'000;

std::string DevicesFile(const std::string& directory) { return directory + "/devices"; }
std::string PagesFile(const std::string& directory) { return directory + "/pages"; }
std::string DiskFile(const std::string& directory) { return directory + "/disk.qcow2"; }
std::string ManifestFile(const std::string& directory) { return directory + "/manifest"; }

absl::StatusOr<DiskMark> MarkOf(const UniqueFd& file, const std::string& path) {
  struct stat info;
  if (::fstat(file.get(), &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot look at ", path));
  }
  return DiskMark{.size_bytes = static_cast<uint64_t>(info.st_size),
                  .mtime_ns = info.st_mtim.tv_sec * kNanosPerSecond + info.st_mtim.tv_nsec,
                  .inode = info.st_ino};
}

absl::Status Duplicate(const UniqueFd& file, const std::string& path, SavedStates::Disk disk) {
  return disk == SavedStates::Disk::kLink ? LinkOpenFile(file, path)
                                          : CopyOpenFile(file, path, kFileMode);
}

// The state's disk.
absl::StatusOr<DiskMark> KeepDisk(const std::string& disk_file, const std::string& path,
                                  SavedStates::Disk disk) {
  ORCH_ASSIGN_OR_RETURN(const UniqueFd machines, OpenHostileFile(disk_file));
  ORCH_RETURN_IF_ERROR(Duplicate(machines, path, disk));
  ORCH_ASSIGN_OR_RETURN(const UniqueFd kept, OpenStored(path));
  return MarkOf(kept, path);
}

// Gives a state that is whole its name. One with a linked disk is then on the disk.
absl::Status Publish(const std::string& from, const std::string& to, SavedStates::Disk disk) {
  if (disk == SavedStates::Disk::kLink) {
    ORCH_RETURN_IF_ERROR(SyncFiles(from));
    return RenameDurably(from, to);
  }
  if (::rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot rename ", from, " to ", to));
}

absl::Status CheckDisk(const std::string& path, const DiskMark& mark) {
  ORCH_ASSIGN_OR_RETURN(const UniqueFd file, OpenStored(path, mark.size_bytes));
  ORCH_ASSIGN_OR_RETURN(const DiskMark found, MarkOf(file, path));
  if (found == mark) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(path, " was changed after the memory that belongs to it was saved"));
}

absl::StatusOr<std::string> ReadDevices(const std::string& path,
                                        const SavedStateManifest& manifest) {
  ORCH_ASSIGN_OR_RETURN(std::string devices, ReadStored(path, VmCheckpoints::kMaxDeviceStateBytes));
  if (devices.size() == manifest.devices_bytes && HashBytes(devices) == manifest.devices_xxh3_128) {
    return devices;
  }
  return absl::DataLossError(absl::StrCat(path, " is not what was written"));
}

// `found` as the template that `manifest` means.
absl::StatusOr<TemplateRef> CheckBase(absl::StatusOr<TemplateRef> found,
                                      const SavedStateManifest& manifest) {
  if (absl::IsNotFound(found.status()) || absl::IsDataLoss(found.status())) {
    return absl::DataLossError(
        absl::StrCat("the template that it needs is gone: ", found.status().message()));
  }
  if (!found.ok()) return found;
  if ((*found)->build != manifest.template_build) {
    return absl::DataLossError(absl::StrCat("the template that it needs is gone: template ",
                                            manifest.template_key, " was made anew since"));
  }
  if ((*found)->spec.browser.memory_mib != manifest.memory_mib) {
    return absl::DataLossError("it is not as large as its template");
  }
  return found;
}

absl::Status About(const SessionId& id, const absl::Status& status) {
  return Annotate(status, absl::StrCat("saved state of ", id.value()));
}

}  // namespace

SavedStates::SavedStates(std::string root, VmCheckpoints& checkpoints, TemplateCatalog& templates)
    : root_(std::move(root)), checkpoints_(checkpoints), templates_(templates) {}

std::string SavedStates::PathOf(const SessionId& id) const {
  return absl::StrCat(root_, "/", id.value());
}

absl::Status SavedStates::RemoveLeftovers(const std::vector<SessionId>& keep) {
  std::vector<fs::path> leftovers;
  std::error_code error;
  for (fs::directory_iterator it(root_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    absl::string_view id_text = name;
    const bool is_partial =
        absl::ConsumeSuffix(&id_text, kNewSuffix) || absl::ConsumeSuffix(&id_text, kGoneSuffix);
    const absl::StatusOr<SessionId> id = SessionId::Parse(id_text);
    if (!id.ok()) continue;
    if (is_partial || std::find(keep.begin(), keep.end(), *id) == keep.end()) {
      leftovers.push_back(it->path());
    }
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list ", root_));
  absl::Status status;
  for (const fs::path& path : leftovers) status.Update(RemoveAll(path));
  return status;
}

absl::StatusOr<PageCount> SavedStates::Save(const SessionId& id, const VmId& vm,
                                            const TemplateRef& base, const std::string& disk_file,
                                            Disk disk) {
  const std::string path = PathOf(id);
  const std::string new_path = absl::StrCat(path, kNewSuffix);
  if (::access(path.c_str(), F_OK) == 0) {
    return About(id, absl::AlreadyExistsError("there is one"));
  }
  if (!templates_.CheckListed(*base).ok()) {
    return About(id, absl::FailedPreconditionError(absl::StrCat(
                         "template ", base->key,
                         " was damaged and is gone, so what is saved on top of it could not be "
                         "loaded; use the browser while it runs, then delete it")));
  }
  // What an earlier failure could not remove.
  ORCH_RETURN_IF_ERROR(RemoveAll(new_path));
  absl::Cleanup remove = [&] {
    if (const absl::Status status = RemoveAll(new_path); !status.ok()) {
      Log(LogLevel::kWarning, "saved_state_leftover",
          {{"session_id", id.value()}, {"status", status}});
    }
  };
  if (::mkdir(new_path.c_str(), 0700) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", new_path));
  }
  absl::StatusOr<PageCount> count = Fill(new_path, vm, *base, disk_file, disk);
  if (!count.ok()) return About(id, count.status());
  if (const absl::Status status = Publish(new_path, path, disk); !status.ok()) {
    ORCH_RETURN_IF_ERROR(Remove(id));
    return About(id, status);
  }
  return count;
}

absl::StatusOr<PageCount> SavedStates::Fill(const std::string& directory, const VmId& vm,
                                            const Template& base, const std::string& disk_file,
                                            Disk disk) {
  SavedStateManifest manifest;
  manifest.template_key = base.key;
  manifest.template_build = base.build;
  manifest.memory_mib = base.spec.browser.memory_mib;
  // The devices first: it is what completes the scratch disk's file.
  ORCH_ASSIGN_OR_RETURN(const std::string devices, checkpoints_.SaveDevices(vm));
  if (devices.size() > VmCheckpoints::kMaxDeviceStateBytes) {
    return absl::InternalError(absl::StrCat("the device state has ", devices.size(),
                                            " bytes, more than ",
                                            VmCheckpoints::kMaxDeviceStateBytes));
  }
  manifest.devices_bytes = devices.size();
  manifest.devices_xxh3_128 = HashBytes(devices);
  ORCH_RETURN_IF_ERROR(CreateStored(DevicesFile(directory), devices, kFileMode));
  ORCH_ASSIGN_OR_RETURN(const PageCount count, checkpoints_.SavePages(vm, PagesFile(directory)));
  manifest.pages_bytes = count.file_bytes;
  ORCH_RETURN_IF_ERROR(OpenStored(PagesFile(directory), count.file_bytes).status());
  if (!disk_file.empty()) {
    ORCH_ASSIGN_OR_RETURN(manifest.disk, KeepDisk(disk_file, DiskFile(directory), disk));
  }
  ORCH_RETURN_IF_ERROR(
      CreateStored(ManifestFile(directory), FormatSavedStateManifest(manifest), kFileMode));
  return count;
}

absl::StatusOr<SavedStateManifest> SavedStates::ReadManifest(const SessionId& id) const {
  const std::string directory = PathOf(id);
  if (::access(directory.c_str(), F_OK) != 0 && errno == ENOENT) {
    return absl::NotFoundError("there is none");
  }
  const std::string path = ManifestFile(directory);
  ORCH_ASSIGN_OR_RETURN(const std::string text, ReadStored(path, kMaxSavedStateManifestBytes));
  absl::StatusOr<SavedStateManifest> manifest = ParseSavedStateManifest(text);
  if (!manifest.ok()) return Annotate(manifest.status(), path);
  return manifest;
}

absl::StatusOr<SavedState> SavedStates::Open(const SessionId& id) {
  const std::string directory = PathOf(id);
  const auto open = [&]() -> absl::StatusOr<SavedState> {
    ORCH_ASSIGN_OR_RETURN(const SavedStateManifest manifest, ReadManifest(id));
    SavedState state;
    ORCH_ASSIGN_OR_RETURN(state.devices, ReadDevices(DevicesFile(directory), manifest));
    state.pages_file = PagesFile(directory);
    ORCH_RETURN_IF_ERROR(OpenStored(state.pages_file, manifest.pages_bytes).status());
    if (manifest.disk) {
      state.disk_file = DiskFile(directory);
      ORCH_RETURN_IF_ERROR(CheckDisk(state.disk_file, *manifest.disk));
    }
    ORCH_ASSIGN_OR_RETURN(state.base, CheckBase(templates_.Get(manifest.template_key), manifest));
    state.size_bytes = DiskBytes(directory, SharedFiles::kCount);
    return state;
  };
  absl::StatusOr<SavedState> state = open();
  if (!state.ok()) return About(id, state.status());
  return state;
}

absl::StatusOr<TemplateRef> SavedStates::BaseOf(const SessionId& id) const {
  const absl::StatusOr<SavedStateManifest> manifest = ReadManifest(id);
  if (!manifest.ok()) return About(id, manifest.status());
  absl::StatusOr<TemplateRef> base = CheckBase(templates_.Peek(manifest->template_key), *manifest);
  if (!base.ok()) return About(id, base.status());
  return base;
}

absl::Status SavedStates::PlaceDisk(const SavedState& state, const std::string& path,
                                    Disk disk) const {
  if (state.disk_file.empty()) {
    return absl::FailedPreconditionError("the saved state has no disk");
  }
  ORCH_ASSIGN_OR_RETURN(const UniqueFd file, OpenStored(state.disk_file));
  const absl::Status status = Duplicate(file, path, disk);
  if (!status.ok() && !absl::IsAlreadyExists(status)) ::unlink(path.c_str());
  return status;
}

absl::Status SavedStates::Remove(const SessionId& id) {
  const std::string path = PathOf(id);
  const std::string gone = absl::StrCat(path, kGoneSuffix);
  ORCH_RETURN_IF_ERROR(RemoveAll(gone));
  if (::rename(path.c_str(), gone.c_str()) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot remove ", path));
  }
  return RemoveAll(gone);
}

uint64_t SavedStates::SizeBytes() const {
  uint64_t bytes = 0;
  std::error_code error;
  for (fs::directory_iterator it(root_, error), end; !error && it != end; it.increment(error)) {
    bytes += DiskBytes(it->path(), SharedFiles::kCount);
  }
  return bytes;
}

}  // namespace orch
