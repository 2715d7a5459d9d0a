#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "grpcpp/support/server_callback.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/process/process_service_context.h"
#include "orchestrator/agent/process/spawned_process.h"
#include "orchestrator/agent/rpc/following_call.h"

namespace orch::agent {

// One StreamOutput: sends a process's kept output and then follows. One message is under way at a
// time, so that a slow client holds a process in BLOCK mode back.
class StreamOutputCall final
    : public FollowingCall<grpc::ServerWriteReactor<guest::v1::StreamOutputResponse>,
                           guest::v1::StreamOutputResponse> {
 public:
  StreamOutputCall(const ProcessServiceContext& context,
                   const guest::v1::StreamOutputRequest& request);

 private:
  void Start();
  void SendNext() override;
  void SendItem(const OutputRing::Item& item);
  void SendEnd();
  void Detach() override;

  const ProcessServiceContext& context_;
  const guest::v1::StreamOutputRequest& request_;
  std::shared_ptr<SpawnedProcess> process_;
  SpawnedProcess::SubscriptionId subscription_ = 0;
  OutputRing::ReaderId reader_ = 0;
  // Without following: the last chunk to send.
  uint64_t last_sequence_ = 0;
  // What comes after a message that tells of missed bytes.
  std::optional<guest::v1::OutputChunk> next_chunk_;
};

}  // namespace orch::agent
