#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "gtest/gtest.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/driver/memory/page_run.h"

namespace orch::testing {

// Stands for a machine's process: a child that maps a file privately, does with it what the test
// says, and waits to be killed.
class MemoryProcess {
 public:
  // `change` gets the mapping's address. It runs in the child of a program with threads, so it must
  // not allocate.
  MemoryProcess(const std::string& file, size_t bytes, const std::function<void(char*)>& change,
                int sharing = MAP_PRIVATE) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe(ends), 0);
    const UniqueFd in(ends[0]);
    UniqueFd out(ends[1]);
    const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    EXPECT_TRUE(fd.valid());
    // Mapped here too, so that parent and child know the address. The child's pages are its own.
    char* memory = static_cast<char*>(
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, sharing, fd.get(), /*offset=*/0));
    EXPECT_NE(memory, MAP_FAILED);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      change(memory);
      if (::write(out.get(), "x", 1) != 1) ::_exit(1);
      while (true) ::pause();
    }
    address_ = memory;
    ::munmap(memory, bytes);
    out.Reset();
    char ready = 0;
    EXPECT_EQ(::read(in.get(), &ready, 1), 1);
  }
  ~MemoryProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  MemoryProcess(const MemoryProcess&) = delete;
  MemoryProcess& operator=(const MemoryProcess&) = delete;

  pid_t pid() const { return pid_; }
  char* address() const { return address_; }

 private:
  pid_t pid_ = -1;
  char* address_ = nullptr;
};

// A file of `pages` pages, page N full of the byte N + 1.
inline void WriteMemoryFile(const std::string& path, size_t pages) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  for (size_t page = 0; page < pages; ++page) {
    const std::string bytes(kPageBytes, static_cast<char>(page + 1));
    ASSERT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
}

}  // namespace orch::testing
