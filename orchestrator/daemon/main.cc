// The daemon's composition root: the only place that names implementations.

#include <signal.h>
#include <sys/stat.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/base/grpc_runtime.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/browser/browser_host.h"
#include "orchestrator/daemon/command_line.h"
#include "orchestrator/daemon/host_readings.h"
#include "orchestrator/daemon/http_api.h"
#include "orchestrator/daemon/metrics_machine_observer.h"
#include "orchestrator/daemon/metrics_pool_observer.h"
#include "orchestrator/daemon/required_programs.h"
#include "orchestrator/daemon/state_dir.h"
#include "orchestrator/daemon/version.h"
#include "orchestrator/driver/fake/fake_vm_driver.h"
#include "orchestrator/driver/libvirt/libvirt_vm_driver.h"
#include "orchestrator/image/image_catalog.h"
#include "orchestrator/metrics/metrics_server.h"
#include "orchestrator/pool/pool_registry.h"
#include "orchestrator/server/api_server.h"
#include "orchestrator/server/rpc_metrics_interceptor.h"
#include "orchestrator/snapshot/agent_control.h"
#include "orchestrator/store/sqlite/sqlite_key_store.h"
#include "orchestrator/store/sqlite/sqlite_state_store.h"
#include "orchestrator/transport/fake/fake_guest.h"
#include "orchestrator/transport/fake/fake_guest_transport.h"
#include "orchestrator/transport/virtio_serial/virtio_serial_transport.h"
#include "orchestrator/transport/vsock/vsock_transport.h"

