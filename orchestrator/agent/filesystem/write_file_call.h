#pragma once

#include "absl/status/status.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/file_system_context.h"
#include "orchestrator/agent/rpc/receiving_call.h"

namespace orch::agent {

// One WriteFile. Memory: two messages.
class WriteFileCall final : public ReceivingCall<guest::v1::WriteFileRequest> {
 public:
  // Both outlive the call.
  WriteFileCall(const FileSystemContext& context, guest::v1::WriteFileResponse& response)
      : context_(context), response_(response) {}

 private:
  absl::Status Serve() override;

  const FileSystemContext& context_;
  guest::v1::WriteFileResponse& response_;
};

}  // namespace orch::agent
