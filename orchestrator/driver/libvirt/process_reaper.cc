#include "orchestrator/driver/libvirt/process_reaper.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/files.h"

namespace orch {
namespace {

constexpr int kWatchIntervalMs = 20;
constexpr int kIdleIntervalMs = 5000;
constexpr size_t kMaxEnds = 256;
constexpr size_t kMaxChildrenBytes = size_t{1} << 20;

// glibc 2.36 has it, but not for C++ with every header order.
UniqueFd OpenPidfd(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

// Also once it has ended.
bool IsQemu(pid_t pid) {
  const absl::StatusOr<std::string> name = ReadFile(absl::StrCat("/proc/", pid, "/comm"), 64);
  return name.ok() && absl::StartsWith(*name, "qemu-system");
}

std::string Describe(const siginfo_t& info) {
  return info.si_code == CLD_EXITED ? absl::StrCat("exit status ", info.si_status)
                                    : absl::StrCat("killed by signal ", info.si_status);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ProcessReaper>> ProcessReaper::Start() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    return absl::InternalError(
        absl::StrCat("cannot adopt processes: ", absl::ErrnoToStatus(errno, "prctl").message()));
  }
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return absl::ErrnoToStatus(errno, "cannot make an eventfd");
  auto reaper = absl::WrapUnique(new ProcessReaper(std::move(wake)));
  reaper->thread_ = std::thread([self = reaper.get()] { self->Run(); });
  return reaper;
}

ProcessReaper::ProcessReaper(UniqueFd wake) : wake_(std::move(wake)) {}

ProcessReaper::~ProcessReaper() {
  stopping_ = true;
  WakeUp();
  thread_.join();
}

ProcessReaper::Watch::Watch(ProcessReaper& reaper) : reaper_(reaper) {
  ++reaper_.watches_;
  reaper_.WakeUp();
}

ProcessReaper::Watch::~Watch() {
  --reaper_.watches_;
  reaper_.WakeUp();
}

std::string ProcessReaper::TakeEnd(pid_t pid) {
  absl::MutexLock lock(&mutex_);
  // A pid may have been used twice: the last one counts.
  const auto end =
      std::find_if(ends_.rbegin(), ends_.rend(), [pid](const End& e) { return e.pid == pid; });
  if (end == ends_.rend()) return "";
  std::string text = std::move(end->text);
  ends_.erase(std::next(end).base());
  return text;
}

void ProcessReaper::WakeUp() {
  const uint64_t one = 1;
  // It fails only when the thread is awake anyway.
  if (::write(wake_.get(), &one, sizeof(one)) < 0) return;
}

void ProcessReaper::Run() {
  while (!stopping_) {
    FindAdopted();
    std::vector<pollfd> fds = {{.fd = wake_.get(), .events = POLLIN}};
    std::vector<pid_t> pids;
    for (const auto& [pid, pidfd] : adopted_) {
      fds.push_back({.fd = pidfd.get(), .events = POLLIN});
      pids.push_back(pid);
    }
    ::poll(fds.data(), fds.size(), watches_ > 0 ? kWatchIntervalMs : kIdleIntervalMs);
    uint64_t ignored = 0;
    if (fds[0].revents != 0 && ::read(wake_.get(), &ignored, sizeof(ignored)) < 0) continue;
    for (size_t i = 0; i < pids.size(); ++i) {
      if (fds[i + 1].revents != 0) Reap(pids[i], fds[i + 1].fd);
    }
  }
}

void ProcessReaper::FindAdopted() {
  // The kernel gives orphans to the first thread.
  const pid_t self = ::getpid();
  const absl::StatusOr<std::string> children =
      ReadFile(absl::StrCat("/proc/self/task/", self, "/children"), kMaxChildrenBytes);
  if (!children.ok()) return;
  const pid_t own_session = ::getsid(0);
  for (const absl::string_view text : absl::StrSplit(*children, ' ', absl::SkipWhitespace())) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(text, &pid) || adopted_.contains(pid)) continue;
    const pid_t session = ::getsid(pid);
    if (session < 0 || session == own_session) continue;
    if (session == pid && !IsQemu(pid)) continue;
    UniqueFd pidfd = OpenPidfd(pid);
    if (pidfd.valid()) adopted_.emplace(pid, std::move(pidfd));
  }
}

void ProcessReaper::Reap(pid_t pid, int pidfd) {
  siginfo_t info = {};
  const auto id = static_cast<id_t>(pidfd);
  // Looks first: whoever sees that the pid is free can ask how it ended.
  if (::waitid(P_PIDFD, id, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid) {
    absl::MutexLock lock(&mutex_);
    ends_.push_back({.pid = pid, .text = Describe(info)});
    if (ends_.size() > kMaxEnds) ends_.pop_front();
  }
  ::waitid(P_PIDFD, id, &info, WEXITED | WNOHANG);
  adopted_.erase(pid);
}

}  // namespace orch
