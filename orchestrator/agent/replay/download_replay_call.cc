#include "orchestrator/agent/replay/download_replay_call.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {
namespace {

constexpr size_t kPieceBytes = 256 * 1024;

struct File {
  guest::v1::Replay replay;
  UniqueFd fd;
};

// On the loop, where nobody deletes the file meanwhile.
absl::StatusOr<File> OpenReplay(const ReplayTable& table, const std::string& replay_id) {
  ORCH_ASSIGN_OR_RETURN(const std::shared_ptr<Recording> recording, table.Find(replay_id));
  if (recording->state() == guest::v1::REPLAY_STATE_FAILED) {
    return absl::FailedPreconditionError(
        absl::StrCat("replay ", Quoted(replay_id), " has failed: ", recording->error()));
  }
  if (!recording->ended()) {
    return absl::FailedPreconditionError(
        absl::StrCat("replay ", Quoted(replay_id), " is not complete yet; stop it first"));
  }
  File file{recording->ToProto(),
            UniqueFd(::open(recording->path().c_str(), O_RDONLY | O_CLOEXEC))};
  if (!file.fd.valid()) {
    return absl::InternalError(
        absl::ErrnoToStatus(errno, absl::StrCat("cannot open replay ", replay_id)).message());
  }
  return file;
}

}  // namespace

absl::Status DownloadReplayCall::Serve() {
  absl::StatusOr<File> file = absl::UnknownError("");
  loop_.RunAndWait([&] { file = OpenReplay(table_, request_.replay_id()); });
  ORCH_RETURN_IF_ERROR(file.status());
  const uint64_t size = file->replay.size_bytes();
  if (request_.offset() > size) {
    return absl::OutOfRangeError(
        absl::StrCat("offset is ", request_.offset(), ", but the replay has ", size, " bytes"));
  }
  guest::v1::DownloadReplayResponse response;
  *response.mutable_replay() = file->replay;
  ORCH_RETURN_IF_ERROR(Send(response));
  return SendFile(file->fd.get(), size);
}

absl::Status DownloadReplayCall::SendFile(int file, uint64_t size) {
  guest::v1::DownloadReplayResponse response;
  for (uint64_t offset = request_.offset(); offset < size;) {
    std::string& bytes = *response.mutable_data();
    bytes.resize(kPieceBytes);
    const ssize_t n = ::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::InternalError(absl::ErrnoToStatus(errno, "cannot read").message());
    if (n == 0) break;
    bytes.resize(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
    ORCH_RETURN_IF_ERROR(Send(response));
  }
  return absl::OkStatus();
}

}  // namespace orch::agent
