#include "orchestrator/driver/libvirt/libvirt_vm_driver.h"

#include <libvirt/virterror.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/memory/memory.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/files.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/driver/device_probe.h"
#include "orchestrator/driver/libvirt/console_log.h"
#include "orchestrator/driver/libvirt/domain_xml.h"
#include "orchestrator/driver/libvirt/embed_root_holder.h"
#include "orchestrator/driver/libvirt/libvirt_status.h"
#include "orchestrator/driver/libvirt/qemu_conf.h"
#include "orchestrator/driver/libvirt/vm_config_check.h"

namespace orch {
namespace {

constexpr size_t kMaxPidFileBytes = 32;

// Where libvirt is and what it leaves in files.
struct Place {
  std::string uri;
  std::string log_directory;
  std::string run_directory;
};

absl::Status CannotUse(const std::string& root, const absl::Status& why) {
  return absl::FailedPreconditionError(
      absl::StrCat("cannot use libvirt root ", root, ": ", why.message(),
                   "; make it writable or use another state directory"));
}

// Makes the directories and the configuration that the embedded driver reads when it is opened.
absl::Status PrepareEmbedRoot(const std::string& root, const std::optional<VmUser>& user) {
  namespace fs = std::filesystem;
  std::error_code error;
  const bool created = fs::create_directories(root, error);
  if (!error) fs::create_directories(root + "/etc", error);
  // Machines run as another user and pass through to their own files; only the names in it can be
  // guessed.
  if (!error && created) fs::permissions(root, fs::perms(0711), error);
  if (error) return CannotUse(root, absl::FailedPreconditionError(error.message()));
  const std::string conf =
      user.has_value() ? BuildQemuConf(user->user, user->group) : BuildQemuConf("", "");
  const absl::Status written = WriteFileAtomically(root + "/etc/qemu.conf", conf);
  if (!written.ok()) return CannotUse(root, written);
  return user.has_value() ? CheckReachable(root, *user) : absl::OkStatus();
}

absl::StatusOr<Place> FindPlace(const LibvirtOptions& options, const std::optional<VmUser>& user) {
  if (options.embed_root.empty()) {
    return Place{options.uri, "/var/log/libvirt/qemu", "/run/libvirt/qemu"};
  }
  const std::string& root = options.embed_root;
  ORCH_RETURN_IF_ERROR(CheckEmbedRootPath(root));
  if (user.has_value()) ORCH_RETURN_IF_ERROR(CheckKvmAccess(options.kvm_device, *user));
  ORCH_RETURN_IF_ERROR(PrepareEmbedRoot(root, user));
  return Place{absl::StrCat("qemu:///embed?root=", root), root + "/log/qemu", root + "/run/qemu"};
}

absl::StatusOr<Connection> Connect(const LibvirtOptions& options, const std::string& uri) {
  Connection connection(virConnectOpen(uri.c_str()));
  if (connection != nullptr) return connection;
  const absl::Status error = LastLibvirtError(absl::StrCat("opening ", uri));
  if (options.embed_root.empty()) {
    return absl::UnavailableError(absl::StrCat(error.message(), "; is the libvirt daemon up?"));
  }
  const std::optional<pid_t> holder = FindEmbedRootHolder(options.embed_root);
  return absl::FailedPreconditionError(absl::StrCat(
      error.message(),
      holder.has_value()
          ? absl::StrCat("; process ", *holder,
                         " uses this libvirt root: stop it or use another state directory")
          : ""));
}

absl::StatusOr<HostInfo> ProbeHost(const LibvirtOptions& options, virConnectPtr connection,
                                   const std::string& uri, const std::optional<VmUser>& user) {
  unsigned long libvirt = 0;
  unsigned long qemu = 0;
  virNodeInfo node = {};
  if (virConnectGetLibVersion(connection, &libvirt) < 0) {
    return LastLibvirtError("asking for libvirt's version");
  }
  if (virConnectGetVersion(connection, &qemu) < 0 || qemu == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        LastLibvirtError("libvirt finds no QEMU").message(),
        "; install qemu-system-x86_64 (package qemu-system-x86) into a directory of PATH"));
  }
  ORCH_RETURN_IF_ERROR(CheckVersions(libvirt, qemu));
  if (virNodeGetInfo(connection, &node) < 0) return LastLibvirtError("asking for host resources");
  ORCH_ASSIGN_OR_RETURN(const AcceleratorDecision accelerator,
                        DecideAccelerator(options.accelerator,
                                          ProbeAccelerator(options.kvm_device, options.cpuinfo)));
  ORCH_ASSIGN_OR_RETURN(
      const TransportDecision transport,
      DecideTransport(options.transport, ProbeDevice(options.vhost_vsock_device)));
  return HostInfo{.driver_name = "libvirt",
                  .uri = uri,
                  .hypervisor_version = FormatVersion(qemu),
                  .library_version = FormatVersion(libvirt),
                  .accelerator = accelerator.accelerator,
                  .accelerator_reason = accelerator.reason,
                  .transport = transport.transport,
                  .transport_reason = transport.reason,
                  .cpus = node.cpus,
                  .memory_mib = node.memory / 1024,
                  .vm_uid = user.has_value() ? user->ids.uid : ::geteuid(),
                  .vm_gid = user.has_value() ? user->ids.gid : ::getegid()};
}

