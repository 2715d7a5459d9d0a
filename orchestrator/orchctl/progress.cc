#include "orchestrator/orchctl/progress.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"

#include "orchestrator/orchctl/write_all.h"

namespace orch::ctl {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(100);
constexpr absl::string_view kSpinner = "|/-\\";
constexpr absl::string_view kEraseLine = "\r\x1b[K";

}  // namespace

Progress::Progress(std::string what) : what_(std::move(what)) {
  if (::isatty(STDERR_FILENO) == 1) thread_ = std::thread(&Progress::Show, this);
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    absl::MutexLock lock(&mutex_);
    done_ = true;
  }
  thread_.join();
}

void Progress::Set(std::string what) {
  absl::MutexLock lock(&mutex_);
  what_ = std::move(what);
}

std::string Progress::what() const {
  absl::MutexLock lock(&mutex_);
  return what_;
}

void Progress::Show() {
  const absl::Time start = absl::Now();
  for (size_t turn = 0;; ++turn) {
    const std::string line =
        absl::StrFormat("%s%c %s, %.1f s", kEraseLine, kSpinner[turn % kSpinner.size()], what(),
                        absl::ToDoubleSeconds(absl::Now() - start));
    WriteAll(STDERR_FILENO, line).IgnoreError();
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&done_), kInterval)) break;
  }
  WriteAll(STDERR_FILENO, kEraseLine).IgnoreError();
}

}  // namespace orch::ctl
