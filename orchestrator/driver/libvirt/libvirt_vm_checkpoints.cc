#include "orchestrator/driver/libvirt/libvirt_vm_checkpoints.h"

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/driver/libvirt/device_state_file.h"
#include "orchestrator/driver/libvirt/qemu_monitor.h"
#include "orchestrator/driver/memory/guest_memory_map.h"
#include "orchestrator/driver/memory/guest_pages.h"

namespace orch {
namespace {

constexpr char kPaused[] = "paused";
constexpr char kShellState[] = "inmigrate";
constexpr char kLoadFirst[] = "it is a shell, load a state first";

// Loading takes 3-8 ms, and QEMU answers nothing meanwhile: a question that is asked when it has
// begun hears that it is done.
constexpr absl::Duration kLoadPollInterval = absl::Milliseconds(1);
constexpr absl::Duration kLoadTimeout = absl::Seconds(10);
// Of machines that end by themselves nobody tells us, so the memory must end, too.
constexpr size_t kMaxRemembered = 10000;

std::string About(absl::string_view verb, const VmId& id) {
  return absl::StrCat(verb, " virtual machine ", id.value());
}

absl::Status WrongState(const VmId& id, absl::string_view verb, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(About(verb, id), ": ", why));
}

}  // namespace

absl::StatusOr<std::string> LibvirtVmCheckpoints::SaveDevices(const VmId& id) {
  constexpr char kVerb[] = "saving the devices of";
  ORCH_ASSIGN_OR_RETURN(const OwnedDomain domain, FindPaused(id, kVerb));
  if (ParseMemoryFile(domain.metadata).empty()) {
    return WrongState(id, kVerb, "it was started without a memory_file");
  }
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<DeviceStateFile> file,
                        DeviceStateFile::Create(ParseDirectory(domain.metadata), run_as_));
  const absl::Status saved = QemuMonitor(domain.get()).SaveDevices(file->path());
  if (!saved.ok()) return Explain(id, kVerb, saved);
  absl::StatusOr<std::string> devices = file->Read(kMaxDeviceStateBytes);
  if (!devices.ok()) return Annotate(devices.status(), About(kVerb, id));
  return devices;
}

absl::Status LibvirtVmCheckpoints::LoadDevices(const VmId& id, absl::string_view devices) {
  constexpr char kVerb[] = "loading the devices of";
  if (devices.empty() || devices.size() > kMaxDeviceStateBytes) {
    return absl::InvalidArgumentError(absl::StrCat(About(kVerb, id), ": the state has ",
                                                   devices.size(), " bytes, must be 1 to ",
                                                   kMaxDeviceStateBytes));
  }
  ORCH_ASSIGN_OR_RETURN(const OwnedDomain domain, domains_.Find(id));
  if (!IsShell(domain.metadata)) return WrongState(id, kVerb, "it was not started as a shell");
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<DeviceStateFile> file,
                        DeviceStateFile::Create(ParseDirectory(domain.metadata), run_as_));
  ORCH_RETURN_IF_ERROR(Annotate(file->Write(devices), About(kVerb, id)));
  const QemuMonitor monitor(domain.get());
  Forget(id);
  absl::Status status = monitor.BeginLoading(file->path());
  if (!status.ok()) {
    // Asking first would cost a good shell an exchange.
    ORCH_RETURN_IF_ERROR(FindEmptyShell(id, kVerb).status());
    return Explain(id, kVerb, status);
  }
  status = AwaitLoaded(domain);
  if (!status.ok()) return Explain(id, kVerb, status);
  Remember(id, Shell::kLoaded);
  return absl::OkStatus();
}

void LibvirtVmCheckpoints::NoteShell(const VmId& id) { Remember(id, Shell::kEmpty); }

void LibvirtVmCheckpoints::Forget(const VmId& id) {
  absl::MutexLock lock(&mutex_);
  known_.erase(id);
}

void LibvirtVmCheckpoints::Remember(const VmId& id, Shell shell) {
  absl::MutexLock lock(&mutex_);
  if (known_.size() >= kMaxRemembered) known_.clear();
  known_.insert_or_assign(id, shell);
}

bool LibvirtVmCheckpoints::IsKnown(const VmId& id, Shell shell) const {
  absl::MutexLock lock(&mutex_);
  const auto it = known_.find(id);
  return it != known_.end() && it->second == shell;
}

absl::StatusOr<PageCount> LibvirtVmCheckpoints::SavePages(const VmId& id, const std::string& path) {
  constexpr char kVerb[] = "saving the memory of";
  ORCH_ASSIGN_OR_RETURN(const OwnedDomain domain, FindPaused(id, kVerb));
  if (!IsShell(domain.metadata)) return WrongState(id, kVerb, "it was not started as a shell");
  const absl::StatusOr<GuestMemoryMap> memory = GuestMemoryMap::Find(
      static_cast<pid_t>(domains_.PidOf(id)), ParseMemoryFile(domain.metadata));
  if (!memory.ok()) return Explain(id, kVerb, memory.status());
  absl::StatusOr<PageCount> count = SaveGuestPages(*memory, path);
  if (!count.ok()) return Explain(id, kVerb, count.status());
  return count;
}

