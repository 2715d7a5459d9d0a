// A real daemon, real QEMU and the real agent, with the minimal image.
#include <signal.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/subprocess.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class MinimalBrowserTest : public ::testing::Test {
 protected:
  std::string StateDir() const { return dir_.File("s"); }

  // The QEMU processes of this test's machines.
  std::vector<pid_t> QemuProcesses() const {
    std::vector<pid_t> pids;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const absl::StatusOr<std::string> command = ReadFile(entry.path() / "cmdline", 1 << 20);
      pid_t pid = 0;
      if (command.ok() && absl::StrContains(*command, "qemu-system") &&
          absl::StrContains(*command, StateDir() + "/vms/") &&
          absl::SimpleAtoi(entry.path().filename().string(), &pid)) {
        pids.push_back(pid);
      }
    }
    return pids;
  }

  size_t OpenFiles(const DaemonProcess& daemon) const {
    size_t count = 0;
    for ([[maybe_unused]] const auto& fd :
         std::filesystem::directory_iterator(absl::StrCat("/proc/", daemon.pid(), "/fd"))) {
      ++count;
    }
    return count;
  }

  TempDir dir_;
};

TEST_F(MinimalBrowserTest, RunsACommandAndPassesItsResultOn) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(StateDir()));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Create("minimal", true));
  EXPECT_EQ(browser.state(), orchestrator::v1::BROWSER_STATE_READY);
  ORCH_ASSERT_OK_AND_ASSIGN(
      const auto result,
      daemon->Exec(browser.session_id(), {"sh", "-c", "id -un; echo oops >&2; exit 7"}));
  EXPECT_EQ(result.stdout(), "chromium\n");
  EXPECT_EQ(result.stderr(), "oops\n");
  EXPECT_EQ(result.exit_code(), 7);
}

TEST_F(MinimalBrowserTest, LeavesNothingBehindAfterTwentyRounds) {
  // Spare shells are there on purpose.
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(StateDir(), {"--spare-shells", "0"}));
  size_t files_after_first_round = 0;
  std::vector<std::string> ids;
  for (int round = 0; round < 20; ++round) {
    ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Create("minimal", true));
    ids.push_back(browser.session_id());
    ORCH_ASSERT_OK(daemon->Exec(browser.session_id(), {"true"}));
    ORCH_ASSERT_OK(daemon->Delete(browser.session_id()));
    if (round == 0) files_after_first_round = OpenFiles(*daemon);
  }
  EXPECT_THAT(QemuProcesses(), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(StateDir() + "/vms"));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(StateDir())) {
    for (const std::string& id : ids) {
      EXPECT_FALSE(absl::StrContains(entry.path().string(), id)) << entry.path();
    }
  }
  EXPECT_LE(OpenFiles(*daemon), files_after_first_round + 2);
}

TEST_F(MinimalBrowserTest, IsAdoptedByTheNextDaemonAfterKillNine) {
  std::string id;
  {
    ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(StateDir()));
    ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Create("minimal", true));
    id = browser.session_id();
    ORCH_ASSERT_OK(daemon->Exec(id, {"sh", "-c", "echo kept > /tmp/mark"}));
    daemon->Kill();
  }
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(StateDir()));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Get(id));
  EXPECT_EQ(browser.state(), orchestrator::v1::BROWSER_STATE_READY);
  ORCH_ASSERT_OK_AND_ASSIGN(const auto result, daemon->Exec(id, {"cat", "/tmp/mark"}));
  EXPECT_EQ(result.stdout(), "kept\n");
}

TEST_F(MinimalBrowserTest, IsUndoneWhenTheDaemonDiesDuringItsBoot) {
  std::string id;
  {
    ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(StateDir()));
    grpc::ClientContext context;
    SetTestDeadline(context);
    orchestrator::v1::CreateBrowserRequest request;
    request.mutable_spec()->set_image("minimal");
    request.set_wait(false);
    orchestrator::v1::Browser browser;
    ASSERT_TRUE(daemon->browsers().CreateBrowser(&context, request, &browser).ok());
    id = browser.session_id();
    daemon->Kill();
  }
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(StateDir()));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Get(id));
  EXPECT_EQ(browser.state(), orchestrator::v1::BROWSER_STATE_FAILED);
  EXPECT_THAT(QemuProcesses(), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(StateDir() + "/vms"));
}