// The string that a libvirt function returned and the caller owns.
std::string TakeString(char* text) {
  const absl::Cleanup free_text = [text] { std::free(text); };
  return text == nullptr ? "" : text;
}

std::string MetadataOf(virDomainPtr domain) {
  return TakeString(
      virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, kMetadataUri, /*flags=*/0));
}

std::string UuidOf(virDomainPtr domain) {
  std::array<char, VIR_UUID_STRING_BUFLEN> uuid = {};
  return virDomainGetUUIDString(domain, uuid.data()) < 0 ? "" : uuid.data();
}

absl::Status NoSuchMachine(const SessionId& id) {
  return absl::NotFoundError(absl::StrCat("no virtual machine ", id.value()));
}

absl::Status ErrorAbout(absl::string_view verb, const SessionId& id) {
  return LastLibvirtError(absl::StrCat(verb, " virtual machine ", id.value()));
}

absl::StatusOr<int> StateOf(virDomainPtr domain) {
  int state = 0;
  if (virDomainGetState(domain, &state, nullptr, /*flags=*/0) < 0) {
    return LastLibvirtError("asking for a virtual machine's state");
  }
  return state;
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
  SilenceLibvirt();
  ORCH_RETURN_IF_ERROR(CheckOwner(options.owner));
  std::optional<VmUser> user;
  if (::geteuid() == 0) {
    ORCH_ASSIGN_OR_RETURN(user, FindVmUser(options.qemu_user));
  }
  ORCH_ASSIGN_OR_RETURN(const Place place, FindPlace(options, user));
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<EventLoop> loop, EventLoop::Start());
  ORCH_ASSIGN_OR_RETURN(Connection connection, Connect(options, place.uri));
  ORCH_ASSIGN_OR_RETURN(HostInfo host, ProbeHost(options, connection.get(), place.uri, user));
  const ProcessLogs logs(place.log_directory, /*removable=*/!options.embed_root.empty());
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<DomainEvents> events,
                        DomainEvents::Open(connection.get(), logs));
  Settings settings{.owner = options.owner,
                    .run_directory = place.run_directory,
                    .logs = logs,
                    .run_as = std::nullopt};
  if (user.has_value()) settings.run_as = user->ids;
  auto driver = absl::WrapUnique(new LibvirtVmDriver(std::move(loop), std::move(connection),
                                                     std::move(events), std::move(host),
                                                     std::move(settings)));
  // Listing makes the machines known whose events count.
  ORCH_RETURN_IF_ERROR(driver->List().status());
  driver->RemoveLeftoverLogs();
  return driver;
}

