#pragma once

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "grpcpp/create_channel_posix.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

#include "guest/v1/computer.grpc.pb.h"
#include "guest/v1/lifecycle.grpc.pb.h"
#include "guest/v1/process.grpc.pb.h"
#include "guest/v1/tunnel.grpc.pb.h"
#include "orchestrator/agent/child/cgroup_tree.h"
#include "orchestrator/agent/child/child_process.h"
#include "orchestrator/agent/child/child_reaper.h"
#include "orchestrator/agent/child/user_database.h"
#include "orchestrator/agent/computer/computer_service.h"
#include "orchestrator/agent/lifecycle/guest_identity.h"
#include "orchestrator/agent/lifecycle/guest_resumption.h"
#include "orchestrator/agent/lifecycle/lifecycle_service.h"
#include "orchestrator/agent/lifecycle/snapshot_preparation.h"
#include "orchestrator/agent/lifecycle/viewport_change.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/process/process_service.h"
#include "orchestrator/agent/process/process_table.h"
#include "orchestrator/agent/replay/replay_table.h"
#include "orchestrator/agent/server/agent_server.h"
#include "orchestrator/agent/supervisor/supervisor.h"
#include "orchestrator/agent/tunnel/tunnel_service.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/base/random_id.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/agent/fake_cpu_meter.h"
#include "tests/unit/agent/fake_guest_kernel.h"

namespace orch::agent {

// The agent without being PID 1: its real services with real processes, reached over a socket pair.
// The test program is made a subreaper, so that orphans come to it as they come to PID 1.
class AgentFixture : public ::testing::Test {
 protected:
  struct Options {
    std::vector<ProgramConfig> programs;
    Program::Options program;
    ProcessConfig process;
    size_t max_tunnels = TunnelService::kMaxTunnels;
    std::string display;
    // How the guest fares while it is prepared for a snapshot: see SnapshotPreparation and
    // FakeCpuMeter. No time passes in a sleep but `on_sleep`'s.
    std::optional<uint16_t> devtools_port;
    std::vector<double> busy = {0};
    std::function<void()> on_sleep;
  };

  void SetUp() override {
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    std::filesystem::create_directories(guest_root_.File("etc"));
    StartAgent({});
  }

  void TearDown() override { StopAgent(); }

  void StartAgent(Options options) {
    StopAgent();
    loop_ = EventLoop::Create().value();
    reaper_ = ChildReaper::Create(*loop_).value();
    const std::string mount = CgroupMount();
    if (!mount.empty()) {
      auto tree = CgroupTree::Create(absl::StrCat(mount, "/orch-test-", RandomId(8)));
      if (tree.ok()) cgroups_ = *std::move(tree);
    }
    const ChildContext children{*loop_, *reaper_, cgroups_.get()};
    supervisor_ = std::make_unique<Supervisor>(children, users_, std::move(options.programs),
                                               options.program);
    table_ = std::make_unique<ProcessTable>(children, clock_, options.process);
    process_service_ = std::make_unique<ProcessService>(
        ProcessServiceContext{children, *table_, users_, {.user = "root"}});
    computer_service_ = std::make_unique<ComputerService>(options.display);
    tunnel_service_ = std::make_unique<TunnelService>(*loop_, options.max_tunnels);
    meter_ = std::make_unique<FakeCpuMeter>(std::move(options.busy));
    preparation_ = std::make_unique<SnapshotPreparation>(SnapshotPreparation::Options{
        .devtools_port = options.devtools_port,
        .meter = *meter_,
        .flush =
            [this] {
              ++flushes_;
              return absl::OkStatus();
            },
        .sleep =
            [this, on_sleep = std::move(options.on_sleep)](absl::Duration duration) {
              if (on_sleep) on_sleep();
              meter_->Sleep(duration);
            }});
    recordings_ = std::make_unique<ReplayTable>(
        children, clock_,
        ReplayTable::Options{.ffmpeg = guest_root_.File("ffmpeg"),
                             .display = options.display,
                             .directory = guest_root_.File("lib/replays")});
    viewport_ = std::make_unique<ViewportChange>(*loop_, *recordings_, options.display);
    lifecycle_service_ = std::make_unique<LifecycleService>(*loop_, *supervisor_, *preparation_,
                                                            resumption_, *viewport_);
    server_ = AgentServer::Create({process_service_.get(), computer_service_.get(),
                                   tunnel_service_.get(), lifecycle_service_.get()})
                  .value();
    supervisor_->Start();
    Connect();
  }

