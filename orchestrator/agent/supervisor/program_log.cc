#include "orchestrator/agent/supervisor/program_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"

namespace orch::agent {
namespace {

constexpr size_t kMaxLineBytes = 200;
// Where the last line is looked for.
constexpr size_t kTailBytes = 16 * 1024;

UniqueFd OpenLog(const std::string& path) {
  return UniqueFd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644));
}

}  // namespace

ProgramLog::ProgramLog(const std::string& directory, std::string name, size_t max_file_bytes)
    : name_(std::move(name)),
      path_(directory.empty() ? "" : absl::StrCat(directory, "/", name_, ".log")),
      max_file_bytes_(max_file_bytes) {
  if (path_.empty()) return;
  file_ = OpenLog(path_);
  struct stat status;
  if (file_.valid() && ::fstat(file_.get(), &status) == 0) {
    file_bytes_ = static_cast<size_t>(status.st_size);
  }
}

void ProgramLog::Append(absl::string_view bytes, absl::Time time) {
  ring_.Append(ChildProcess::kStdout, bytes, time);
  AppendToFile(bytes);
  NotifySubscribers();
}

ProgramLog::SubscriptionId ProgramLog::Subscribe(std::function<void()> on_change) {
  subscribers_.emplace(next_subscription_, std::move(on_change));
  return next_subscription_++;
}

void ProgramLog::NotifySubscribers() {
  // Those that are called may unsubscribe themselves and others.
  std::vector<SubscriptionId> ids;
  for (const auto& [id, on_change] : subscribers_) ids.push_back(id);
  for (const SubscriptionId id : ids) {
    const auto subscriber = subscribers_.find(id);
    if (subscriber == subscribers_.end()) continue;
    const std::function<void()> on_change = subscriber->second;
    on_change();
  }
}

void ProgramLog::AppendToFile(absl::string_view bytes) {
  if (!file_.valid()) return;
  if (file_bytes_ + bytes.size() > max_file_bytes_) {
    if (std::rename(path_.c_str(), absl::StrCat(path_, ".1").c_str()) != 0) {
      file_.Reset();
      return;
    }
    file_ = OpenLog(path_);
    file_bytes_ = 0;
    if (!file_.valid()) return;
  }
  const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
  if (written > 0) file_bytes_ += static_cast<size_t>(written);
  // The disk is full.
  if (written != static_cast<ssize_t>(bytes.size())) file_.Reset();
}

ProgramLog::History ProgramLog::ReadHistory() const {
  History history;
  size_t in_memory = 0;
  for (const OutputRing::Chunk& chunk : ring_.chunks()) in_memory += chunk.bytes.size();
  if (file_.valid()) {
    history.text = ReadFile(path_ + ".1", 2 * max_file_bytes_).value_or("");
    history.text += ReadFile(path_, 2 * max_file_bytes_).value_or("");
  }
  // The files end with what is in memory, which has its times.
  history.text.resize(history.text.size() > in_memory ? history.text.size() - in_memory : 0);
  for (const OutputRing::Chunk& chunk : ring_.chunks()) {
    history.times.emplace_back(history.text.size(), chunk.time);
    history.text += chunk.bytes;
  }
  return history;
}

std::string ProgramLog::LastLine() const {
  std::string tail;
  const auto& chunks = ring_.chunks();
  for (auto chunk = chunks.rbegin(); chunk != chunks.rend() && tail.size() < kTailBytes; ++chunk) {
    tail.insert(0, chunk->bytes);
  }
  const absl::string_view text = absl::StripTrailingAsciiWhitespace(tail);
  const size_t newline = text.rfind('\n');
  const absl::string_view line =
      newline == absl::string_view::npos ? text : text.substr(newline + 1);
  return std::string(line.substr(0, kMaxLineBytes));
}

}  // namespace orch::agent