LibvirtVmDriver::LibvirtVmDriver(std::unique_ptr<EventLoop> loop, Connection connection,
                                 std::unique_ptr<DomainEvents> events, HostInfo host,
                                 Settings settings)
    : loop_(std::move(loop)),
      connection_(std::move(connection)),
      events_(std::move(events)),
      host_(std::move(host)),
      settings_(std::move(settings)),
      console_limiter_([this] { return events_->Directories(); }, host_.vm_uid) {}

void LibvirtVmDriver::RemoveLeftoverLogs() {
  for (const SessionId& id : settings_.logs.Removable()) {
    const Domain domain(virDomainLookupByName(connection_.get(), id.value().c_str()));
    const bool gone = domain == nullptr && absl::IsNotFound(ErrorAbout("finding", id));
    if (gone) settings_.logs.Remove(id);
  }
}

absl::StatusOr<VmInfo> LibvirtVmDriver::Start(const VmConfig& config) {
  ORCH_RETURN_IF_ERROR(Annotate(CheckVmConfig(config, host_),
                                absl::StrCat("starting virtual machine ", config.id.value())));
  if (Domain(virDomainLookupByName(connection_.get(), config.id.value().c_str())) != nullptr) {
    return absl::AlreadyExistsError(
        absl::StrCat("virtual machine ", config.id.value(), " already exists"));
  }
  const DomainOptions options{.uuid = RandomUuid(),
                              .owner = settings_.owner,
                              .accelerator = host_.accelerator,
                              .transport = host_.transport,
                              .run_as = settings_.run_as};
  const std::string xml = BuildDomainXml(config, options);
  events_->Starting(options.uuid, config.directory);
  const Domain domain(virDomainCreateXML(connection_.get(), xml.c_str(), VIR_DOMAIN_NONE));
  if (domain == nullptr) return StartError(config, options.uuid);
  absl::StatusOr<VmInfo> info = Describe(domain.get(), config.id);
  if (info.ok()) return info;
  virDomainDestroy(domain.get());
  RemoveDriverFiles(config);
  settings_.logs.Remove(config.id);
  return absl::InternalError(
      absl::StrCat("virtual machine ", config.id.value(),
                   " ended right after its start: ", info.status().message()));
}

absl::Status LibvirtVmDriver::StartError(const VmConfig& config, const std::string& uuid) {
  const absl::Status error = ErrorAbout("starting", config.id);
  events_->Forget(uuid);
  // Another thread may have started the same id since we looked; its files stay.
  if (Domain(virDomainLookupByName(connection_.get(), config.id.value().c_str())) != nullptr) {
    return absl::AlreadyExistsError(
        absl::StrCat("virtual machine ", config.id.value(), " already exists"));
  }
  RemoveDriverFiles(config);
  settings_.logs.Remove(config.id);
  return error;
}

absl::Status LibvirtVmDriver::Pause(const SessionId& id) {
  ORCH_ASSIGN_OR_RETURN(const Domain domain, Find(id));
  if (virDomainSuspend(domain.get()) == 0) return absl::OkStatus();
  const absl::Status error = ErrorAbout("pausing", id);
  const absl::StatusOr<int> state = StateOf(domain.get());
  return state.ok() && *state == VIR_DOMAIN_PAUSED ? absl::OkStatus() : error;
}

absl::Status LibvirtVmDriver::Resume(const SessionId& id) {
  ORCH_ASSIGN_OR_RETURN(const Domain domain, Find(id));
  if (virDomainResume(domain.get()) == 0) return absl::OkStatus();
  // libvirt refuses to resume what runs.
  const absl::Status error = ErrorAbout("resuming", id);
  const absl::StatusOr<int> state = StateOf(domain.get());
  return state.ok() && *state == VIR_DOMAIN_RUNNING ? absl::OkStatus() : error;
}

