// PID 1 of a guest: prepares the guest, keeps the image's programs running and serves guest.v1 to
// the host. This is the only place that names implementations. It never returns: PID 1 must not.
#include <unistd.h>

#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/agent/channel/serial_listener.h"
#include "orchestrator/agent/channel/serial_port.h"
#include "orchestrator/agent/channel/vsock_listener.h"
#include "orchestrator/agent/child/cgroup_tree.h"
#include "orchestrator/agent/child/child_process.h"
#include "orchestrator/agent/child/child_reaper.h"
#include "orchestrator/agent/child/user_database.h"
#include "orchestrator/agent/computer/computer_service.h"
#include "orchestrator/agent/config/agent_config.h"
#include "orchestrator/agent/config/boot_options.h"
#include "orchestrator/agent/filesystem/file_system_service.h"
#include "orchestrator/agent/init/guest_init.h"
#include "orchestrator/agent/lifecycle/cpu_meter.h"
#include "orchestrator/agent/lifecycle/disk_caches.h"
#include "orchestrator/agent/lifecycle/guest_clock.h"
#include "orchestrator/agent/lifecycle/guest_identity.h"
#include "orchestrator/agent/lifecycle/guest_resumption.h"
#include "orchestrator/agent/lifecycle/lifecycle_service.h"
#include "orchestrator/agent/lifecycle/random_pool.h"
#include "orchestrator/agent/lifecycle/snapshot_preparation.h"
#include "orchestrator/agent/lifecycle/viewport_change.h"
#include "orchestrator/agent/log/log_service.h"
#include "orchestrator/agent/loop/agent_clock.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/loop/wall_time.h"
#include "orchestrator/agent/playwright/playwright_service.h"
#include "orchestrator/agent/process/process_service.h"
#include "orchestrator/agent/process/process_table.h"
#include "orchestrator/agent/replay/replay_service.h"
#include "orchestrator/agent/replay/replay_table.h"
#include "orchestrator/agent/server/agent_server.h"
#include "orchestrator/agent/supervisor/program_log.h"
#include "orchestrator/agent/supervisor/supervisor.h"
#include "orchestrator/agent/tunnel/tunnel_service.h"
#include "orchestrator/base/annotate.h"
#include "orchestrator/base/files.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/log_tap.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/model/guest_address.h"

namespace orch::agent {
namespace {

constexpr char kConfigPath[] = "/etc/orchestrator/agent.toml";
constexpr char kLogDirectory[] = "/var/log/orchestrator";
constexpr char kReplayDirectory[] = "/var/lib/orchestrator/replays";
constexpr char kCgroupPath[] = "/sys/fs/cgroup/orchestrator";
constexpr char kDisplay[] = ":0";
constexpr size_t kMaxCommandLineBytes = 64 * 1024;

// The kernel announces a virtio-serial port some time after its driver is there.
constexpr absl::Duration kChannelTimeout = absl::Seconds(10);
constexpr absl::Duration kChannelInterval = absl::Milliseconds(20);

struct Listeners {
  std::unique_ptr<SerialListener> serial;
  std::unique_ptr<VsockListener> vsock;
};

absl::StatusOr<BootOptions> PrepareGuest() {
  ORCH_RETURN_IF_ERROR(MountFileSystems());
  SetProcessDefaults();
  ORCH_ASSIGN_OR_RETURN(const std::string command_line,
                        ReadFile("/proc/cmdline", kMaxCommandLineBytes));
  ORCH_ASSIGN_OR_RETURN(BootOptions options, ParseKernelCommandLine(command_line));
  for (const std::string& key : options.unknown_keys) {
    Log(LogLevel::kWarning, "unknown_boot_option", {{"key", key}});
  }
  ORCH_RETURN_IF_ERROR(BringUpLoopback());
  ORCH_RETURN_IF_ERROR(SetHostname(options.hostname));
  return options;
}

absl::StatusOr<AgentConfig> LoadConfig(const BootOptions& options) {
  ORCH_ASSIGN_OR_RETURN(const std::string text, ReadFile(kConfigPath, kMaxConfigBytes));
  absl::StatusOr<AgentConfig> config = ParseAgentConfig(text, options);
  if (!config.ok()) return Annotate(config.status(), kConfigPath);
  return config;
}

// Listens on whichever of the two channels this machine has.
absl::StatusOr<Listeners> Listen(AgentServer& server) {
  const auto serve = [&server](UniqueFd socket) { server.AddConnection(std::move(socket)); };
  const absl::Time deadline = absl::Now() + kChannelTimeout;
  while (true) {
    Listeners listeners;
    absl::StatusOr<UniqueFd> port = OpenSerialPort(kAgentSerialPortName);
    if (port.ok()) {
      ORCH_ASSIGN_OR_RETURN(listeners.serial, SerialListener::Create(*std::move(port), serve));
    }
    absl::StatusOr<std::unique_ptr<VsockListener>> vsock =
        VsockListener::Create(kAgentVsockPort, serve);
    if (vsock.ok()) listeners.vsock = *std::move(vsock);
    const bool serial = listeners.serial != nullptr;
    if (serial || listeners.vsock != nullptr) {
      Log(LogLevel::kInfo, "agent_listening",
          {{"serial", serial}, {"vsock", listeners.vsock != nullptr}});
      return listeners;
    }
    if (absl::Now() > deadline) {
      return absl::FailedPreconditionError(absl::StrCat(
          "no way to the host: ", port.status().message(), "; ", vsock.status().message()));
    }
    absl::SleepFor(kChannelInterval);
  }
}

// Returns only with an error.
absl::Status Run() {
  ORCH_ASSIGN_OR_RETURN(const BootOptions options, PrepareGuest());
  ORCH_ASSIGN_OR_RETURN(AgentConfig config, LoadConfig(options));

  // Of the loop, which it outlives.
  ProgramLog agent_log(kLogDirectory, "agent");
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<EventLoop> loop, EventLoop::Create());
  const LogTap tap([&](absl::string_view line) {
    loop->Post([&agent_log, line = absl::StrCat(line, "\n"), time = WallTime()] {
      agent_log.Append(line, time);
    });
  });
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ChildReaper> reaper, ChildReaper::Create(*loop));
  absl::StatusOr<std::unique_ptr<CgroupTree>> cgroups = CgroupTree::Create(kCgroupPath);
  if (!cgroups.ok()) Log(LogLevel::kWarning, "no_cgroups", {{"status", cgroups.status()}});
  const ChildContext children{*loop, *reaper, cgroups.ok() ? cgroups->get() : nullptr};

