#pragma once

#include "absl/status/status.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/file_system_context.h"
#include "orchestrator/agent/rpc/sending_call.h"

namespace orch::agent {

// One ReadFile. Memory: two messages.
class ReadFileCall final : public SendingCall<guest::v1::ReadFileResponse> {
 public:
  // Both outlive the call.
  ReadFileCall(const FileSystemContext& context, const guest::v1::ReadFileRequest& request)
      : context_(context), request_(request) {}

 private:
  absl::Status Serve() override;
  // Sends what is left from the request's offset on.
  absl::Status SendContents(int file);

  const FileSystemContext& context_;
  const guest::v1::ReadFileRequest& request_;
};

}  // namespace orch::agent
