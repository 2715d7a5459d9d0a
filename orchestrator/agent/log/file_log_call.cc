#include "orchestrator/agent/log/file_log_call.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"

#include "orchestrator/agent/filesystem/open_path.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr size_t kPieceBytes = 32 * 1024;
constexpr absl::Duration kInterval = absl::Milliseconds(100);

}  // namespace

absl::Status FileLogCall::Serve() {
  ORCH_ASSIGN_OR_RETURN(const GuestPath path, GuestPath::Parse("path", request_.path()));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ScopedIdentity> identity,
                        Become(context_, request_.as_user()));
  ORCH_ASSIGN_OR_RETURN(file_, Open(path));
  ORCH_ASSIGN_OR_RETURN(offset_, FindStart());
  // Tells that the log is being read.
  ORCH_RETURN_IF_ERROR(Send(response_));
  while (true) {
    ORCH_RETURN_IF_ERROR(SendRest(path));
    if (request_.no_follow()) break;
    absl::SleepFor(kInterval);
    ORCH_RETURN_IF_ERROR(CheckCancelled());
    FollowReplacement(path);
  }
  response_.Clear();
  splitter_.Flush(response_);
  return SendLines();
}

absl::StatusOr<UniqueFd> FileLogCall::Open(const GuestPath& path) const {
  ORCH_ASSIGN_OR_RETURN(const UniqueFd name, OpenName(path, false));
  return OpenRegularFile(name, O_RDONLY, path);
}

absl::StatusOr<off_t> FileLogCall::FindStart() const {
  if (!request_.has_tail()) return 0;
  struct stat status;
  if (::fstat(file_.get(), &status) != 0) return PathError(errno, "stat", request_.path());
  const off_t end = status.st_size;
  if (request_.tail() == 0) return end;
  // Backwards, a piece at a time; the feed at the very end begins no line.
  uint32_t lines = request_.tail();
  std::string piece;
  for (off_t start = end; start > 0;) {
    const off_t size = std::min<off_t>(start, kPieceBytes);
    start -= size;
    piece.resize(static_cast<size_t>(size));
    const ssize_t n = ::pread(file_.get(), piece.data(), piece.size(), start);
    if (n < 0) return PathError(errno, "read", request_.path());
    for (ssize_t i = n; i > 0; --i) {
      if (piece[static_cast<size_t>(i - 1)] == '\n' && start + i != end && --lines == 0) {
        return start + i;
      }
    }
    ORCH_RETURN_IF_ERROR(CheckCancelled());
  }
  return 0;
}

absl::Status FileLogCall::SendRest(const GuestPath& path) {
  std::string piece(kPieceBytes, '\0');
  while (true) {
    const ssize_t n = ::pread(file_.get(), piece.data(), piece.size(), offset_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return PathError(errno, "read", path.text());
    if (n == 0) return absl::OkStatus();
    offset_ += n;
    response_.Clear();
    splitter_.Add(absl::string_view(piece.data(), static_cast<size_t>(n)), std::nullopt, response_);
    ORCH_RETURN_IF_ERROR(SendLines());
  }
}

void FileLogCall::FollowReplacement(const GuestPath& path) {
  struct stat current;
  struct stat named;
  if (::fstat(file_.get(), &current) != 0) return;
  if (current.st_size < offset_) {
    offset_ = 0;
  } else if (::stat(path.c_str(), &named) == 0 &&
             (named.st_ino != current.st_ino || named.st_dev != current.st_dev)) {
    absl::StatusOr<UniqueFd> replacement = Open(path);
    // What is written to the old one meanwhile is read before.
    if (!replacement.ok() || current.st_size > offset_) return;
    file_ = *std::move(replacement);
    offset_ = 0;
  } else {
    return;
  }
  response_.Clear();
  splitter_.Flush(response_);
  // A client that has gone is noticed when the next lines are sent.
  SendLines().IgnoreError();
}

absl::Status FileLogCall::SendLines() {
  return response_.lines_size() > 0 ? Send(response_) : absl::OkStatus();
}

}  // namespace orch::agent
