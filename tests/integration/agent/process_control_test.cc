// Queueing, limits, signals and usage of processes.
#include <signal.h>

#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"

#include "orchestrator/base/files.h"
#include "tests/integration/agent/process_fixture.h"
#include "tests/support/temp_dir.h"

namespace orch::agent {
namespace {

using ::orch::testing::TempDir;
using ::testing::HasSubstr;

using ProcessControlTest = ProcessFixture;

guest::v1::SignalRequest SignalOf(const std::string& id, const std::string& signal) {
  guest::v1::SignalRequest request;
  request.set_process_id(id);
  request.set_signal(signal);
  return request;
}

// Children of this program that have ended and that nobody has waited for.
int CountZombies() {
  int zombies = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string stat = ReadFile(entry.path().string() + "/stat", 4096).value_or("");
    const size_t name_end = stat.rfind(") ");
    if (name_end == std::string::npos) continue;
    const std::string parent = " " + std::to_string(::getpid()) + " ";
    zombies += stat.compare(name_end + 2, 1, "Z") == 0 &&
               stat.compare(name_end + 3, parent.size(), parent) == 0;
  }
  return zombies;
}

TEST_F(ProcessControlTest, QueuesWhatIsMoreThanMayRun) {
  StartAgent({.process = {.max_concurrent = 1}});
  const guest::v1::Process first = SpawnShell("sleep 1000");
  const guest::v1::Process second = SpawnShell("echo second");
  const guest::v1::Process third = SpawnShell("echo third; exit 3");
  EXPECT_EQ(first.status(), guest::v1::PROCESS_STATUS_RUNNING);
  EXPECT_EQ(second.status(), guest::v1::PROCESS_STATUS_QUEUED);
  EXPECT_EQ(second.pid(), 0);
  EXPECT_FALSE(second.has_started_at());
  EXPECT_TRUE(second.has_created_at());
  ASSERT_TRUE(Signal(first.process_id(), "KILL").ok());
  EXPECT_EQ(Wait(third.process_id()).exit_code(), 3);
  EXPECT_EQ(Output(second.process_id()), "second\n");
  EXPECT_TRUE(Get(second.process_id()).has_started_at());
}

TEST_F(ProcessControlTest, ListsByStatus) {
  StartAgent({.process = {.max_concurrent = 1}});
  const std::string running = SpawnShell("sleep 1000").process_id();
  const std::string queued = SpawnShell("true").process_id();
  guest::v1::ListRequest request;
  request.add_statuses(guest::v1::PROCESS_STATUS_QUEUED);
  guest::v1::ListResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(process_->List(&context, request, &response).ok());
  ASSERT_EQ(response.processes_size(), 1);
  EXPECT_EQ(response.processes(0).process_id(), queued);
}

TEST_F(ProcessControlTest, ExecWaitsForItsTurn) {
  StartAgent({.process = {.max_concurrent = 1}});
  const std::string first = SpawnShell("sleep 1000").process_id();
  auto exec = std::async(std::launch::async, [this] {
    guest::v1::ExecResponse response;
    EXPECT_TRUE(Exec(Shell("echo turn"), response).ok());
    return response.stdout();
  });
  // Comes after the Exec or before it: both end.
  ASSERT_TRUE(Signal(first, "KILL").ok());
  EXPECT_EQ(exec.get(), "turn\n");
}

TEST_F(ProcessControlTest, CancellingAQueuedExecFreesItsPlace) {
  StartAgent({.process = {.max_concurrent = 1, .max_queued = 1}});
  const std::string first = SpawnShell("sleep 1000").process_id();
  guest::v1::ExecResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  EXPECT_EQ(process_->Exec(&context, Shell("true"), &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  // The agent hears later than the client that it gave up.
  guest::v1::SpawnRequest request;
  *request.mutable_spec() = ShellSpec("echo second");
  guest::v1::Process second;
  grpc::Status status;
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  do {
    grpc::ClientContext again;
    status = process_->Spawn(&again, request, &second);
  } while (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED && absl::Now() < deadline);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_TRUE(Signal(first, "KILL").ok());
  EXPECT_EQ(Output(second.process_id()), "second\n");
}

TEST_F(ProcessControlTest, AQueuedProcessThatCannotBeStartedFails) {
  StartAgent({.process = {.max_concurrent = 1}});
  const std::string first = SpawnShell("sleep 1000").process_id();
  guest::v1::SpawnRequest request;
  request.mutable_spec()->set_command("/no/such/program");
  const std::string second = Spawn(request).process_id();
  const std::string third = SpawnShell("true").process_id();
  ASSERT_TRUE(Signal(first, "KILL").ok());
  const guest::v1::Process failed = Wait(second);
  EXPECT_EQ(failed.status(), guest::v1::PROCESS_STATUS_FAILED);
  EXPECT_THAT(failed.error(), HasSubstr("/no/such/program"));
  EXPECT_FALSE(failed.has_exit_code());
  EXPECT_EQ(Wait(third).status(), guest::v1::PROCESS_STATUS_EXITED);
}

TEST_F(ProcessControlTest, AQueuedProcessTakesInputAndSignals) {
  StartAgent({.process = {.max_concurrent = 1}});
  const std::string first = SpawnShell("sleep 1000").process_id();
  guest::v1::SpawnRequest request;
  *request.mutable_spec() = ShellSpec("cat");
  request.set_open_stdin(true);
  const std::string second = Spawn(request).process_id();
  const std::string third = SpawnShell("echo never").process_id();
  EXPECT_EQ(Signal(third, "STOP").error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_TRUE(Signal(third, "TERM").ok());
  const guest::v1::Process killed = Wait(third);
  EXPECT_EQ(killed.status(), guest::v1::PROCESS_STATUS_KILLED);
  EXPECT_EQ(killed.signal(), SIGTERM);
  EXPECT_FALSE(killed.has_started_at());
  auto typed = std::async(std::launch::async, [&] {
    grpc::ClientContext context;
    guest::v1::WriteStdinResponse response;
    const auto writer = process_->WriteStdin(&context, &response);
    guest::v1::WriteStdinRequest input;
    input.set_process_id(second);
    input.set_data("typed");
    input.set_eof(true);
    writer->Write(input);
    writer->WritesDone();
    EXPECT_TRUE(writer->Finish().ok());
  });
  ASSERT_TRUE(Signal(first, "KILL").ok());
  EXPECT_EQ(Output(second), "typed");
  typed.get();
}

TEST_F(ProcessControlTest, SetConfigChangesWhatIsGivenAndLetsTheQueueRun) {
  StartAgent({.process = {.max_concurrent = 1}});
  SpawnShell("sleep 1000");
  const std::string queued = SpawnShell("echo ran").process_id();
  guest::v1::ProcessConfig changes;
  changes.set_max_concurrent(2);
  changes.mutable_max_timeout()->set_seconds(5);
  guest::v1::ProcessConfig config;
  ASSERT_TRUE(SetConfig(changes, config).ok());
  EXPECT_EQ(config.max_concurrent(), 2u);
  EXPECT_EQ(config.max_timeout().seconds(), 5);
  EXPECT_EQ(config.max_input_bytes(), 65536u);
  EXPECT_EQ(Output(queued), "ran\n");
  guest::v1::ExecRequest request = Shell("true");
  request.mutable_spec()->mutable_timeout()->set_seconds(6);
  guest::v1::ExecResponse response;
  EXPECT_THAT(Exec(request, response).error_message(), HasSubstr("1ms..5s"));
  grpc::ClientContext context;
  guest::v1::ProcessConfig got;
  ASSERT_TRUE(process_->GetConfig(&context, {}, &got).ok());
  EXPECT_EQ(got.SerializeAsString(), config.SerializeAsString());
}

TEST_F(ProcessControlTest, SetConfigRefusesAllWhenOneIsOutOfRange) {
  guest::v1::ProcessConfig changes;
  changes.set_max_concurrent(7);
  changes.set_max_input_bytes(0);
  guest::v1::ProcessConfig config;
  const grpc::Status refused = SetConfig(changes, config);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(refused.error_message(), HasSubstr("config.max_input_bytes is 0; it must be 1.."));
  ASSERT_TRUE(SetConfig({}, config).ok());
  EXPECT_EQ(config.max_concurrent(), 256u);
}

TEST_F(ProcessControlTest, ExecStopsAtTheDefaultTimeoutAndOutputInForce) {
  StartAgent(
      {.process = {.default_exec_timeout = absl::Milliseconds(100), .default_output_bytes = 3}});
  guest::v1::ExecResponse response;
  ASSERT_TRUE(Exec(Shell("echo output; sleep 1000"), response).ok());
  EXPECT_EQ(response.status(), guest::v1::PROCESS_STATUS_TIMED_OUT);
  EXPECT_EQ(response.stdout(), "out");
}

TEST_F(ProcessControlTest, RunsAShellLineWithItsArguments) {
  guest::v1::ExecRequest request;
  request.mutable_spec()->set_shell(true);
  request.mutable_spec()->set_command("echo $1 | tr a-z A-Z && echo $0 $#");
  request.mutable_spec()->add_args("first");
  request.mutable_spec()->add_args("two words");
  guest::v1::ExecResponse response;
  ASSERT_TRUE(Exec(request, response).ok());
  EXPECT_EQ(response.stdout(), "FIRST\n/bin/sh 2\n");
}

TEST_F(ProcessControlTest, DetachedExecOutlivesItsCall) {
  TempDir directory;
  const std::string go = directory.File("go");
  guest::v1::ExecRequest request =
      Shell("echo started; until [ -e " + go + " ]; do sleep 0.01; done; echo done; exit 5");
  request.set_detach(true);
  grpc::ClientContext context;
  guest::v1::ExecResponse response;
  auto exec =
      std::async(std::launch::async, [&] { return process_->Exec(&context, request, &response); });
  guest::v1::ListResponse list;
  while (list.processes_size() == 0) {
    grpc::ClientContext list_context;
    ASSERT_TRUE(process_->List(&list_context, {}, &list).ok());
  }
  const std::string id = list.processes(0).process_id();
  AwaitOutput(id, "started");
  context.TryCancel();
  EXPECT_EQ(exec.get().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(Get(id).status(), guest::v1::PROCESS_STATUS_RUNNING);
  ASSERT_TRUE(WriteFileAtomically(go, "", 0644).ok());
  EXPECT_EQ(Wait(id).exit_code(), 5);
  EXPECT_EQ(Output(id), "started\ndone\n");
}

TEST_F(ProcessControlTest, DetachedExecAnswersLikeAnother) {
  guest::v1::ExecRequest request = Shell("cat; echo err >&2; exit 4");
  request.set_detach(true);
  request.set_stdin(std::string(300'000, 'x'));
  request.set_max_output_bytes(250'000);
  guest::v1::ExecResponse response;
  ASSERT_TRUE(Exec(request, response).ok());
  EXPECT_EQ(response.exit_code(), 4);
  EXPECT_EQ(response.stdout(), std::string(250'000, 'x'));
  EXPECT_TRUE(response.stdout_truncated());
  EXPECT_EQ(response.stderr(), "err\n");
  EXPECT_GT(response.duration().nanos() + response.duration().seconds(), 0);
  EXPECT_EQ(Get(response.process_id()).exit_code(), 4);
}

TEST_F(ProcessControlTest, SignalKillsAfterTheGracePeriodAndWaits) {
  const std::string id = SpawnShell("trap '' TERM; echo ready; sleep 1000").process_id();
  AwaitOutput(id, "ready");
  guest::v1::SignalRequest request = SignalOf(id, "TERM");
  request.mutable_kill_after()->set_nanos(50'000'000);
  request.mutable_wait()->set_seconds(600);
  guest::v1::Process process;
  ASSERT_TRUE(Signal(request, process).ok());
  EXPECT_EQ(process.status(), guest::v1::PROCESS_STATUS_KILLED);
  EXPECT_EQ(process.signal(), SIGKILL);
}

TEST_F(ProcessControlTest, SignalAnswersWhenItsWaitIsOver) {
  const std::string id = SpawnShell("trap '' TERM; echo ready; sleep 1000").process_id();
  AwaitOutput(id, "ready");
  guest::v1::SignalRequest request = SignalOf(id, "TERM");
  request.mutable_wait()->set_nanos(20'000'000);
  guest::v1::Process process;
  ASSERT_TRUE(Signal(request, process).ok());
  EXPECT_EQ(process.status(), guest::v1::PROCESS_STATUS_RUNNING);
}

TEST_F(ProcessControlTest, SignalReachesWhomItsScopeSays) {
  const std::string id = SpawnShell(
                             "trap 'echo parent' USR1; (trap 'echo child' USR1; echo ready; "
                             "while :; do sleep 0.01; done) & wait; while :; do sleep 0.01; done")
                             .process_id();
  AwaitOutput(id, "ready");
  guest::v1::SignalRequest request = SignalOf(id, "USR1");
  request.set_scope(guest::v1::SIGNAL_SCOPE_PROCESS);
  guest::v1::Process process;
  ASSERT_TRUE(Signal(request, process).ok());
  AwaitOutput(id, "parent\n");
  request.set_scope(guest::v1::SIGNAL_SCOPE_GROUP);
  ASSERT_TRUE(Signal(request, process).ok());
  AwaitOutput(id, "child\n");
  EXPECT_TRUE(Signal(id, "KILL").ok());
  const std::string output = Output(id);
  EXPECT_EQ(output.find("child"), output.rfind("child")) << "once, by the second signal";
}

TEST_F(ProcessControlTest, SignalToTheTreeReachesOtherSessions) {
  ASSERT_NE(cgroups_, nullptr) << "no cgroup2: what left the session cannot be found";
  for (const std::string signal : {"TERM", "KILL"}) {
    const std::string id =
        SpawnShell("setsid sleep 1000 & echo pid $! ready; wait; sleep 1000").process_id();
    AwaitOutput(id, "ready");
    guest::v1::SignalRequest request = SignalOf(id, signal);
    request.set_scope(guest::v1::SIGNAL_SCOPE_TREE);
    guest::v1::Process process;
    ASSERT_TRUE(Signal(request, process).ok());
    int pid = 0;
    ASSERT_TRUE(absl::SimpleAtoi(Output(id).substr(4, Output(id).find(" ready") - 4), &pid));
    AwaitGone(pid);
  }
}

TEST_F(ProcessControlTest, RefusesWhatASignalCannotHave) {
  const std::string id = SpawnShell("sleep 1000").process_id();
  struct Case {
    std::string message;
    std::function<void(guest::v1::SignalRequest&)> change;
  };
  const Case cases[] = {
      {"signal \"NONE\"", [](auto& r) { r.set_signal("NONE"); }},
      {"scope", [](auto& r) { r.set_scope(static_cast<guest::v1::SignalScope>(9)); }},
      {"kill_after is -1s; it must be 0..10m",
       [](auto& r) { r.mutable_kill_after()->set_seconds(-1); }},
      {"wait is 10m1s", [](auto& r) { r.mutable_wait()->set_seconds(601); }},
  };
  for (const Case& c : cases) {
    guest::v1::SignalRequest request = SignalOf(id, "KILL");
    c.change(request);
    guest::v1::Process process;
    const grpc::Status refused = Signal(request, process);
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(refused.error_message(), HasSubstr(c.message));
  }
  EXPECT_EQ(Get(id).status(), guest::v1::PROCESS_STATUS_RUNNING);
}

TEST_F(ProcessControlTest, TellsWhatTheTreeUses) {
  // The child's memory counts, and its time.
  const std::string id = SpawnShell("(while :; do :; done) & echo ready; wait").process_id();
  AwaitOutput(id, "ready");
  guest::v1::Process process;
  do {
    process = Get(id);
  } while (process.usage().cpu_percent() <= 0);
  EXPECT_GT(process.usage().memory_bytes(), 0u);
  EXPECT_EQ(process.usage().processes(), cgroups_ == nullptr ? 1u : 2u);
  guest::v1::ListRequest request;
  guest::v1::ListResponse without;
  grpc::ClientContext context;
  ASSERT_TRUE(process_->List(&context, request, &without).ok());
  EXPECT_FALSE(without.processes(0).has_usage());
  request.set_include_usage(true);
  guest::v1::ListResponse with;
  grpc::ClientContext second_context;
  ASSERT_TRUE(process_->List(&second_context, request, &with).ok());
  EXPECT_GT(with.processes(0).usage().memory_bytes(), 0u);
}

TEST_F(ProcessControlTest, LimitsInputPerMessage) {
  StartAgent({.process = {.max_input_bytes = 4}});
  guest::v1::SpawnRequest spawn;
  *spawn.mutable_spec() = ShellSpec("cat");
  spawn.set_open_stdin(true);
  guest::v1::WriteStdinRequest input;
  input.set_process_id(Spawn(spawn).process_id());
  input.set_data("12345");
  grpc::ClientContext context;
  guest::v1::WriteStdinResponse response;
  const auto writer = process_->WriteStdin(&context, &response);
  writer->Write(input);
  EXPECT_THAT(writer->Finish().error_message(), HasSubstr("at most 4 are allowed"));
}

TEST_F(ProcessControlTest, LeavesNoZombies) {
  constexpr int kThreads = 8;
  constexpr int kProcesses = 1000;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      guest::v1::ExecRequest request;
      request.mutable_spec()->set_command("true");
      for (int j = 0; j < kProcesses / kThreads; ++j) {
        guest::v1::ExecResponse response;
        EXPECT_TRUE(Exec(request, response).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(CountZombies(), 0);
}

}  // namespace
}  // namespace orch::agent
