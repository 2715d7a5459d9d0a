#include "orchestrator/agent/filesystem/write_file_call.h"

#include <memory>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/filesystem/file_info.h"
#include "orchestrator/agent/filesystem/file_writer.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr size_t kMaxDataBytes = 1024 * 1024;

}  // namespace

absl::Status WriteFileCall::Serve() {
  guest::v1::WriteFileRequest request;
  absl::Status next = Next(request);
  if (absl::IsOutOfRange(next)) {
    return absl::InvalidArgumentError("path is needed in the first message");
  }
  ORCH_RETURN_IF_ERROR(next);
  ORCH_ASSIGN_OR_RETURN(const GuestPath path, GuestPath::Parse("path", request.path()));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ScopedIdentity> identity,
                        Become(context_, request.as_user()));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<FileWriter> writer, FileWriter::Open(path, request));
  while (next.ok()) {
    if (request.data().size() > kMaxDataBytes) {
      return absl::InvalidArgumentError(absl::StrCat("data is ", request.data().size(),
                                                     " bytes; at most ", kMaxDataBytes,
                                                     " are allowed in a message"));
    }
    ORCH_RETURN_IF_ERROR(writer->Write(request.data()));
    next = Next(request);
  }
  if (!absl::IsOutOfRange(next)) return next;
  ORCH_RETURN_IF_ERROR(writer->Commit());
  ORCH_ASSIGN_OR_RETURN(*response_.mutable_info(),
                        ReadFileInfo(writer->fd(), "", path.text(), OwnerNames(context_.etc)));
  response_.set_written_bytes(writer->written());
  return absl::OkStatus();
}

}  // namespace orch::agent