namespace orch {
namespace {

// The machines and the way to their agents.
struct Machines {
  std::unique_ptr<VmDriver> driver;
  // Of `driver`.
  VmCheckpoints* checkpoints = nullptr;
  std::unique_ptr<GuestTransport> transport;
  // Set when the machines are fake.
  std::unique_ptr<FakeGuest> fake_guest;
};

Machines MakeFakeMachines() {
  auto transport = std::make_unique<FakeGuestTransport>();
  auto guest = std::make_unique<FakeGuest>(*transport);
  auto driver = std::make_unique<FakeVmDriver>();
  VmCheckpoints& checkpoints = driver->checkpoints();
  return {.driver = std::move(driver),
          .checkpoints = &checkpoints,
          .transport = std::move(transport),
          .fake_guest = std::move(guest)};
}

absl::StatusOr<Machines> MakeMachines(const Config& config, const StateDir& state_dir) {
  if (config.driver == "fake") return MakeFakeMachines();
  Machines machines;
  LibvirtOptions options;
  if (config.libvirt_uri == "embed") options.embed_root = state_dir.LibvirtRoot();
  options.accelerator = config.accelerator == "kvm"   ? AcceleratorChoice::kKvm
                        : config.accelerator == "tcg" ? AcceleratorChoice::kTcg
                                                      : AcceleratorChoice::kAuto;
  options.transport = config.transport == "vsock"           ? TransportChoice::kVsock
                      : config.transport == "virtio-serial" ? TransportChoice::kVirtioSerial
                                                            : TransportChoice::kAuto;
  options.qemu_user = config.vm_user;
  options.owner = state_dir.path();
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<LibvirtVmDriver> driver, LibvirtVmDriver::Create(options));
  machines.checkpoints = &driver->checkpoints();
  machines.driver = std::move(driver);
  if (machines.driver->host().transport == TransportKind::kVsock) {
    machines.transport = std::make_unique<VsockTransport>();
  } else {
    machines.transport = std::make_unique<VirtioSerialTransport>();
  }
  return machines;
}

BrowserHost::Options HostOptions(const Config& config, const StateDir& state_dir) {
  return {.state_dir = state_dir.path(),
          .registry = {.default_image = config.default_image,
                       .max_concurrent_clones = config.max_concurrent_clones,
                       .deepen_after = config.standby_to_disk_after},
          .shells = {.spare = config.spare_shells},
          .boot_timeout = config.boot_timeout,
          .max_concurrent_boots = config.max_concurrent_boots,
          .memory_budget_mib = config.memory_budget_mib,
          .memory_overcommit = config.memory_overcommit,
          .max_browsers = config.max_browsers,
          .template_budget_mib = config.template_budget_mib,
          .standby_budget_mib = config.standby_budget_mib};
}

// Runs until one of `stop_signals` arrives.
absl::Status Serve(const Config& config, const sigset_t& stop_signals) {
  const absl::Time started_at = absl::Now();
  ORCH_RETURN_IF_ERROR(CheckRequiredPrograms());
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<StateDir> state_dir,
                        StateDir::Open(config.state_dir));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ImageCatalog> images,
                        ImageCatalog::Create(config.image_dir));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteStateStore> store,
                        SqliteStateStore::Create(state_dir->Database()));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteKeyStore> key_store,
                        SqliteKeyStore::Create(state_dir->Database()));
  ORCH_ASSIGN_OR_RETURN(const Machines machines, MakeMachines(config, *state_dir));
  const SystemClock clock;
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ApiKeys> keys, ApiKeys::Load(*key_store, clock));
  const HostInfo& host = machines.driver->host();
  Metrics metrics(
      {.build = {.version = kDaemonVersion,
                 .driver = host.driver_name,
                 .hypervisor_version = host.hypervisor_version,
                 .library_version = host.library_version,
                 .accelerator = host.accelerator == Accelerator::kKvm ? "kvm" : "tcg",
                 .transport = host.transport == TransportKind::kVsock ? "vsock" : "virtio-serial"},
       .started_at = started_at,
       .rpc_methods = ServedMethods()},
      clock);
  MetricsMachineObserver machine_observer(metrics);
  MetricsPoolObserver pool_observer(metrics);
  AgentControl guests(*machines.transport, clock);
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<BrowserHost> browsers,
                        BrowserHost::Create({.driver = *machines.driver,
                                             .checkpoints = *machines.checkpoints,
                                             .guests = guests,
                                             .store = *store,
                                             .images = *images,
                                             .observer = machine_observer,
                                             .clock = clock},
                                            HostOptions(config, *state_dir)));
  BrowserRegistry& registry = browsers->registry();
  ORCH_ASSIGN_OR_RETURN(
      const std::unique_ptr<PoolRegistry> pools,
      PoolRegistry::Create(
          {.browsers = registry,
           .store = *store,
           .resolve = [&registry](const BrowserSpec& spec) { return registry.ResolvePooled(spec); },
           .observer = pool_observer,
           .clock = clock},
          {.max_concurrent_creations = config.max_concurrent_clones}));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ApiServer> server,
                        ApiServer::Start({.driver = *machines.driver,
                                          .browsers = *browsers,
                                          .pools = *pools,
                                          .store = *store,
                                          .keys = *keys,
                                          .images = *images,
                                          .metrics = metrics,
                                          .clock = clock},
                                         {.listen = config.listen,
                                          .unix_socket = state_dir->Socket(),
                                          .about = {.version = kDaemonVersion,
                                                    .state_dir = state_dir->path(),
                                                    .started_at = started_at}}));
  const std::unique_ptr<CollectorRegistration> readings =
      AddHostReadings(metrics, *machines.driver, *browsers, *pools);
  std::unique_ptr<MetricsServer> metrics_server;
  if (!config.metrics_listen.empty()) {
    ORCH_ASSIGN_OR_RETURN(metrics_server,
                          MetricsServer::Start({.listen = config.metrics_listen}, metrics));
  }
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<gateway::Gateway> http,
                        StartHttpApi(config, *state_dir, *keys, *server, clock));
  Log(LogLevel::kInfo, "daemon_serving",
      {{"version", kDaemonVersion},
       {"port", server->port()},
       {"unix_socket", state_dir->Socket()},
       {"http_port", http == nullptr ? 0 : http->port()},
       {"metrics_port", metrics_server == nullptr ? 0 : metrics_server->port()},
       {"driver", host.driver_name},
       {"accelerator", host.accelerator_reason},
       {"transport", host.transport_reason}});
  int signal = 0;
  ::sigwait(&stop_signals, &signal);
  Log(LogLevel::kInfo, "daemon_stopping", {{"signal", signal}});
  browsers->templates().Cancel(absl::UnavailableError("the daemon is stopping"));
  const absl::Time deadline = absl::Now() + config.stop_grace;
  // It calls the server until it is done.
  if (http != nullptr) http->Shutdown(deadline);
  server->Shutdown(deadline);
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  // Before any thread is made, so that all of them inherit it and sigwait alone gets these.
  sigset_t stop_signals;
  ::sigemptyset(&stop_signals);
  ::sigaddset(&stop_signals, SIGINT);
  ::sigaddset(&stop_signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  // libvirt makes directories that QEMU's user must pass through; files that hold secrets get their
  // modes explicitly.
  ::umask(0022);

  absl::StatusOr<CommandLine> command = ParseCommandLine(argc, argv);
  if (!command.ok()) {
    std::fprintf(stderr, "orchestrator: %s\n", std::string(command.status().message()).c_str());
    return 2;
  }
  if (command->action == CommandLine::Action::kPrint) {
    std::fputs(command->text.c_str(), stdout);
    return 0;
  }
  if (command->action == CommandLine::Action::kCheckConfig) {
    std::puts("The settings are valid.");
    return 0;
  }
  InitLogging(command->config.log_level);
  KeepGrpcRunning();
  if (absl::Status served = Serve(command->config, stop_signals); !served.ok()) {
    std::fprintf(stderr, "orchestrator: %s\n", std::string(served.message()).c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace orch

int main(int argc, char** argv) { return orch::Main(argc, argv); }