  const AgentClock clock;
  KernelClock kernel_clock;
  const UserDatabase users("/etc");
  const std::optional<uint16_t> devtools_port = DevToolsPort(config.programs);
  Supervisor supervisor(children, users, std::move(config.programs),
                        {.headful = options.headful, .log_directory = kLogDirectory});
  ProcessTable table(children, clock, config.process);
  ProcessService processes(
      {children, table, users, {.user = config.default_user, .headful = options.headful}});
  ComputerService computer(options.headful ? kDisplay : "");
  const FileSystemContext file_system{
      .users = users, .default_user = config.default_user, .config = config.filesystem};
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<FileSystemService> files,
                        FileSystemService::Create(file_system));
  LogService logs(
      {.loop = *loop, .supervisor = supervisor, .agent_log = agent_log, .files = file_system});
  ReplayTable recordings(
      children, clock, {.display = options.headful ? kDisplay : "", .directory = kReplayDirectory});
  ReplayService replays(*loop, recordings);
  PlaywrightService playwright(
      {.children = children,
       .users = users,
       .user = config.default_user,
       .headful = options.headful,
       .command = std::move(config.playwright_command),
       .devtools_url = absl::StrCat("http://127.0.0.1:", devtools_port.value_or(0))});
  TunnelService tunnels(*loop);
  ProcStatMeter meter;
  SnapshotPreparation preparation({.devtools_port = devtools_port,
                                   .meter = meter,
                                   .flush = [] { return FlushDisksAndDropCaches(); },
                                   .sleep = absl::SleepFor});
  KernelRandomPool random;
  GuestIdentity identity({.root = "", .hostname = GetHostname, .set_hostname = SetHostname});
  GuestResumption resumption(kernel_clock, random, identity);
  ViewportChange viewport(*loop, recordings, options.headful ? kDisplay : "");
  LifecycleService lifecycle(*loop, supervisor, preparation, resumption, viewport);
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<AgentServer> server,
                        AgentServer::Create({&processes, files.get(), &computer, &logs, &playwright,
                                             &replays, &tunnels, &lifecycle}));
  supervisor.Start();
  ORCH_ASSIGN_OR_RETURN(const Listeners listeners, Listen(*server));
  while (true) ::pause();
}

}  // namespace
}  // namespace orch::agent

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--version") {
    std::cout << "orchestrator-agent " << ORCH_AGENT_VERSION << "\n";
    return 0;
  }
  if (::getpid() != 1) {
    std::cerr << "orchestrator-agent is PID 1 of a browser's virtual machine; an image's initramfs "
                 "starts it. Outside of one it only knows --version.\n";
    return 2;
  }
  orch::agent::OpenConsole();
  orch::InitLogging(orch::LogLevel::kInfo);
  orch::agent::ChildReaper::BlockSignal();
  const absl::Status failed = orch::agent::Run();
  orch::Log(orch::LogLevel::kError, "agent_failed", {{"status", failed}});
  orch::agent::PowerOff();
}
