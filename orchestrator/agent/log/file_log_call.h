#pragma once

#include <sys/types.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "guest/v1/log.pb.h"
#include "orchestrator/agent/filesystem/file_system_context.h"
#include "orchestrator/agent/filesystem/guest_path.h"
#include "orchestrator/agent/log/line_splitter.h"
#include "orchestrator/agent/rpc/sending_call.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// One Stream of a file's lines. Looks several times a second for more.
class FileLogCall final : public SendingCall<guest::v1::StreamLogResponse> {
 public:
  // Both outlive the call.
  FileLogCall(const FileSystemContext& context, const guest::v1::StreamLogRequest& request)
      : context_(context), request_(request) {}

 private:
  absl::Status Serve() override;
  absl::StatusOr<UniqueFd> Open(const GuestPath& path) const;
  // Where the last lines begin that the request asks for.
  absl::StatusOr<off_t> FindStart() const;
  // Sends what there is from `offset_` on.
  absl::Status SendRest(const GuestPath& path);
  // Goes on to the file that has taken this one's place, or to the start of this one if it was cut.
  void FollowReplacement(const GuestPath& path);
  absl::Status SendLines();

  const FileSystemContext& context_;
  const guest::v1::StreamLogRequest& request_;
  UniqueFd file_;
  off_t offset_ = 0;
  LineSplitter splitter_;
  guest::v1::StreamLogResponse response_;
};

}  // namespace orch::agent
