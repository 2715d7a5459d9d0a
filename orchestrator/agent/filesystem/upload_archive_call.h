#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/file_system_context.h"
#include "orchestrator/agent/rpc/receiving_call.h"
#include "orchestrator/archive/archive_limits.h"

namespace orch::agent {

// One UploadArchive: the stream's data, unpacked as it comes. Memory: two messages and the
// decompressor.
class UploadArchiveCall final : public ReceivingCall<guest::v1::UploadArchiveRequest> {
 public:
  // Both outlive the call.
  UploadArchiveCall(const FileSystemContext& context, guest::v1::UploadArchiveResponse& response)
      : context_(context), response_(response) {}

 private:
  absl::Status Serve() override;
  absl::StatusOr<ArchiveCounts> Unpack(guest::v1::UploadArchiveRequest first);

  const FileSystemContext& context_;
  guest::v1::UploadArchiveResponse& response_;
};

}  // namespace orch::agent
