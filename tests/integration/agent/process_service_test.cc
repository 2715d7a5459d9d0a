#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "gmock/gmock.h"

#include "orchestrator/base/files.h"
#include "tests/integration/agent/process_fixture.h"
#include "tests/support/temp_dir.h"

namespace orch::agent {
namespace {

using ::orch::testing::TempDir;
using ::testing::HasSubstr;

using ProcessServiceTest = ProcessFixture;

TEST_F(ProcessServiceTest, ExecReturnsOutputAndExitCode) {
  guest::v1::ExecResponse response;
  ASSERT_TRUE(Exec(Shell("echo out; echo err >&2; exit 3"), response).ok());
  EXPECT_EQ(response.status(), guest::v1::PROCESS_STATUS_EXITED);
  EXPECT_EQ(response.exit_code(), 3);
  EXPECT_FALSE(response.has_signal());
  EXPECT_EQ(response.stdout(), "out\n");
  EXPECT_EQ(response.stderr(), "err\n");
  EXPECT_FALSE(response.stdout_truncated());
  EXPECT_GT(response.duration().nanos() + response.duration().seconds(), 0);
}

TEST_F(ProcessServiceTest, ExecReportsTheSignal) {
  guest::v1::ExecResponse response;
  ASSERT_TRUE(Exec(Shell("kill -TERM $$"), response).ok());
  EXPECT_EQ(response.status(), guest::v1::PROCESS_STATUS_KILLED);
  EXPECT_EQ(response.signal(), SIGTERM);
  EXPECT_FALSE(response.has_exit_code());
}

TEST_F(ProcessServiceTest, ExecGivesStdinOfFullSize) {
  guest::v1::ExecRequest request = Shell("wc -c");
  request.set_stdin(std::string(1024 * 1024, 'x'));
  guest::v1::ExecResponse response;
  ASSERT_TRUE(Exec(request, response).ok());
  EXPECT_EQ(response.stdout(), "1048576\n");
}

TEST_F(ProcessServiceTest, ExecOutlivesACommandThatDoesNotReadStdin) {
  guest::v1::ExecRequest request = Shell("true");
  request.set_stdin(std::string(1024 * 1024, 'x'));
  guest::v1::ExecResponse response;
  ASSERT_TRUE(Exec(request, response).ok());
  EXPECT_EQ(response.exit_code(), 0);
}

TEST_F(ProcessServiceTest, ExecKeepsTheBeginningOfLongOutput) {
  guest::v1::ExecRequest request = Shell("echo begin; head -c 3000000 /dev/zero; echo no >&2");
  request.set_max_output_bytes(1000);
  guest::v1::ExecResponse response;
  ASSERT_TRUE(Exec(request, response).ok());
  EXPECT_EQ(response.exit_code(), 0);
  EXPECT_EQ(response.stdout().size(), 1000u);
  EXPECT_EQ(response.stdout().substr(0, 6), "begin\n");
  EXPECT_TRUE(response.stdout_truncated());
  EXPECT_FALSE(response.stderr_truncated());
}

TEST_F(ProcessServiceTest, ExecReturnsTheMostThatIsAllowed) {
  guest::v1::ExecRequest request = Shell("head -c 9000000 /dev/zero | tee /dev/stderr");
  request.set_max_output_bytes(8 * 1024 * 1024);
  guest::v1::ExecResponse response;
  ASSERT_TRUE(Exec(request, response).ok());
  EXPECT_EQ(response.stdout().size(), 8u * 1024 * 1024);
  EXPECT_EQ(response.stderr().size(), 8u * 1024 * 1024);
}

TEST_F(ProcessServiceTest, ExecKillsTheWholeGroupAfterItsTimeout) {
  TempDir directory;
  const std::string pid_file = directory.File("pid");
  // The grandchild leaves the process group and session; with a cgroup it is killed all the same.
  const std::string leave = cgroups_ != nullptr ? "setsid " : "";
  guest::v1::ExecRequest request =
      Shell(absl::StrCat(leave, "sleep 1000 & echo $! > ", pid_file, "; sleep 1000"));
  request.mutable_spec()->mutable_timeout()->set_nanos(300'000'000);
  guest::v1::ExecResponse response;
  ASSERT_TRUE(Exec(request, response).ok());
  EXPECT_EQ(response.status(), guest::v1::PROCESS_STATUS_TIMED_OUT);
  EXPECT_EQ(response.signal(), SIGKILL);
  int pid = 0;
  ASSERT_TRUE(absl::SimpleAtoi(ReadFile(pid_file, 100).value_or(""), &pid));
  AwaitGone(pid);
}

TEST_F(ProcessServiceTest, ExecAnswersDespiteABackgroundProcessThatHoldsItsOutput) {
  guest::v1::ExecResponse response;
  ASSERT_TRUE(Exec(Shell("sleep 1000 & echo $!"), response).ok());
  EXPECT_EQ(response.exit_code(), 0);
  int pid = 0;
  ASSERT_TRUE(absl::SimpleAtoi(response.stdout(), &pid));
  EXPECT_EQ(::kill(pid, SIGKILL), 0) << "it must live on";
  AwaitGone(pid);
}

TEST_F(ProcessServiceTest, ExecKillsTheCommandWhenCancelled) {
  TempDir directory;
  guest::v1::ExecResponse response;
  grpc::ClientContext context;
  const std::string pid_file = directory.File("pid");
  std::thread canceller([&] {
    while (ReadFile(pid_file, 100).value_or("").empty()) std::this_thread::yield();
    context.TryCancel();
  });
  const grpc::Status status = process_->Exec(
      &context, Shell(absl::StrCat("echo $$ > ", pid_file, "; exec sleep 1000")), &response);
  canceller.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  int pid = 0;
  ASSERT_TRUE(absl::SimpleAtoi(ReadFile(pid_file, 100).value_or(""), &pid));
  AwaitGone(pid);
}

TEST_F(ProcessServiceTest, ExecNamesWhatCannotBeExecuted) {
  TempDir directory;
  ASSERT_TRUE(WriteFileAtomically(directory.File("plain"), "x", 0644).ok());
  ASSERT_TRUE(WriteFileAtomically(directory.File("text"), "x", 0755).ok());
  struct Case {
    std::string command;
    std::string cwd;
    grpc::StatusCode code;
    std::string message;
  };
  const Case cases[] = {
      {"no-such-program", "", grpc::StatusCode::NOT_FOUND, "\"no-such-program\""},
      {"/no/such/program", "", grpc::StatusCode::NOT_FOUND, "\"/no/such/program\""},
      {directory.File("plain"), "", grpc::StatusCode::INVALID_ARGUMENT, "permission denied"},
      {directory.File("text"), "", grpc::StatusCode::INVALID_ARGUMENT, "not a program"},
      {"true", "/no/such/directory", grpc::StatusCode::NOT_FOUND, "cwd \"/no/such/directory\""},
      {"true", "/etc/passwd", grpc::StatusCode::INVALID_ARGUMENT, "cwd \"/etc/passwd\""},
  };
  for (const Case& c : cases) {
    guest::v1::ExecRequest request;
    request.mutable_spec()->set_command(c.command);
    request.mutable_spec()->set_cwd(c.cwd);
    guest::v1::ExecResponse response;
    const grpc::Status status = Exec(request, response);
    EXPECT_EQ(status.error_code(), c.code) << c.command << " " << c.cwd;
    EXPECT_THAT(status.error_message(), HasSubstr(c.message));
  }
}

TEST_F(ProcessServiceTest, ExecRefusesTooMuchStdinAndOutput) {
  guest::v1::ExecResponse response;
  guest::v1::ExecRequest request = Shell("true");
  request.set_stdin(std::string(1024 * 1024 + 1, 'x'));
  EXPECT_THAT(Exec(request, response).error_message(), HasSubstr("at most 1048576"));
  request = Shell("true");
  request.set_max_output_bytes(8 * 1024 * 1024 + 1);
  EXPECT_THAT(Exec(request, response).error_message(), HasSubstr("at most 8388608"));
}

TEST_F(ProcessServiceTest, ExecRunsAsTheUserWithACleanSlate) {
  guest::v1::ExecRequest request = Shell(
      "id -u; id -G; pwd; echo $USER; ls /proc/self/fd | wc -l; "
      "grep -E 'SigBlk|SigIgn' /proc/self/status; ps -o sid= -p $$ | tr -d ' '; echo $$");
  request.mutable_spec()->set_as_user("nobody");
  request.mutable_spec()->set_cwd("/tmp");
  guest::v1::ExecResponse response;
  ASSERT_TRUE(Exec(request, response).ok());
  // Descriptors: 0, 1, 2 and the directory that ls reads.
  EXPECT_THAT(response.stdout(), HasSubstr("65534\n65534\n/tmp\nnobody\n4\n"
                                           "SigBlk:\t0000000000000000\n"
                                           "SigIgn:\t0000000000000000\n"))
      << response.stderr();
}

TEST_F(ProcessServiceTest, SpawnGetWaitAndListAgree) {
  const guest::v1::Process process = SpawnShell("exit 7");
  EXPECT_EQ(process.process_id().size(), 36u);
  const guest::v1::Process ended = Wait(process.process_id());
  EXPECT_EQ(ended.status(), guest::v1::PROCESS_STATUS_EXITED);
  EXPECT_EQ(ended.exit_code(), 7);
  EXPECT_EQ(ended.pid(), 0);
  EXPECT_TRUE(ended.has_finished_at());
  grpc::ClientContext context;
  guest::v1::GetRequest get;
  get.set_process_id(process.process_id());
  guest::v1::Process got;
  ASSERT_TRUE(process_->Get(&context, get, &got).ok());
  EXPECT_EQ(got.SerializeAsString(), ended.SerializeAsString());
}

TEST_F(ProcessServiceTest, ListPagesThroughTheProcesses) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(SpawnShell("true").process_id());
  std::vector<std::string> listed;
  guest::v1::ListRequest request;
  request.set_page_size(2);
  int pages = 0;
  do {
    grpc::ClientContext context;
    guest::v1::ListResponse response;
    ASSERT_TRUE(process_->List(&context, request, &response).ok());
    for (const auto& process : response.processes()) listed.push_back(process.process_id());
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, ids);
  EXPECT_EQ(pages, 3);
}

TEST_F(ProcessServiceTest, ListCutsPagesToWhatClientsReceive) {
  constexpr size_t kMaxPageBytes = 3 * 1024 * 1024;
  std::vector<std::string> ids;
  guest::v1::SpawnRequest spawn;
  *spawn.mutable_spec() = ShellSpec("true");
  spawn.mutable_spec()->add_args(std::string(100'000, 'a'));
  for (int i = 0; i < 40; ++i) ids.push_back(Spawn(spawn).process_id());
  std::vector<std::string> listed;
  guest::v1::ListRequest request;
  request.set_page_size(1000);
  do {
    grpc::ClientContext context;
    guest::v1::ListResponse response;
    ASSERT_TRUE(process_->List(&context, request, &response).ok());
    EXPECT_LE(response.ByteSizeLong(), kMaxPageBytes);
    for (const auto& process : response.processes()) listed.push_back(process.process_id());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, ids);
}

TEST_F(ProcessServiceTest, DoesNotKeepFieldsItDoesNotKnow) {
  guest::v1::SpawnRequest spawn;
  *spawn.mutable_spec() = ShellSpec("true");
  spawn.mutable_spec()
      ->GetReflection()
      ->MutableUnknownFields(spawn.mutable_spec())
      ->AddLengthDelimited(1000, std::string(1024 * 1024, 'a'));
  EXPECT_LT(Spawn(spawn).ByteSizeLong(), 1024u);
}

TEST_F(ProcessServiceTest, SignalEndsTheGroupAndThenFails) {
  const guest::v1::Process process = SpawnShell("sleep 1000 & wait");
  EXPECT_TRUE(Signal(process.process_id(), "SIGTERM").ok());
  const guest::v1::Process ended = Wait(process.process_id());
  EXPECT_EQ(ended.status(), guest::v1::PROCESS_STATUS_KILLED);
  EXPECT_EQ(ended.signal(), SIGTERM);
  EXPECT_EQ(Signal(process.process_id(), "TERM").error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(Signal("unknown", "TERM").error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ProcessServiceTest, WaitLeavesTheProcessRunningAtItsDeadline) {
  const guest::v1::Process process = SpawnShell("sleep 1000");
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  guest::v1::WaitRequest request;
  request.set_process_id(process.process_id());
  guest::v1::Process ended;
  EXPECT_EQ(process_->Wait(&context, request, &ended).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(Signal(process.process_id(), "9").ok());
}

TEST_F(ProcessServiceTest, RefusesMoreProcessesThanAllowed) {
  StartAgent({.process = {.max_concurrent = 2, .max_queued = 0}});
  const guest::v1::Process first = SpawnShell("sleep 1000");
  SpawnShell("sleep 1000");
  guest::v1::ExecResponse response;
  EXPECT_EQ(Exec(Shell("true"), response).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  ASSERT_TRUE(Signal(first.process_id(), "KILL").ok());
  Wait(first.process_id());
  EXPECT_TRUE(Exec(Shell("true"), response).ok());
}

TEST_F(ProcessServiceTest, ForgetsTheOldestEndedRecords) {
  StartAgent({.process = {.max_ended_records = 1}});
  const std::string first = SpawnShell("true").process_id();
  Wait(first);
  const std::string second = SpawnShell("true").process_id();
  Wait(second);
  grpc::ClientContext context;
  guest::v1::GetRequest request;
  request.set_process_id(first);
  guest::v1::Process process;
  EXPECT_EQ(process_->Get(&context, request, &process).error_code(), grpc::StatusCode::NOT_FOUND);
  Wait(second);
}

TEST_F(ProcessServiceTest, ReapsOrphans) {
  guest::v1::ExecResponse response;
  // A grandchild whose parent ends first becomes our child, and ends later.
  ASSERT_TRUE(Exec(Shell("(sleep 0.05 >/dev/null 2>&1 & echo $!) | cat"), response).ok());
  int pid = 0;
  ASSERT_TRUE(absl::SimpleAtoi(response.stdout(), &pid));
  AwaitGone(pid);
}

TEST_F(ProcessServiceTest, ServesManyCallsAtOnce) {
  constexpr int kCalls = 64;
  std::vector<std::thread> threads;
  std::atomic<int> succeeded = 0;
  for (int i = 0; i < kCalls; ++i) {
    threads.emplace_back([&, i] {
      guest::v1::ExecResponse response;
      if (Exec(Shell(absl::StrCat("echo ", i)), response).ok() &&
          response.stdout() == absl::StrCat(i, "\n")) {
        ++succeeded;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(succeeded, kCalls);
}

}  // namespace
}  // namespace orch::agent
