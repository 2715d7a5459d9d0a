#include "orchestrator/agent/filesystem/read_file_call.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/filesystem/file_info.h"
#include "orchestrator/agent/filesystem/open_path.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr uint64_t kPieceBytes = 256 * 1024;
constexpr uint64_t kMaxOffset = std::numeric_limits<int64_t>::max();

}  // namespace

absl::Status ReadFileCall::Serve() {
  if (request_.offset() > kMaxOffset) {
    return absl::InvalidArgumentError(
        absl::StrCat("offset is ", request_.offset(), "; at most ", kMaxOffset, " is allowed"));
  }
  ORCH_ASSIGN_OR_RETURN(const GuestPath path, GuestPath::Parse("path", request_.path()));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ScopedIdentity> identity,
                        Become(context_, request_.as_user()));
  ORCH_ASSIGN_OR_RETURN(const UniqueFd name, OpenName(path, request_.no_symlinks()));
  ORCH_ASSIGN_OR_RETURN(const UniqueFd file, OpenRegularFile(name, O_RDONLY, path));
  guest::v1::ReadFileResponse first;
  ORCH_ASSIGN_OR_RETURN(*first.mutable_info(),
                        ReadFileInfo(file.get(), "", path.text(), OwnerNames(context_.etc)));
  const uint64_t size = first.info().size_bytes();
  char probe = 0;
  // Files of /proc have contents and the size 0.
  if (request_.offset() > size &&
      ::pread(file.get(), &probe, 1, static_cast<off_t>(request_.offset())) <= 0) {
    return absl::OutOfRangeError(absl::StrCat("offset is ", request_.offset(), ", but ",
                                              Quoted(path.text()), " has ", size, " bytes"));
  }
  ORCH_RETURN_IF_ERROR(Send(first));
  return SendContents(file.get());
}

absl::Status ReadFileCall::SendContents(int file) {
  ::posix_fadvise(file, static_cast<off_t>(request_.offset()), 0, POSIX_FADV_SEQUENTIAL);
  uint64_t offset = request_.offset();
  uint64_t left =
      std::min(request_.has_length() ? request_.length() : kMaxOffset, kMaxOffset - offset);
  guest::v1::ReadFileResponse response;
  while (left > 0) {
    std::string& bytes = *response.mutable_data();
    bytes.resize(std::min(left, kPieceBytes));
    const ssize_t n = ::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return PathError(errno, "read", request_.path());
    if (n == 0) break;
    bytes.resize(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
    left -= static_cast<uint64_t>(n);
    ORCH_RETURN_IF_ERROR(Send(response));
  }
  return absl::OkStatus();
}

}  // namespace orch::agent