  void Connect() {
    int sockets[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    ::fcntl(sockets[1], F_SETFL, O_NONBLOCK);
    server_->AddConnection(UniqueFd(sockets[0]));
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(AgentServer::kMaxSentMessageBytes);
    channel_ = grpc::CreateCustomInsecureChannelFromFd("guest", sockets[1], arguments);
    process_ = guest::v1::ProcessService::NewStub(channel_);
    computer_ = guest::v1::ComputerService::NewStub(channel_);
    tunnel_ = guest::v1::TunnelService::NewStub(channel_);
    lifecycle_ = guest::v1::LifecycleService::NewStub(channel_);
  }

  void StopAgent() {
    process_.reset();
    computer_.reset();
    tunnel_.reset();
    lifecycle_.reset();
    channel_.reset();
    server_.reset();
    lifecycle_service_.reset();
    viewport_.reset();
    recordings_.reset();
    table_.reset();
    supervisor_.reset();
    cgroups_.reset();
    reaper_.reset();
    loop_.reset();
  }

  // Where cgroup2 is mounted; "" when it is not.
  static std::string CgroupMount() {
    std::ifstream mounts("/proc/self/mounts");
    for (std::string line; std::getline(mounts, line);) {
      std::istringstream fields(line);
      std::string device;
      std::string path;
      std::string type;
      fields >> device >> path >> type;
      if (type == "cgroup2") return path;
    }
    return "";
  }

  static guest::v1::ExecRequest Shell(const std::string& script) {
    guest::v1::ExecRequest request;
    *request.mutable_spec() = ShellSpec(script);
    return request;
  }

  static guest::v1::ProcessSpec ShellSpec(const std::string& script) {
    guest::v1::ProcessSpec spec;
    spec.set_command("/bin/sh");
    spec.add_args("-c");
    spec.add_args(script);
    return spec;
  }

  grpc::Status Exec(const guest::v1::ExecRequest& request, guest::v1::ExecResponse& response) {
    grpc::ClientContext context;
    return process_->Exec(&context, request, &response);
  }

  SystemClock clock_;
  UserDatabase users_{"/etc"};
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<ChildReaper> reaper_;
  std::unique_ptr<CgroupTree> cgroups_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<ProcessTable> table_;
  std::unique_ptr<ProcessService> process_service_;
  std::unique_ptr<ComputerService> computer_service_;
  std::unique_ptr<TunnelService> tunnel_service_;
  // In the place of this machine's clock, random generator, host name and /etc.
  testing::TempDir guest_root_;
  FakeGuestClock guest_clock_;
  FakeRandomPool random_;
  std::string hostname_ = "browser";
  GuestIdentity identity_{{.root = guest_root_.path(),
                           .hostname = [this] { return hostname_; },
                           .set_hostname =
                               [this](const std::string& name) {
                                 hostname_ = name;
                                 return absl::OkStatus();
                               }}};
  GuestResumption resumption_{guest_clock_, random_, identity_};
  std::unique_ptr<FakeCpuMeter> meter_;
  std::atomic<int> flushes_ = 0;
  std::unique_ptr<SnapshotPreparation> preparation_;
  std::unique_ptr<ReplayTable> recordings_;
  std::unique_ptr<ViewportChange> viewport_;
  std::unique_ptr<LifecycleService> lifecycle_service_;
  std::unique_ptr<AgentServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<guest::v1::ProcessService::Stub> process_;
  std::unique_ptr<guest::v1::ComputerService::Stub> computer_;
  std::unique_ptr<guest::v1::TunnelService::Stub> tunnel_;
  std::unique_ptr<guest::v1::LifecycleService::Stub> lifecycle_;
};

}  // namespace orch::agent
