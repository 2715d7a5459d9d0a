#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"

#include "orchestrator/agent/rpc/proto_time.h"
#include "orchestrator/base/files.h"
#include "tests/integration/agent/agent_fixture.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/agent/fake_chromium.h"

namespace orch::agent {
namespace {

using ::orch::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LifecycleServiceTest : public AgentFixture {
 protected:
  static ProgramConfig ShellProgram(const std::string& name, const std::string& script,
                                    std::vector<std::string> after = {}) {
    ProgramConfig program;
    program.name = name;
    program.argv = {"/bin/sh", "-c", script};
    program.user = "root";
    program.after = std::move(after);
    return program;
  }

  static Program::Options Quick(const std::string& log_directory = "") {
    return {.log_directory = log_directory,
            .restart = {.first_delay = absl::Milliseconds(1), .max_delay = absl::Milliseconds(5)}};
  }

  guest::v1::AwaitReadyResponse AwaitReady() {
    grpc::ClientContext context;
    guest::v1::AwaitReadyResponse response;
    EXPECT_TRUE(lifecycle_->AwaitReady(&context, {}, &response).ok());
    return response;
  }

  grpc::Status PrepareSnapshot(absl::Duration idle_timeout,
                               guest::v1::PrepareSnapshotResponse& response) {
    guest::v1::PrepareSnapshotRequest request;
    *request.mutable_idle_timeout() = ToProtoDuration(idle_timeout);
    grpc::ClientContext context;
    return lifecycle_->PrepareSnapshot(&context, request, &response);
  }

  guest::v1::GetStatusResponse GetStatus() {
    grpc::ClientContext context;
    guest::v1::GetStatusResponse response;
    EXPECT_TRUE(lifecycle_->GetStatus(&context, {}, &response).ok());
    return response;
  }
};

TEST_F(LifecycleServiceTest, IsReadyWithoutPrograms) {
  const guest::v1::AwaitReadyResponse response = AwaitReady();
  EXPECT_FALSE(response.agent_version().empty());
  EXPECT_GE(response.uptime_at_ready().seconds(), response.uptime_at_agent_start().seconds());
  EXPECT_TRUE(GetStatus().ready());
}

TEST_F(LifecycleServiceTest, StartsProgramsInOrderAndLogsThem) {
  TempDir directory;
  const std::string socket = directory.File("socket");
  ProgramConfig server =
      ShellProgram("server", absl::StrCat("echo hello; exec python3 -c 'import socket,time\n",
                                          "s=socket.socket(socket.AF_UNIX);s.bind(\"", socket,
                                          "\");s.listen(9);time.sleep(1000)'"));
  server.probe = ReadyProbe::kUnixSocket;
  server.probe_path = socket;
  // Fails, and is started again, unless the server is there before it.
  ProgramConfig client =
      ShellProgram("client", absl::StrCat("test -S ", socket, " && sleep 1000"), {"server"});
  StartAgent({.programs = {server, client}, .program = Quick(directory.path())});
  AwaitReady();
  const guest::v1::GetStatusResponse status = GetStatus();
  ASSERT_EQ(status.programs_size(), 2);
  for (const auto& program : status.programs()) {
    EXPECT_TRUE(program.running()) << program.name();
    EXPECT_TRUE(program.ready()) << program.name();
    EXPECT_GT(program.pid(), 0);
    EXPECT_EQ(program.restarts(), 0u) << program.name();
  }
  EXPECT_EQ(ReadFile(directory.File("server.log"), 1000).value_or(""), "hello\n");
}

TEST_F(LifecycleServiceTest, AsksByHttp) {
  TempDir directory;
  // Port 0 cannot be asked for, so the test takes a free one and gives it away again.
  UniqueFd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(probe.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  ProgramConfig server = ShellProgram("server", "");
  server.probe = ReadyProbe::kHttp;
  server.probe_port = ntohs(address.sin_port);
  server.probe_path = "/";
  server.argv = {"/usr/bin/python3", "-m",        "http.server", absl::StrCat(server.probe_port),
                 "--bind",           "127.0.0.1", "--directory", directory.path()};
  probe.Reset();
  StartAgent({.programs = {server}, .program = Quick()});
  AwaitReady();
  EXPECT_TRUE(GetStatus().ready());
}

TEST_F(LifecycleServiceTest, RestartsWhatEndsAndKillsWhatItLeft) {
  TempDir directory;
  const std::string pids = directory.File("pids");
  StartAgent({.programs = {ShellProgram(
                  "flaky", absl::StrCat("setsid sleep 1000 & echo $! >> ", pids, "; exit 3"))},
              .program = Quick()});
  guest::v1::GetStatusResponse status = GetStatus();
  while (status.programs(0).restarts() < 3) status = GetStatus();
  EXPECT_EQ(status.programs(0).last_end(), "exit status 3");
  ASSERT_NE(cgroups_, nullptr) << "no cgroup2: what left the session cannot be found";
  const pid_t first = std::stoi(ReadFile(pids, 100000).value_or("0"));
  ASSERT_GT(first, 0);
  while (::kill(first, 0) == 0) {
  }
}

TEST_F(LifecycleServiceTest, SaysWhyAProgramDoesNotStart) {
  ProgramConfig program = ShellProgram("missing", "");
  program.argv = {"/no/such/program"};
  StartAgent({.programs = {program}, .program = Quick()});
  const guest::v1::GetStatusResponse status = GetStatus();
  EXPECT_FALSE(status.ready());
  EXPECT_FALSE(status.programs(0).running());
  EXPECT_THAT(status.programs(0).last_end(), HasSubstr("/no/such/program"));
}

TEST_F(LifecycleServiceTest, AwaitReadyEndsAtItsDeadline) {
  ProgramConfig program = ShellProgram("never", "sleep 1000");
  program.probe = ReadyProbe::kUnixSocket;
  program.probe_path = "/no/such/socket";
  StartAgent({.programs = {program}, .program = Quick()});
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  guest::v1::AwaitReadyResponse response;
  EXPECT_EQ(lifecycle_->AwaitReady(&context, {}, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(LifecycleServiceTest, ResumedTakesOnTimeAndIdentity) {
  guest::v1::ResumedRequest request;
  request.mutable_now()->set_seconds(absl::ToUnixSeconds(guest_clock_.now) + 3600);
  request.set_entropy(std::string(64, 'e'));
  request.set_machine_id(std::string(32, 'd'));
  request.set_hostname("b-1");
  grpc::ClientContext context;
  guest::v1::ResumedResponse response;
  ASSERT_TRUE(lifecycle_->Resumed(&context, request, &response).ok());
  EXPECT_EQ(response.clock_step().seconds(), 3600);
  EXPECT_EQ(absl::ToUnixSeconds(guest_clock_.now), request.now().seconds());
  EXPECT_THAT(random_.seeds, ElementsAre(std::string(64, 'e')));
  EXPECT_EQ(ReadFile(guest_root_.File("etc/machine-id"), 1000).value_or(""),
            std::string(32, 'd') + "\n");
  EXPECT_EQ(hostname_, "b-1");
}

TEST_F(LifecycleServiceTest, ResumedRefusesARequestWithoutTime) {
  grpc::ClientContext context;
  guest::v1::ResumedResponse response;
  EXPECT_EQ(lifecycle_->Resumed(&context, {}, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(LifecycleServiceTest, PreparesASnapshotOfAGuestThatBecomesIdle) {
  StartAgent({.programs = {ShellProgram("sleeper", "sleep 1000")}, .busy = {2, 0}});
  guest::v1::PrepareSnapshotResponse response;
  ASSERT_TRUE(PrepareSnapshot(absl::Seconds(60), response).ok());
  EXPECT_EQ(response.idle_after().nanos(), 250'000'000);
  EXPECT_EQ(flushes_, 1);
}

TEST_F(LifecycleServiceTest, BringsChromiumToBlank) {
  FakeChromium chromium{{"A", "https://a/"}};
  StartAgent({.devtools_port = chromium.port()});
  guest::v1::PrepareSnapshotResponse response;
  ASSERT_TRUE(PrepareSnapshot(absl::Seconds(60), response).ok());
  EXPECT_THAT(chromium.pages(), ElementsAre(ChromiumPage{"NEW1", "about:blank"}));
}

TEST_F(LifecycleServiceTest, SaysThatAGuestIsNotIdleInTime) {
  StartAgent({.busy = {2}});
  guest::v1::PrepareSnapshotResponse response;
  EXPECT_EQ(PrepareSnapshot(absl::Seconds(60), response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(LifecycleServiceTest, PreparesNoSnapshotWhenAProgramIsDown) {
  ProgramConfig missing = ShellProgram("missing", "");
  missing.argv = {"/no/such/program"};
  StartAgent({.programs = {ShellProgram("sleeper", "sleep 1000"), missing}});
  guest::v1::PrepareSnapshotResponse response;
  const grpc::Status status = PrepareSnapshot(absl::Seconds(60), response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("not up: missing ("));
  EXPECT_EQ(flushes_, 0);
}

TEST_F(LifecycleServiceTest, AnswersOtherCallsWhileItPreparesASnapshot) {
  absl::Notification sleeping;
  absl::Notification go_on;
  StartAgent({.on_sleep = [&] {
    if (!sleeping.HasBeenNotified()) sleeping.Notify();
    go_on.WaitForNotification();
  }});
  std::thread first([&] {
    guest::v1::PrepareSnapshotResponse response;
    EXPECT_TRUE(PrepareSnapshot(absl::Seconds(60), response).ok());
  });
  sleeping.WaitForNotification();
  guest::v1::PrepareSnapshotResponse response;
  EXPECT_EQ(PrepareSnapshot(absl::Seconds(60), response).error_code(), grpc::StatusCode::ABORTED);
  EXPECT_TRUE(GetStatus().ready());
  guest::v1::ResumedRequest request;
  request.mutable_now()->set_seconds(absl::ToUnixSeconds(guest_clock_.now));
  guest::v1::ResumedResponse resumed;
  grpc::ClientContext context;
  EXPECT_TRUE(lifecycle_->Resumed(&context, request, &resumed).ok());
  go_on.Notify();
  first.join();
  EXPECT_TRUE(PrepareSnapshot(absl::Seconds(60), response).ok());
}

TEST_F(LifecycleServiceTest, StopsPreparingWhenTheCallerCancels) {
  grpc::ClientContext context;
  StartAgent({.busy = {2}, .on_sleep = [&] { context.TryCancel(); }});
  guest::v1::PrepareSnapshotRequest request;
  request.mutable_idle_timeout()->set_seconds(60);
  guest::v1::PrepareSnapshotResponse response;
  EXPECT_EQ(lifecycle_->PrepareSnapshot(&context, request, &response).error_code(),
            grpc::StatusCode::CANCELLED);
  // The caller hears of it at once; the agent may still be in a sleep.
  StopAgent();
}

}  // namespace
}  // namespace orch::agent
