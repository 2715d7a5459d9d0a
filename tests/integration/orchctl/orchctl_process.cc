#include "tests/integration/orchctl/orchctl_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "gtest/gtest.h"

namespace orch::testing {
namespace {

struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read.Reset(ends[0]);
    write.Reset(ends[1]);
  }
  UniqueFd read;
  UniqueFd write;
};

std::string ReadAll(int fd) {
  std::string all;
  std::string piece(1 << 16, '\0');
  for (ssize_t got = 0; fd >= 0 && (got = ::read(fd, piece.data(), piece.size())) > 0;) {
    all.append(piece, 0, static_cast<size_t>(got));
  }
  return all;
}

std::string ReadLineOf(int fd) {
  std::string line;
  char c = 0;
  while (::read(fd, &c, 1) == 1) {
    line.push_back(c);
    if (c == '\n') break;
  }
  return line;
}

void WriteWhole(int fd, const std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t written = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (written < 0) return;
    done += static_cast<size_t>(written);
  }
}

}  // namespace

OrchctlProcess::OrchctlProcess(const std::string& target,
                               const std::vector<std::string>& arguments) {
  // A child that ends early must not end the test.
  ::signal(SIGPIPE, SIG_IGN);
  Pipe in;
  Pipe out;
  Pipe err;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.read.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err.write.get(), STDERR_FILENO);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> words = {ORCHCTL_PATH};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::string path = "PATH=/usr/bin:/bin";
  std::string zone = "TZ=UTC";
  std::string variable = "ORCHESTRATOR_TARGET=" + target;
  char* environment[] = {path.data(), zone.data(), variable.data(), nullptr};
  EXPECT_EQ(::posix_spawn(&pid_, ORCHCTL_PATH, &actions, &attributes, argv.data(), environment), 0);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  in_ = std::move(in.write);
  out_ = std::move(out.read);
  err_ = std::move(err.read);
}

OrchctlProcess::~OrchctlProcess() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void OrchctlProcess::Signal(int signal) const { ASSERT_EQ(::kill(pid_, signal), 0); }

std::string OrchctlProcess::ReadLine() { return ReadLineOf(out_.get()); }

std::string OrchctlProcess::ReadErrorLine() { return ReadLineOf(err_.get()); }

std::string OrchctlProcess::ReadBytes(size_t size) {
  std::string bytes(size, '\0');
  size_t done = 0;
  for (ssize_t got = 0;
       done < size && (got = ::read(out_.get(), bytes.data() + done, size - done)) > 0;) {
    done += static_cast<size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

size_t OrchctlProcess::PeakMemoryKib() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  size_t kib = 0;
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) kib = std::stoul(line.substr(6));
  }
  EXPECT_GT(kib, 0u);
  return kib;
}

OrchctlProcess::Result OrchctlProcess::Finish(const std::string& input) {
  std::thread writer([&] {
    WriteWhole(in_.get(), input);
    in_.Reset();
  });
  Result result;
  std::thread err_reader([&] { result.err = ReadAll(err_.get()); });
  result.out = ReadAll(out_.get());
  err_reader.join();
  writer.join();
  int status = 0;
  EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
  pid_ = -1;
  if (WIFEXITED(status)) result.exit_status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}

OrchctlProcess::Result RunOrchctl(const std::string& target,
                                  const std::vector<std::string>& arguments,
                                  const std::string& input) {
  return OrchctlProcess(target, arguments).Finish(input);
}

}  // namespace orch::testing
