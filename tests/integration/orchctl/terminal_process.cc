#include "tests/integration/orchctl/terminal_process.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "gtest/gtest.h"

namespace orch::testing {

TerminalProcess::TerminalProcess(const std::string& target,
                                 const std::vector<std::string>& arguments) {
  winsize size = {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  int master = -1;
  int slave = -1;
  EXPECT_EQ(::openpty(&master, &slave, nullptr, nullptr, &size), 0);
  master_.Reset(master);
  slave_.Reset(slave);
  ::fcntl(master, F_SETFD, FD_CLOEXEC);
  std::vector<std::string> words = {ORCHCTL_PATH};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::string zone = "TZ=UTC";
  std::string variable = "ORCHESTRATOR_TARGET=" + target;
  char* environment[] = {zone.data(), variable.data(), nullptr};
  pid_ = ::fork();
  if (pid_ == 0) {
    // The terminal's Ctrl-C then goes to it. Closes what it does not need.
    ::login_tty(slave);
    ::execve(ORCHCTL_PATH, argv.data(), environment);
    ::_exit(127);
  }
}

TerminalProcess::~TerminalProcess() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::string TerminalProcess::ReadUntil(const std::string& text) {
  std::string shown;
  char piece[4096];
  while (shown.find(text) == std::string::npos) {
    const ssize_t got = ::read(master_.get(), piece, sizeof(piece));
    if (got <= 0) break;
    shown.append(piece, static_cast<size_t>(got));
  }
  return shown;
}

void TerminalProcess::Type(const std::string& keys) {
  EXPECT_EQ(::write(master_.get(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
}

void TerminalProcess::Resize(unsigned short rows, unsigned short columns) {
  winsize size = {.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  EXPECT_EQ(::ioctl(master_.get(), TIOCSWINSZ, &size), 0);
}

bool TerminalProcess::Echoes() const {
  termios settings = {};
  EXPECT_EQ(::tcgetattr(slave_.get(), &settings), 0);
  return (settings.c_lflag & ECHO) != 0;
}

int TerminalProcess::Wait() {
  int status = 0;
  EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
  pid_ = -1;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace orch::testing
