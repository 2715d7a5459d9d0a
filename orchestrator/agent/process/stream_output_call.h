#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/process/process_service_context.h"
#include "orchestrator/agent/process/spawned_process.h"

namespace orch::agent {

// One StreamOutput: sends a process's kept output and then follows. One message is under way at a
// time, so that a slow client holds a process in BLOCK mode back. Belongs to gRPC until OnDone,
// then deletes itself on the loop, to which its state is confined.
class StreamOutputCall final : public grpc::ServerWriteReactor<guest::v1::StreamOutputResponse> {
 public:
  StreamOutputCall(const ProcessServiceContext& context,
                   const guest::v1::StreamOutputRequest& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void Start();
  // Sends the next message, if there is one and none is under way.
  void SendNext();
  void Send(const OutputRing::Item& item);
  void SendEnd();
  void FinishOnce(const absl::Status& status);

  const ProcessServiceContext& context_;
  const guest::v1::StreamOutputRequest& request_;
  std::shared_ptr<SpawnedProcess> process_;
  SpawnedProcess::SubscriptionId subscription_ = 0;
  OutputRing::ReaderId reader_ = 0;
  // Without following: the last chunk to send.
  uint64_t last_sequence_ = 0;
  guest::v1::StreamOutputResponse response_;
  // What comes after a message that tells of missed bytes.
  std::optional<guest::v1::OutputChunk> next_chunk_;
  bool sending_ = false;
  bool finished_ = false;
  // How the call ends, once `finished_`.
  absl::Status end_;
};

}  // namespace orch::agent