absl::Status LibvirtVmDriver::Destroy(const SessionId& id) {
  absl::StatusOr<Domain> domain = Find(id);
  if (absl::IsNotFound(domain.status())) return absl::OkStatus();
  ORCH_RETURN_IF_ERROR(domain.status());
  const std::string uuid = UuidOf(domain->get());
  events_->Destroying(uuid);
  // libvirt returns when the process is gone: it asks with SIGTERM first, which lets QEMU finish
  // its disk writes.
  if (virDomainDestroy(domain->get()) == 0) {
    settings_.logs.Remove(id);
    return absl::OkStatus();
  }
  const absl::Status error = ErrorAbout("destroying", id);
  // It may have ended by itself meanwhile.
  if (!absl::IsNotFound(Find(id).status())) return error;
  events_->Forget(uuid);
  settings_.logs.Remove(id);
  return absl::OkStatus();
}

absl::StatusOr<VmInfo> LibvirtVmDriver::Get(const SessionId& id) {
  ORCH_ASSIGN_OR_RETURN(const Domain domain, Find(id));
  return Describe(domain.get(), id);
}

absl::StatusOr<std::vector<VmInfo>> LibvirtVmDriver::List() {
  virDomainPtr* list = nullptr;
  const int count =
      virConnectListAllDomains(connection_.get(), &list, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
  if (count < 0) return LastLibvirtError("listing virtual machines");
  std::vector<Domain> domains(list, list + count);
  std::free(list);
  std::vector<VmInfo> machines;
  for (const Domain& domain : domains) {
    const char* name = virDomainGetName(domain.get());
    const absl::StatusOr<SessionId> id = SessionId::Parse(name == nullptr ? "" : name);
    if (!id.ok()) continue;
    const std::string metadata = MetadataOf(domain.get());
    if (!IsOwnedBy(metadata, settings_.owner)) continue;
    absl::StatusOr<VmInfo> info = Describe(domain.get(), *id);
    // One that ended since it was listed exists no more.
    if (absl::IsNotFound(info.status())) continue;
    ORCH_RETURN_IF_ERROR(info.status());
    events_->Adopt(UuidOf(domain.get()), ParseDirectory(metadata));
    machines.push_back(*std::move(info));
  }
  return machines;
}

absl::StatusOr<std::string> LibvirtVmDriver::ConsoleTail(const std::string& directory,
                                                         size_t max_bytes) {
  return ReadConsoleTail(absl::StrCat(directory, "/", kConsoleLogName), max_bytes);
}

std::unique_ptr<VmEventSubscription> LibvirtVmDriver::Subscribe(
    std::function<void(const VmEvent&)> callback) {
  return events_->Subscribe(std::move(callback));
}

absl::StatusOr<Domain> LibvirtVmDriver::Find(const SessionId& id) {
  Domain domain(virDomainLookupByName(connection_.get(), id.value().c_str()));
  if (domain == nullptr) {
    const absl::Status error = ErrorAbout("finding", id);
    return absl::IsNotFound(error) ? NoSuchMachine(id) : error;
  }
  if (!IsOwnedBy(MetadataOf(domain.get()), settings_.owner)) return NoSuchMachine(id);
  return domain;
}

absl::StatusOr<VmInfo> LibvirtVmDriver::Describe(virDomainPtr domain, const SessionId& id) {
  ORCH_ASSIGN_OR_RETURN(const int state, StateOf(domain));
  if (state == VIR_DOMAIN_SHUTOFF || state == VIR_DOMAIN_CRASHED) return NoSuchMachine(id);
  VmInfo info{.id = id, .state = state == VIR_DOMAIN_PAUSED ? VmState::kPaused : VmState::kRunning};
  info.agent =
      ParseAgentAddress(MetadataOf(domain), TakeString(virDomainGetXMLDesc(domain, /*flags=*/0)));
  const absl::StatusOr<std::string> pid =
      ReadFile(absl::StrCat(settings_.run_directory, "/", id.value(), ".pid"), kMaxPidFileBytes);
  if (pid.ok() && !absl::SimpleAtoi(absl::StripAsciiWhitespace(*pid), &info.pid)) info.pid = 0;
  return info;
}

}  // namespace orch
