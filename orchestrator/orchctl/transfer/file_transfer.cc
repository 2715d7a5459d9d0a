#include "orchestrator/orchctl/transfer/file_transfer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/errno_status.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"
#include "orchestrator/orchctl/transfer/local_file_writer.h"
#include "orchestrator/orchctl/transfer/transfer_bar.h"

namespace orch::ctl {
namespace {

constexpr size_t kPieceBytes = 256 * 1024;

}  // namespace

absl::StatusOr<guest::v1::WriteFileResponse> UploadFile(Invocation& invocation,
                                                        const std::string& path,
                                                        guest::v1::WriteFileRequest first) {
  UniqueFd file;
  if (path != "-") file.Reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const int fd = path == "-" ? STDIN_FILENO : file.get();
  struct stat info = {};
  if (fd < 0 || ::fstat(fd, &info) != 0) {
    return ErrnoStatus(errno, absl::StrCat("cannot open ", path));
  }
  TransferBar bar(path, S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0);
  grpc::ClientContext context;
  guest::v1::WriteFileResponse response;
  const auto writer = invocation.connection().files().WriteFile(&context, &response);
  guest::v1::WriteFileRequest request = std::move(first);
  for (bool is_first = true;; is_first = false) {
    std::string& bytes = *request.mutable_data();
    bytes.resize(kPieceBytes);
    const ssize_t n = ::read(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      // Cancels the call: an atomic write then leaves nothing.
      return ErrnoStatus(errno, absl::StrCat("cannot read ", path));
    }
    bytes.resize(static_cast<size_t>(n));
    if (n == 0 && !is_first) break;
    if (!writer->Write(request) || n == 0) break;
    bar.Add(static_cast<uint64_t>(n));
    if (is_first) {
      std::string buffer = std::move(*request.mutable_data());
      request.Clear();
      request.set_data(std::move(buffer));
    }
  }
  writer->WritesDone();
  if (grpc::Status status = writer->Finish(); !status.ok()) return FromGrpcStatus(status);
  return response;
}

absl::StatusOr<uint64_t> DownloadFile(Invocation& invocation,
                                      const guest::v1::ReadFileRequest& request,
                                      const std::string& path) {
  TransferBar bar(request.path());
  grpc::ClientContext context;
  const auto reader = invocation.connection().files().ReadFile(&context, request);
  std::unique_ptr<LocalFileWriter> file;
  guest::v1::ReadFileResponse response;
  uint64_t total = 0;
  while (reader->Read(&response)) {
    // Opened once the guest has the file: a wrong name leaves the local file alone.
    if (file == nullptr) {
      ORCH_ASSIGN_OR_RETURN(file, LocalFileWriter::Open(path));
    }
    if (response.has_info()) bar.SetTotal(response.info().size_bytes());
    bar.Add(response.data().size());
    total += response.data().size();
    ORCH_RETURN_IF_ERROR(file->Write(response.data()));
  }
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(reader->Finish()));
  if (file == nullptr) return absl::DataLossError("the guest sent nothing of the file");
  ORCH_RETURN_IF_ERROR(file->Commit());
  return total;
}

}  // namespace orch::ctl