TEST_F(MinimalBrowserTest, FailsWithTheReasonWhenItsGuestIsKilledDuringACall) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(StateDir(), {"--spare-shells", "0"}));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Create("minimal", true));
  const std::string id = browser.session_id();
  grpc::ClientContext spawn_context;
  SetTestDeadline(spawn_context);
  guest::v1::SpawnRequest spawn;
  spawn.set_session_id(id);
  spawn.mutable_spec()->set_command("sh");
  for (const char* argument : {"-c", "echo started; sleep 60"}) {
    spawn.mutable_spec()->add_args(argument);
  }
  guest::v1::Process process;
  ASSERT_TRUE(daemon->processes().Spawn(&spawn_context, spawn, &process).ok());
  grpc::ClientContext call_context;
  SetTestDeadline(call_context);
  guest::v1::StreamOutputRequest request;
  request.set_session_id(id);
  request.set_process_id(process.process_id());
  auto call = daemon->processes().StreamOutput(&call_context, request);
  guest::v1::StreamOutputResponse output;
  ASSERT_TRUE(call->Read(&output));
  ASSERT_THAT(QemuProcesses(), SizeIs(1));
  ::kill(QemuProcesses().front(), SIGKILL);
  EXPECT_FALSE(call->Read(&output));
  const grpc::Status ended = call->Finish();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(ended.error_message(), HasSubstr(id));
  // The watch shows FAILED at once or soon.
  grpc::ClientContext context;
  SetTestDeadline(context);
  auto watch = daemon->browsers().WatchBrowsers(&context, {});
  orchestrator::v1::WatchBrowsersResponse change;
  while (true) {
    ORCH_ASSERT_OK_AND_ASSIGN(const auto now, daemon->Get(id));
    if (now.state() == orchestrator::v1::BROWSER_STATE_FAILED) break;
    ASSERT_TRUE(watch->Read(&change));
  }
  context.TryCancel();
  ORCH_ASSERT_OK_AND_ASSIGN(const auto failed, daemon->Get(id));
  EXPECT_THAT(failed.failure_reason(), HasSubstr("virtual machine ended"));
  EXPECT_THAT(daemon->Exec(id, {"true"}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("FAILED")));
}

TEST_F(MinimalBrowserTest, NamesWhatIsWrongWithARequest) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(StateDir()));
  EXPECT_THAT(daemon->Create("no-such-image", true),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("no-such-image"), HasSubstr("build-image"))));
  EXPECT_THAT(daemon->Get("malformed"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("session_id")));
  EXPECT_THAT(daemon->Get(std::string(24, 'x')), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(daemon->Exec(std::string(24, 'x'), {"true"}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(daemon->Exec("malformed", {"true"}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(MinimalBrowserTest, StreamsHalfAGigabyteInBoundedMemory) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(StateDir()));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Create("minimal", true));
  grpc::ClientContext spawn_context;
  SetTestDeadline(spawn_context);
  guest::v1::SpawnRequest spawn;
  spawn.set_session_id(browser.session_id());
  spawn.mutable_spec()->set_command("dd");
  for (const char* arg : {"if=/dev/zero", "bs=65536", "count=8000"}) {
    spawn.mutable_spec()->add_args(arg);
  }
  spawn.set_output_overflow(guest::v1::OUTPUT_OVERFLOW_BLOCK);
  guest::v1::Process process;
  ASSERT_TRUE(daemon->processes().Spawn(&spawn_context, spawn, &process).ok());

  grpc::ClientContext context;
  SetTestDeadline(context);
  guest::v1::StreamOutputRequest request;
  request.set_session_id(browser.session_id());
  request.set_process_id(process.process_id());
  auto stream = daemon->processes().StreamOutput(&context, request);
  guest::v1::StreamOutputResponse response;
  uint64_t received = 0;
  uint64_t missed = 0;
  bool exited = false;
  while (stream->Read(&response)) {
    if (response.has_output() && response.output().stream() == guest::v1::OUTPUT_STREAM_STDOUT) {
      received += response.output().data().size();
    }
    missed += response.missed_bytes();
    exited |= response.has_exited();
  }
  const grpc::Status status = stream->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(received, uint64_t{8000} * 65536);
  EXPECT_EQ(missed, 0u);
  EXPECT_TRUE(exited);
  EXPECT_LT(daemon->PeakMemoryKib(), 100 * 1024);
}

}  // namespace
}  // namespace orch::testing
