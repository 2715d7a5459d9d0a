// Processes of a real guest, through a real daemon, with the minimal image: what needs the guest's
// own kernel.
#include <signal.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/e2e/daemon/daemon_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

class GuestProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto daemon = DaemonProcess::Start(dir_.File("s"));
    ORCH_ASSERT_OK(daemon);
    daemon_ = *std::move(daemon);
    ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon_->Create("minimal", true));
    id_ = browser.session_id();
  }

  guest::v1::ExecRequest Line(const std::string& line) const {
    guest::v1::ExecRequest request;
    request.set_session_id(id_);
    request.mutable_spec()->set_command(line);
    request.mutable_spec()->set_shell(true);
    return request;
  }

  std::string Output(const std::string& line) const {
    guest::v1::ExecRequest request = Line(line);
    request.mutable_spec()->set_as_root(true);
    const auto result = daemon_->Exec(request);
    ORCH_EXPECT_OK(result);
    return result.ok() ? result->stdout() : "failed";
  }

  TempDir dir_;
  std::unique_ptr<DaemonProcess> daemon_;
  std::string id_;
};

TEST_F(GuestProcessTest, EndsWhatUsesMoreMemoryThanItsLimit) {
  // The whole tree, not only the child that is too large.
  guest::v1::ExecRequest request = Line("tail -c 200000000 /dev/zero | cat >/dev/null; sleep 1000");
  request.mutable_spec()->mutable_limits()->set_memory_bytes(16 << 20);
  ORCH_ASSERT_OK_AND_ASSIGN(const auto killed, daemon_->Exec(request));
  EXPECT_EQ(killed.status(), guest::v1::PROCESS_STATUS_KILLED);
  EXPECT_EQ(killed.signal(), SIGKILL);
  EXPECT_TRUE(killed.out_of_memory());
  // What stays within its limit is left alone.
  request = Line("echo fine");
  request.mutable_spec()->mutable_limits()->set_memory_bytes(16 << 20);
  ORCH_ASSERT_OK_AND_ASSIGN(const auto fine, daemon_->Exec(request));
  EXPECT_EQ(fine.stdout(), "fine\n");
  EXPECT_FALSE(fine.out_of_memory());
}

TEST_F(GuestProcessTest, GivesTheKernelTheProcessorLimit) {
  guest::v1::ExecRequest request =
      Line("cat /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/cpu.max");
  request.mutable_spec()->mutable_limits()->set_cpu_millis(250);
  ORCH_ASSERT_OK_AND_ASSIGN(const auto limited, daemon_->Exec(request));
  EXPECT_EQ(limited.stdout(), "25000 100000\n") << limited.stderr();
}

TEST_F(GuestProcessTest, TellsWhatAProcessUses) {
  guest::v1::SpawnRequest spawn;
  spawn.set_session_id(id_);
  spawn.mutable_spec()->set_command("while :; do :; done & wait");
  spawn.mutable_spec()->set_shell(true);
  guest::v1::Process process;
  grpc::ClientContext context;
  SetTestDeadline(context);
  ASSERT_TRUE(daemon_->processes().Spawn(&context, spawn, &process).ok());
  guest::v1::GetRequest get;
  get.set_session_id(id_);
  get.set_process_id(process.process_id());
  do {
    grpc::ClientContext get_context;
    SetTestDeadline(get_context);
    ASSERT_TRUE(daemon_->processes().Get(&get_context, get, &process).ok());
  } while (process.usage().processes() < 2 || process.usage().cpu_percent() < 5);
  EXPECT_EQ(process.usage().processes(), 2u);
  EXPECT_GT(process.usage().memory_bytes(), 100'000u);
}

TEST_F(GuestProcessTest, LeavesNothingOfTenThousandProcesses) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 25;
  // Each Exec starts a hundred, a third of them orphans that PID 1 inherits.
  const std::string hundred =
      "i=0; while [ $i -lt 33 ]; do true & (true &); i=$((i + 1)); done; wait";
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kCalls; ++j) ORCH_EXPECT_OK(daemon_->Exec(Line(hundred)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Orphans may have ended a moment ago.
  EXPECT_EQ(Output("until [ $(grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l) = 0 ];"
                   " do sleep 0.1; done; echo none"),
            "none\n");
  // The one cgroup is that of what counts them.
  EXPECT_EQ(Output("ls /sys/fs/cgroup/orchestrator | grep -c '^[0-9]'"), "1\n");
}

}  // namespace
}  // namespace orch::testing
