#include "orchestrator/driver/libvirt/machine_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"

namespace orch {
namespace {

// A stopped process with `argument` on its command line and without children, which would keep the
// output of the test open. Reaped when this goes.
class Sleeper {
 public:
  explicit Sleeper(const std::string& argument) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::execl("/bin/sh", "sh", "-c", "kill -s STOP $$", argument.c_str(), nullptr);
      ::_exit(1);
    }
    ::close(ends[1]);
    char none = 0;
    // Ends when the program runs, whose command line is there then.
    EXPECT_EQ(::read(ends[0], &none, 1), 0);
    ::close(ends[0]);
  }
  ~Sleeper() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }
  bool HasEnded() const {
    siginfo_t info = {};
    EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT), 0);
    return info.si_pid == pid_;
  }

 private:
  pid_t pid_ = -1;
};

TEST(MachineProcessTest, KillsTheProcessOfTheMachine) {
  const VmId id = VmId::Generate();
  const Sleeper machine("guest=" + id.value() + ",debug-threads=on");
  KillMachineProcess(machine.pid(), id);
  EXPECT_TRUE(machine.HasEnded());
}

TEST(MachineProcessTest, SparesAProcessThatGotThePidLater) {
  const Sleeper other("guest=" + VmId::Generate().value() + ",debug-threads=on");
  KillMachineProcess(other.pid(), VmId::Generate());
  EXPECT_FALSE(other.HasEnded());
}

TEST(MachineProcessTest, DoesNothingWithoutAProcess) { KillMachineProcess(0, VmId::Generate()); }

}  // namespace
}  // namespace orch
