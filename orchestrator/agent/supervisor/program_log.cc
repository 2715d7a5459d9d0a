#include "orchestrator/agent/supervisor/program_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace orch::agent {
namespace {

constexpr size_t kMaxLineBytes = 200;

UniqueFd OpenLog(const std::string& path) {
  return UniqueFd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644));
}

}  // namespace

ProgramLog::ProgramLog(const std::string& directory, const std::string& name, size_t max_file_bytes)
    : path_(directory.empty() ? "" : absl::StrCat(directory, "/", name, ".log")),
      max_file_bytes_(max_file_bytes) {
  if (path_.empty()) return;
  file_ = OpenLog(path_);
  struct stat status;
  if (file_.valid() && ::fstat(file_.get(), &status) == 0) {
    file_bytes_ = static_cast<size_t>(status.st_size);
  }
}

void ProgramLog::Append(absl::string_view bytes) {
  tail_.append(bytes.data(), bytes.size());
  // Cut at twice the size, so that a byte costs one move at most.
  if (tail_.size() > 2 * kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
  AppendToFile(bytes);
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
}

absl::string_view ProgramLog::tail() const {
  const absl::string_view all = tail_;
  return all.size() > kTailBytes ? all.substr(all.size() - kTailBytes) : all;
}

std::string ProgramLog::LastLine() const {
  const absl::string_view text = absl::StripTrailingAsciiWhitespace(tail_);
  const size_t newline = text.rfind('\n');
  const absl::string_view line =
      newline == absl::string_view::npos ? text : text.substr(newline + 1);
  return std::string(line.substr(0, kMaxLineBytes));
}

}  // namespace orch::agent
