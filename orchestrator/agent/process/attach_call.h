#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/process/process_service_context.h"
#include "orchestrator/agent/process/spawned_process.h"
#include "orchestrator/agent/rpc/following_call.h"

namespace orch::agent {

// One Attach: a client at a process's terminal. One message is under way in each direction, so that
// a terminal that takes nothing holds the client back, and a slow client the process, or else it
// misses output.
class AttachCall final
    : public FollowingCall<
          grpc::ServerBidiReactor<guest::v1::AttachRequest, guest::v1::AttachResponse>,
          guest::v1::AttachResponse> {
 public:
  // `context` outlives the call.
  explicit AttachCall(const ProcessServiceContext& context);

  void OnReadDone(bool ok) override;

 private:
  // Does what the message that has come says.
  absl::Status Take();
  absl::Status Open();
  void Typed(const absl::Status& status);
  void SendNext() override;
  void Detach() override;

  const ProcessServiceContext& context_;
  std::shared_ptr<SpawnedProcess> process_;
  SpawnedProcess::SubscriptionId subscription_ = 0;
  OutputRing::ReaderId reader_ = 0;
  guest::v1::AttachRequest request_;
  // What comes after a message that tells of missed bytes.
  std::optional<guest::v1::OutputChunk> next_chunk_;
  bool typing_ = false;
};

}  // namespace orch::agent
