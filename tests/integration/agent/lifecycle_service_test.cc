#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"

#include "orchestrator/base/files.h"
#include "tests/integration/agent/agent_fixture.h"
#include "tests/support/temp_dir.h"

namespace orch::agent {
namespace {

using ::orch::testing::TempDir;
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
  if (cgroups_ == nullptr) GTEST_SKIP() << "no cgroup2: what left the session cannot be found";
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

}  // namespace
}  // namespace orch::agent
