#include "orchestrator/orchctl/transfer/transfer_bar.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

#include "orchestrator/orchctl/format/file_tables.h"
#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/write_all.h"

namespace orch::ctl {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(100);
constexpr absl::string_view kEraseLine = "\r\x1b[K";
constexpr uint64_t kWidth = 24;
// So that a line fits into a usual terminal.
constexpr size_t kMaxNameBytes = 30;

}  // namespace

TransferBar::TransferBar(std::string what, uint64_t total_bytes)
    : what_(std::move(what)), total_bytes_(total_bytes) {
  if (::isatty(STDERR_FILENO) == 1) thread_ = std::thread(&TransferBar::Show, this);
}

TransferBar::~TransferBar() {
  if (!thread_.joinable()) return;
  {
    absl::MutexLock lock(&mutex_);
    done_ = true;
  }
  thread_.join();
}

std::string TransferBar::Line(const std::string& what, uint64_t done_bytes, uint64_t total_bytes,
                              absl::Duration elapsed) {
  const double seconds = std::max(0.001, absl::ToDoubleSeconds(elapsed));
  const std::string speed = absl::StrCat(
      ByteSize(static_cast<uint64_t>(static_cast<double>(done_bytes) / seconds)), "/s");
  const std::string name = Printable(what.substr(0, kMaxNameBytes));
  if (total_bytes == 0) return absl::StrCat(ByteSize(done_bytes), "  ", speed, "  ", name);
  const double part =
      std::min(1.0, static_cast<double>(done_bytes) / static_cast<double>(total_bytes));
  const auto filled = static_cast<size_t>(part * kWidth);
  return absl::StrFormat("[%s%s] %3.0f%%  %s  %s  %s", std::string(filled, '#'),
                         std::string(kWidth - filled, '.'), part * 100, ByteSize(done_bytes), speed,
                         name);
}

void TransferBar::Show() {
  const absl::Time start = absl::Now();
  while (true) {
    const std::string line = Line(what_, done_bytes_, total_bytes_, absl::Now() - start);
    WriteAll(STDERR_FILENO, absl::StrCat(kEraseLine, line)).IgnoreError();
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&done_), kInterval)) break;
  }
  WriteAll(STDERR_FILENO, kEraseLine).IgnoreError();
}

}  // namespace orch::ctl
