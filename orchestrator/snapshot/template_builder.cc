#include "orchestrator/snapshot/template_builder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"
#include "orchestrator/snapshot/console_excerpt.h"
#include "orchestrator/snapshot/console_search.h"
#include "orchestrator/snapshot/vm_files.h"

namespace orch {
namespace {

constexpr size_t kConsoleTailBytes = 4096;
constexpr absl::Duration kConsolePoll = absl::Milliseconds(20);
// Beyond the guest's own limit for coming to rest.
constexpr absl::Duration kSettleTimeout = absl::Seconds(40);
constexpr int kDestroyTries = 3;

absl::Status MakeMemoryFile(const std::string& path, uint32_t size_mib, const HostInfo& host) {
  const UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.valid() || ::ftruncate(file.get(), static_cast<off_t>(size_mib) << 20) != 0 ||
      ::fchown(file.get(), host.vm_uid, host.vm_gid) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", path));
  }
  return absl::OkStatus();
}

absl::Status GiveToMachine(const std::string& path, const HostInfo& host) {
  if (::lchown(path.c_str(), host.vm_uid, host.vm_gid) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot change the owner of ", path));
}

}  // namespace

absl::StatusOr<TemplateRef> TemplateBuilder::Build(const TemplateSpec& spec, const Image& image,
                                                   const std::function<void(BuildPhase)>& on_phase,
                                                   CancelToken& cancel) {
  ORCH_RETURN_IF_ERROR(cancel.status());
  const absl::Duration began = deps_.clock.Uptime();
  absl::StatusOr<TemplateRef> made = Make(spec, image, on_phase, cancel);
  const absl::Duration took = deps_.clock.Uptime() - began;
  deps_.observer.OnTemplateBuild(made.status(), took);
  ORCH_RETURN_IF_ERROR(made.status());
  Log(LogLevel::kInfo, "template_built",
      {{"template", (*made)->key},
       {"image", image.name},
       {"size_bytes", (*made)->size_bytes},
       {"took_ms", absl::ToInt64Milliseconds(took)}});
  on_phase(BuildPhase::kDone);
  return made;
}

absl::StatusOr<TemplateRef> TemplateBuilder::Make(const TemplateSpec& spec, const Image& image,
                                                  const std::function<void(BuildPhase)>& on_phase,
                                                  CancelToken& cancel) {
  const std::string key = TemplateKey(spec);
  ORCH_ASSIGN_OR_RETURN(const std::string directory, deps_.catalog.Begin(key));
  absl::Cleanup abandon = [&] {
    if (absl::Status gone = deps_.catalog.Abandon(key); !gone.ok()) {
      Log(LogLevel::kError, "template_leftover", {{"template", key}, {"status", gone}});
    }
  };
  ORCH_RETURN_IF_ERROR(LinkImageFiles(image, directory));
  VmConfig config = MachineConfig(spec, directory);
  absl::StatusOr<std::string> devices;
  if (absl::Status files = MakeFiles(spec, directory, config); !files.ok()) {
    devices = files;
  } else {
    devices = BootAndSave(spec, image, config, on_phase, cancel);
  }
  absl::Status down = deps_.driver.Destroy(config.id);
  for (int i = 1; i < kDestroyTries && !down.ok(); ++i) down = deps_.driver.Destroy(config.id);
  if (!down.ok() && devices.ok()) devices = down;
  if (absl::Status removed = deps_.directories.Remove(config.id); !removed.ok() && devices.ok()) {
    devices = removed;
  }
  ORCH_RETURN_IF_ERROR(devices.status());
  std::move(abandon).Cancel();  // Commit removes what it cannot finish.
  return deps_.catalog.Commit(spec, *devices);
}

absl::Status TemplateBuilder::MakeFiles(const TemplateSpec& spec, const std::string& directory,
                                        VmConfig& config) {
  const HostInfo& host = deps_.driver.host();
  config.memory_file = directory + "/ram";
  ORCH_RETURN_IF_ERROR(MakeMemoryFile(config.memory_file, config.memory_mib, host));
  if (spec.scratch_mib != 0) {
    config.scratch_disk = directory + "/disk.qcow2";
    ORCH_RETURN_IF_ERROR(deps_.scratch_disks.Make(config.scratch_disk, spec.scratch_mib));
    ORCH_RETURN_IF_ERROR(GiveToMachine(config.scratch_disk, host));
  }
  ORCH_ASSIGN_OR_RETURN(config.directory, deps_.directories.Create(config.id));
  return deps_.directories.GiveAway(config.id);
}

absl::StatusOr<std::string> TemplateBuilder::BootAndSave(
    const TemplateSpec& spec, const Image& image, const VmConfig& config,
    const std::function<void(BuildPhase)>& on_phase, CancelToken& cancel) {
  on_phase(BuildPhase::kBooting);
  const std::unique_ptr<VmEventSubscription> events =
      deps_.driver.Subscribe([&cancel, id = config.id](const VmEvent& event) {
        if (event.id != id || event.kind != VmEventKind::kStopped) return;
        cancel.Cancel(
            absl::UnavailableError(absl::StrCat("its virtual machine ended: ", event.reason)));
      });
  const absl::Duration began = deps_.clock.Uptime();
  const absl::StatusOr<VmInfo> vm = deps_.driver.Start(config);
  absl::Status status = vm.ok() ? AwaitReady(*vm, image, config, cancel) : vm.status();
  deps_.observer.OnBoot(status, deps_.clock.Uptime() - began);
  ORCH_RETURN_IF_ERROR(vm.status());
  if (status.ok()) {
    on_phase(BuildPhase::kSettling);
    if (spec.has_agent) {
      status = deps_.guests.PrepareSnapshot(vm->agent, absl::Now() + kSettleTimeout, cancel);
    }
  }
  if (!status.ok()) {
    const absl::StatusOr<std::string> tail =
        deps_.driver.ConsoleTail(config.directory, kConsoleTailBytes);
    const std::string excerpt = tail.ok() ? ConsoleExcerpt(*tail) : "";
    return absl::Status(
        status.code(),
        absl::StrCat(status.message(), excerpt.empty() ? "" : "; last console lines:\n", excerpt));
  }
  on_phase(BuildPhase::kSaving);
  ORCH_RETURN_IF_ERROR(deps_.driver.Pause(config.id));
  return deps_.checkpoints.SaveDevices(config.id);
}

absl::Status TemplateBuilder::AwaitReady(const VmInfo& vm, const Image& image,
                                         const VmConfig& config, CancelToken& cancel) {
  const absl::Time deadline = absl::Now() + boot_timeout_;
  const absl::Status status = image.has_agent ? deps_.guests.AwaitReady(vm.agent, deadline, cancel)
                                              : AwaitConsole(image, config, deadline, cancel);
  if (!absl::IsDeadlineExceeded(status)) return status;
  return absl::DeadlineExceededError(
      absl::StrCat("the guest was not ready within ", absl::FormatDuration(boot_timeout_)));
}

absl::Status TemplateBuilder::AwaitConsole(const Image& image, const VmConfig& config,
                                           absl::Time deadline, CancelToken& cancel) {
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<VmConsole> console,
                        deps_.driver.OpenConsole(config.directory));
  ConsoleSearch search(*console, image.console_ready);
  while (true) {
    ORCH_RETURN_IF_ERROR(cancel.status());
    ORCH_ASSIGN_OR_RETURN(const bool ready, search.Look());
    if (ready) return absl::OkStatus();
    if (absl::Now() >= deadline) return absl::DeadlineExceededError("not ready");
    ORCH_RETURN_IF_ERROR(deps_.driver.Get(config.id).status());  // It may have ended.
    absl::SleepFor(kConsolePoll);
  }
}

}  // namespace orch
