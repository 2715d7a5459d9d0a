#pragma once

#include "absl/status/status.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/file_system_context.h"
#include "orchestrator/agent/rpc/sending_call.h"

namespace orch::agent {

// One DownloadArchive: a directory, packed as it is sent. Memory: two messages, the compressor, and
// what ArchiveWriter and PackDirectory need.
class DownloadArchiveCall final : public SendingCall<guest::v1::DownloadArchiveResponse> {
 public:
  // Both outlive the call.
  DownloadArchiveCall(const FileSystemContext& context,
                      const guest::v1::DownloadArchiveRequest& request)
      : context_(context), request_(request) {}

 private:
  absl::Status Serve() override;

  const FileSystemContext& context_;
  const guest::v1::DownloadArchiveRequest& request_;
};

}  // namespace orch::agent
