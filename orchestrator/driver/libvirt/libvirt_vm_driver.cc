#include "orchestrator/driver/libvirt/libvirt_vm_driver.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/driver/libvirt/console_log.h"
#include "orchestrator/driver/libvirt/domain_xml.h"
#include "orchestrator/driver/libvirt/machine_process.h"
#include "orchestrator/driver/libvirt/vm_config_check.h"

namespace orch {
namespace {

absl::Status AlreadyExists(const VmId& id) {
  return absl::AlreadyExistsError(absl::StrCat("virtual machine ", id.value(), " already exists"));
}

// Which files the driver adds to a machine's directory, so that a failed start can remove them.
void RemoveDriverFiles(const VmConfig& config) {
  for (const char* name : {kAgentSocketName, kConsoleLogName}) {
    std::error_code ignored;
    std::filesystem::remove(absl::StrCat(config.directory, "/", name), ignored);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<LibvirtVmDriver>> LibvirtVmDriver::Create(
    const LibvirtOptions& options) {
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<ProcessReaper> reaper, ProcessReaper::Start());
  absl::StatusOr<LibvirtHost> opened = absl::UnknownError("");
  {
    // libvirt runs QEMU to ask what it can do.
    const ProcessReaper::Watch watch(*reaper);
    opened = OpenLibvirtHost(options);
  }
  ORCH_ASSIGN_OR_RETURN(LibvirtHost host, std::move(opened));
  ProcessLogs logs(host.place.log_directory, /*removable=*/!options.embed_root.empty());
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<DomainEvents> events,
                        DomainEvents::Open(host.connection.get(), logs, *reaper));
  auto driver = absl::WrapUnique(new LibvirtVmDriver(
      std::move(reaper), std::move(host), std::move(events), std::move(logs), options.owner));
  // Listing makes the machines known whose events count.
  ORCH_RETURN_IF_ERROR(driver->List().status());
  driver->RemoveLeftoverLogs();
  return driver;
}

LibvirtVmDriver::LibvirtVmDriver(std::unique_ptr<ProcessReaper> reaper, LibvirtHost host,
                                 std::unique_ptr<DomainEvents> events, ProcessLogs logs,
                                 const std::string& owner)
    : reaper_(std::move(reaper)),
      host_(std::move(host)),
      events_(std::move(events)),
      logs_(std::move(logs)),
      domains_(host_.connection.get(), owner, host_.place.run_directory),
      checkpoints_(domains_, host_.run_as),
      console_limiter_([this] { return events_->Directories(); }, host_.info.vm_uid) {}

void LibvirtVmDriver::RemoveLeftoverLogs() {
  for (const VmId& id : logs_.Removable()) {
    if (domains_.LacksName(id)) logs_.Remove(id);
  }
}

absl::StatusOr<VmInfo> LibvirtVmDriver::Start(const VmConfig& config) {
  ORCH_RETURN_IF_ERROR(Annotate(CheckVmConfig(config, host_.info),
                                absl::StrCat("starting virtual machine ", config.id.value())));
  if (domains_.HasName(config.id)) return AlreadyExists(config.id);
  const DomainOptions options{.uuid = RandomUuid(),
                              .owner = domains_.owner(),
                              .accelerator = host_.info.accelerator,
                              .transport = host_.info.transport,
                              .run_as = host_.run_as};
  const std::string xml = BuildDomainXml(config, options);
  const bool is_shell = config.start == VmStart::kShell;
  const ProcessReaper::Watch watch(*reaper_);
  events_->Starting(options.uuid, config.directory, /*paused=*/is_shell);
  Domain handle(virDomainCreateXML(host_.connection.get(), xml.c_str(),
                                   is_shell ? VIR_DOMAIN_START_PAUSED : VIR_DOMAIN_NONE));
  if (handle == nullptr) return StartError(config, options.uuid);
  absl::StatusOr<VmInfo> info = absl::NotFoundError("");
  const absl::StatusOr<OwnedDomain> domain = domains_.Find(config.id);
  if (domain.ok()) info = domains_.Describe(config.id, *domain);
  if (info.ok()) {
    events_->Started(options.uuid, info->pid);
    if (is_shell) checkpoints_.NoteShell(config.id);
    return info;
  }
  virDomainDestroy(handle.get());
  RemoveDriverFiles(config);
  logs_.Remove(config.id);
  return absl::InternalError(
      absl::StrCat("virtual machine ", config.id.value(),
                   " ended right after its start: ", info.status().message()));
}

absl::Status LibvirtVmDriver::StartError(const VmConfig& config, const std::string& uuid) {
  const absl::Status error = ErrorAbout("starting", config.id);
  events_->Forget(uuid);
  // Another thread may have started the same id since we looked; its files stay.
  if (domains_.HasName(config.id)) return AlreadyExists(config.id);
  RemoveDriverFiles(config);
  logs_.Remove(config.id);
  return error;
}

absl::Status LibvirtVmDriver::Pause(const VmId& id) {
  ORCH_ASSIGN_OR_RETURN(const OwnedDomain domain, domains_.Find(id));
  if (virDomainSuspend(domain.get()) == 0) return absl::OkStatus();
  const absl::Status error = ErrorAbout("pausing", id);
  const absl::StatusOr<int> state = StateOf(domain.get());
  return state.ok() && *state == VIR_DOMAIN_PAUSED ? absl::OkStatus() : error;
}

absl::Status LibvirtVmDriver::Resume(const VmId& id) {
  ORCH_ASSIGN_OR_RETURN(const OwnedDomain domain, domains_.Find(id));
  if (IsShell(domain.metadata)) ORCH_RETURN_IF_ERROR(checkpoints_.CheckLoaded(id, domain));
  if (virDomainResume(domain.get()) == 0) return absl::OkStatus();
  // libvirt refuses to resume what runs.
  const absl::Status error = ErrorAbout("resuming", id);
  const absl::StatusOr<int> state = StateOf(domain.get());
  return state.ok() && *state == VIR_DOMAIN_RUNNING ? absl::OkStatus() : error;
}

absl::Status LibvirtVmDriver::Destroy(const VmId& id) {
  const absl::StatusOr<OwnedDomain> domain = domains_.Find(id);
  if (absl::IsNotFound(domain.status())) return absl::OkStatus();
  ORCH_RETURN_IF_ERROR(domain.status());
  events_->Destroying(UuidOf(domain->get()));
  KillMachineProcess(static_cast<pid_t>(domains_.PidOf(id)), id);
  if (virDomainDestroy(domain->get()) != 0) {
    const absl::Status error = ErrorAbout("destroying", id);
    // It may have ended by itself meanwhile.
    if (!absl::IsNotFound(domains_.Find(id).status())) return error;
  }
  checkpoints_.Forget(id);
  logs_.Remove(id);
  return absl::OkStatus();
}

absl::StatusOr<VmInfo> LibvirtVmDriver::Get(const VmId& id) {
  ORCH_ASSIGN_OR_RETURN(const OwnedDomain domain, domains_.Find(id));
  return domains_.Describe(id, domain);
}

absl::StatusOr<std::vector<VmInfo>> LibvirtVmDriver::List() {
  ORCH_ASSIGN_OR_RETURN(const auto owned, domains_.List());
  std::vector<VmInfo> machines;
  for (const auto& [id, domain] : owned) {
    absl::StatusOr<VmInfo> info = domains_.Describe(id, domain);
    // One that ended since it was listed exists no more.
    if (absl::IsNotFound(info.status())) continue;
    ORCH_RETURN_IF_ERROR(info.status());
    events_->Adopt(UuidOf(domain.get()), ParseDirectory(domain.metadata), info->pid);
    machines.push_back(*std::move(info));
  }
  return machines;
}

absl::StatusOr<std::unique_ptr<VmConsole>> LibvirtVmDriver::OpenConsole(
    const std::string& directory) {
  return OpenConsoleLog(absl::StrCat(directory, "/", kConsoleLogName));
}

std::unique_ptr<VmEventSubscription> LibvirtVmDriver::Subscribe(
    std::function<void(const VmEvent&)> callback) {
  return events_->Subscribe(std::move(callback));
}

}  // namespace orch
