#include <signal.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/integration/orchctl/fake_daemon.h"
#include "tests/integration/orchctl/orchctl_process.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class OrchctlProcessTest : public ::testing::Test {
 protected:
  OrchctlProcess::Result Run(const std::vector<std::string>& arguments,
                             const std::string& input = "") {
    return RunOrchctl(daemon_.target(), arguments, input);
  }

  FakeDaemon daemon_;
};

TEST_F(OrchctlProcessTest, ExecPassesTheExitStatusOn) {
  EXPECT_EQ(Run({"process", "exec", "b1", "--", "exit", "0"}).exit_status, 0);
  EXPECT_EQ(Run({"process", "exec", "b1", "--", "exit", "42"}).exit_status, 42);
  EXPECT_EQ(Run({"process", "exec", "b1", "--", "kill", "9"}).exit_status, 137);
  EXPECT_EQ(Run({"process", "exec", "b1", "--", "timeout"}).exit_status, 124);
}

TEST_F(OrchctlProcessTest, ExecSendsWhatWasTyped) {
  const auto result =
      Run({"process", "exec", "b1", "--cwd", "/tmp", "-e", "A=1=2", "-e", "B=", "--root",
           "--timeout", "1500ms", "--", "echo", "--help", "--", "[x]"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  const auto request = daemon_.processes().last_spawn();
  EXPECT_EQ(request.session_id(), "b1");
  EXPECT_EQ(request.spec().command(), "echo");
  EXPECT_THAT(request.spec().args(), ElementsAre("--help", "--", "[x]"));
  EXPECT_EQ(request.spec().cwd(), "/tmp");
  EXPECT_EQ(request.spec().env().at("A"), "1=2");
  EXPECT_EQ(request.spec().env().at("B"), "");
  EXPECT_TRUE(request.spec().as_root());
  EXPECT_EQ(request.spec().timeout().seconds(), 1);
  EXPECT_EQ(request.spec().timeout().nanos(), 500'000'000);
  EXPECT_EQ(request.output_overflow(), guest::v1::OUTPUT_OVERFLOW_BLOCK);
  EXPECT_TRUE(request.open_stdin());
}

TEST_F(OrchctlProcessTest, ExecKeepsTheStreamsApart) {
  const auto result = Run({"process", "exec", "b1", "--", "echo", "out"});
  EXPECT_EQ(result.out, "out");
  EXPECT_EQ(result.err, "err");
}

TEST_F(OrchctlProcessTest, ExecPipesStandardInput) {
  std::string input(5 << 20, '\0');
  for (size_t i = 0; i < input.size(); ++i) input[i] = FakeProcesses::Flood(i);
  const auto result = Run({"process", "exec", "b1", "--", "cat"}, input);
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_TRUE(result.out == input);
}

TEST_F(OrchctlProcessTest, ExecEndsWithTheProcessWhileItsInputIsOpen) {
  OrchctlProcess exec(daemon_.target(), {"process", "exec", "b1", "--", "echo", "line\n"});
  EXPECT_EQ(exec.ReadLine(), "line\n");
  // Its output ends before its input does: Finish would close that first.
  EXPECT_EQ(exec.ReadLine(), "");
  EXPECT_EQ(exec.Finish().exit_status, 0);
}

TEST_F(OrchctlProcessTest, ExecCarriesMuchOutputInLittleMemory) {
  constexpr uint64_t kBytes = 100'000'000;
  constexpr uint64_t kPiece = 1'000'000;
  OrchctlProcess exec(daemon_.target(), {"process", "exec", "b1", "--", "pour", "100000000"});
  uint64_t wrong = 0;
  for (uint64_t done = 0; done < kBytes; done += kPiece) {
    const std::string piece = exec.ReadBytes(kPiece);
    ASSERT_EQ(piece.size(), kPiece);
    for (uint64_t i = 0; i < kPiece; ++i) wrong += piece[i] != FakeProcesses::Flood(done + i);
  }
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(exec.ReadLine(), "ready\n");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(exec.PeakMemoryKib(), 64u << 10);
#endif
  exec.Signal(SIGTERM);
  EXPECT_EQ(exec.Finish().exit_status, 143);
}

TEST_F(OrchctlProcessTest, ExecSendsTheFirstSignalOn) {
  OrchctlProcess exec(daemon_.target(), {"process", "exec", "b1", "--", "trap"});
  EXPECT_EQ(exec.ReadLine(), "ready\n");
  exec.Signal(SIGTERM);
  EXPECT_EQ(exec.Finish().exit_status, 143);
  EXPECT_THAT(daemon_.processes().signals(), ElementsAre("TERM"));
}

TEST_F(OrchctlProcessTest, ExecQuitsAtTheSecondSignal) {
  OrchctlProcess exec(daemon_.target(), {"process", "exec", "b1", "--", "stubborn"});
  EXPECT_EQ(exec.ReadLine(), "ready\n");
  exec.Signal(SIGINT);
  EXPECT_EQ(exec.ReadLine(), "got INT\n");
  exec.Signal(SIGINT);
  EXPECT_EQ(exec.Finish().signal, SIGINT);
  EXPECT_THAT(daemon_.processes().signals(), ElementsAre("INT"));
}

TEST_F(OrchctlProcessTest, ExecSendsPipeWhenItsOutputIsClosed) {
  OrchctlProcess exec(daemon_.target(), {"process", "exec", "b1", "--", "flood", "100000000"});
  exec.CloseOut();
  EXPECT_EQ(exec.Finish().exit_status, 141);
  EXPECT_THAT(daemon_.processes().signals(), ElementsAre("PIPE"));
}

TEST_F(OrchctlProcessTest, ExecExitsWith125WhenItIsNotTheCommandThatFailed) {
  const auto missing = Run({"process", "exec", "b1", "--", "missing"});
  EXPECT_EQ(missing.exit_status, 125);
  EXPECT_EQ(missing.err, "orchctl: process exec: no program \"missing\" in PATH (NOT_FOUND)\n");
  const auto lost = Run({"process", "exec", "b1", "--", "lose"});
  EXPECT_EQ(lost.exit_status, 125);
  EXPECT_THAT(lost.err, HasSubstr("10 bytes of the output of process p1 are missing (DATA_LOSS)"));
  const auto vanished = Run({"process", "exec", "b1", "--", "vanish"});
  EXPECT_EQ(vanished.exit_status, 125);
  EXPECT_EQ(vanished.out, "partial");
  EXPECT_THAT(vanished.err, HasSubstr("may still run: the guest is gone (UNAVAILABLE)"));
}

TEST_F(OrchctlProcessTest, SpawnPrintsAnIdThatTheOthersTake) {
  EXPECT_EQ(Run({"process", "spawn", "b1", "--", "exit", "7"}).out, "p1\n");
  EXPECT_THAT(Run({"process", "ps", "b1"}).out,
              AllOf(HasSubstr("PROCESS ID  PID"), HasSubstr("p1"), HasSubstr("exit 7\n")));
  const auto waited = Run({"process", "wait", "b1", "p1"});
  EXPECT_EQ(waited.exit_status, 7);
  EXPECT_EQ(waited.out, "EXITED 7\n");
  EXPECT_EQ(Run({"process", "wait", "b1", "p9"}).exit_status, 125);
}

TEST_F(OrchctlProcessTest, KillSendsTheSignalNamed) {
  Run({"process", "spawn", "b1", "--", "trap"});
  EXPECT_EQ(Run({"process", "kill", "b1", "p1", "-s", "HUP"}).exit_status, 0);
  EXPECT_EQ(Run({"process", "kill", "b1", "p1"}).exit_status, 0);
  EXPECT_THAT(daemon_.processes().signals(), ElementsAre("HUP", "TERM"));
}

TEST_F(OrchctlProcessTest, LogsPrintsWhatIsKept) {
  Run({"process", "spawn", "b1", "--", "echo", "out"});
  const auto result = Run({"process", "logs", "b1", "p1"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "out");
  EXPECT_EQ(result.err, "err");
  EXPECT_THAT(Run({"process", "logs", "b1", "p1", "-o", "json"}).out,
              HasSubstr("\"data\":\"b3V0\""));
}

TEST_F(OrchctlProcessTest, LogsPrintsTheLatestOfAStream) {
  EXPECT_EQ(Run({"process", "logs", "b1", "p1", "--tail", "2"}).out, "3\n");
  EXPECT_EQ(Run({"process", "logs", "b1", "p1", "--tail", "9", "--stream", "stdout"}).out,
            "1\n3\n");
  EXPECT_EQ(Run({"process", "logs", "b1", "p1", "--stream", "none"}).exit_status, 2);
}

TEST_F(OrchctlProcessTest, KillStopsWithGraceAndWaits) {
  Run({"process", "spawn", "b1", "--", "trap"});
  const auto result =
      Run({"process", "kill", "b1", "p1", "--grace", "5s", "--wait", "1m", "--scope", "tree"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.out, "RUNNING\n");
  const auto request = daemon_.processes().last_signal();
  EXPECT_EQ(request.signal(), "TERM");
  EXPECT_EQ(request.kill_after().seconds(), 5);
  EXPECT_EQ(request.wait().seconds(), 60);
  EXPECT_EQ(request.scope(), guest::v1::SIGNAL_SCOPE_TREE);
}

TEST_F(OrchctlProcessTest, DeletesEachThatIsNamed) {
  EXPECT_EQ(Run({"process", "delete", "b1", "p1", "p2"}).exit_status, 0);
  EXPECT_THAT(daemon_.processes().deleted(), ElementsAre("p1", "p2"));
}

TEST_F(OrchctlProcessTest, ConfigSendsWhatWasTypedAndPrintsAll) {
  const auto result = Run(
      {"process", "config", "b1", "--max-concurrent", "3", "--max-timeout", "90s", "-o", "json"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\"max_concurrent\": 3"));
  EXPECT_THAT(result.out, HasSubstr("\"max_timeout\": \"90s\""));
  EXPECT_THAT(result.out, Not(HasSubstr("max_log_bytes")));
  EXPECT_THAT(Run({"process", "config", "b1"}).out, HasSubstr("max queued              7\n"));
}

TEST_F(OrchctlProcessTest, SpawnSendsLimitsAndAShellLine) {
  EXPECT_EQ(Run({"process", "spawn", "b1", "--shell", "--memory", "64", "--cpus", "0.5", "--",
                 "ls | wc -l"})
                .exit_status,
            0);
  const auto spec = daemon_.processes().last_spawn().spec();
  EXPECT_TRUE(spec.shell());
  EXPECT_EQ(spec.command(), "ls | wc -l");
  EXPECT_EQ(spec.limits().memory_bytes(), 64u << 20);
  EXPECT_EQ(spec.limits().cpu_millis(), 500u);
}

TEST_F(OrchctlProcessTest, StdinReportsHowMuchWasWritten) {
  Run({"process", "spawn", "b1", "--stdin", "--", "cat"});
  const auto result = Run({"process", "stdin", "b1", "p1", "-o", "json"}, "some input");
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\"written_bytes\": 10"));
  EXPECT_EQ(Run({"process", "logs", "b1", "p1"}).out, "some input");
}

}  // namespace
}  // namespace orch::testing