absl::StatusOr<PageCount> LibvirtVmCheckpoints::LoadPages(const VmId& id, const std::string& path) {
  constexpr char kVerb[] = "loading the memory of";
  ORCH_ASSIGN_OR_RETURN(const OwnedDomain domain, FindEmptyShell(id, kVerb));
  const absl::StatusOr<GuestMemoryMap> memory = GuestMemoryMap::Find(
      static_cast<pid_t>(domains_.PidOf(id)), ParseMemoryFile(domain.metadata));
  if (!memory.ok()) return Explain(id, kVerb, memory.status());
  absl::StatusOr<PageCount> count = LoadGuestPages(*memory, path);
  if (!count.ok()) return Explain(id, kVerb, count.status());
  return count;
}

absl::Status LibvirtVmCheckpoints::ReplaceScratchDisk(const VmId& id, const std::string& path) {
  constexpr char kVerb[] = "replacing the scratch disk of";
  if (!absl::StartsWith(path, "/")) {
    return absl::InvalidArgumentError(
        absl::StrCat(About(kVerb, id), ": ", path, " must be an absolute path"));
  }
  ORCH_ASSIGN_OR_RETURN(const OwnedDomain domain, FindEmptyShell(id, kVerb));
  if (!HasScratchDisk(domain.metadata)) return WrongState(id, kVerb, "it has none");
  if (::access(path.c_str(), R_OK) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(About(kVerb, id), ": ", path));
  }
  // The disk that the shell was started with stays open, unused, until the machine ends: to remove
  // it takes exchanges for which whoever wakes would wait.
  const QemuMonitor monitor(domain.get());
  const std::string node = absl::StrCat("scratch-", RandomId(8));
  absl::Status status = monitor.AddScratchNode(node, path);
  if (status.ok()) status = monitor.SetDiskNode(kScratchDevice, node);
  return status.ok() ? status : Explain(id, kVerb, status);
}

absl::Status LibvirtVmCheckpoints::CheckLoaded(const VmId& id, const OwnedDomain& domain) const {
  constexpr char kVerb[] = "resuming";
  if (IsKnown(id, Shell::kLoaded)) return absl::OkStatus();
  const absl::StatusOr<std::string> state = QemuMonitor(domain.get()).RunState();
  if (!state.ok()) return Explain(id, kVerb, state.status());
  if (*state == kShellState) return WrongState(id, kVerb, kLoadFirst);
  return absl::OkStatus();
}

absl::StatusOr<OwnedDomain> LibvirtVmCheckpoints::FindPaused(const VmId& id,
                                                             absl::string_view verb) const {
  ORCH_ASSIGN_OR_RETURN(OwnedDomain domain, domains_.Find(id));
  const absl::StatusOr<std::string> state = QemuMonitor(domain.get()).RunState();
  if (!state.ok()) return Explain(id, verb, state.status());
  if (*state == kShellState) return WrongState(id, verb, kLoadFirst);
  if (*state != kPaused) return WrongState(id, verb, "it must be paused");
  return domain;
}

absl::StatusOr<OwnedDomain> LibvirtVmCheckpoints::FindEmptyShell(const VmId& id,
                                                                 absl::string_view verb) const {
  ORCH_ASSIGN_OR_RETURN(OwnedDomain domain, domains_.Find(id));
  if (!IsShell(domain.metadata)) return WrongState(id, verb, "it was not started as a shell");
  if (IsKnown(id, Shell::kEmpty)) return domain;
  const absl::StatusOr<std::string> state = QemuMonitor(domain.get()).RunState();
  if (!state.ok()) return Explain(id, verb, state.status());
  if (*state != kShellState) return WrongState(id, verb, "a state was loaded already");
  return domain;
}

absl::Status LibvirtVmCheckpoints::Explain(const VmId& id, absl::string_view verb,
                                           const absl::Status& error) const {
  const absl::Status found = domains_.Find(id).status();
  return absl::IsNotFound(found) ? found : Annotate(error, About(verb, id));
}

absl::Status LibvirtVmCheckpoints::AwaitLoaded(const OwnedDomain& domain) const {
  const QemuMonitor monitor(domain.get());
  const absl::Time deadline = absl::Now() + kLoadTimeout;
  while (absl::Now() < deadline) {
    absl::SleepFor(kLoadPollInterval);
    ORCH_ASSIGN_OR_RETURN(const QemuMonitor::Loading loading, monitor.LoadingState());
    if (loading == QemuMonitor::Loading::kDone) return absl::OkStatus();
  }
  return absl::DeadlineExceededError(
      absl::StrCat("QEMU did not load it within ", absl::FormatDuration(kLoadTimeout)));
}

}  // namespace orch
