#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/process/process_service_context.h"
#include "orchestrator/agent/process/spawned_process.h"

namespace orch::agent {

// One Attach: a client at a process's terminal. One message is under way in each direction, so that
// a terminal that takes nothing holds the client back, and a slow client the process, or else it
// misses output. Belongs to gRPC until OnDone, then deletes itself on the loop, to which its state
// is confined.
class AttachCall final
    : public grpc::ServerBidiReactor<guest::v1::AttachRequest, guest::v1::AttachResponse> {
 public:
  // `context` outlives the call.
  explicit AttachCall(const ProcessServiceContext& context);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // Does what the message that has come says.
  absl::Status Take();
  absl::Status Open();
  void Typed(const absl::Status& status);
  // Sends the next message, if there is one and none is under way.
  void SendNext();
  void Send();
  void SendEnd();
  void Detach();
  void FinishOnce(const absl::Status& status);

  const ProcessServiceContext& context_;
  std::shared_ptr<SpawnedProcess> process_;
  SpawnedProcess::SubscriptionId subscription_ = 0;
  OutputRing::ReaderId reader_ = 0;
  guest::v1::AttachRequest request_;
  guest::v1::AttachResponse response_;
  // What comes after a message that tells of missed bytes.
  std::optional<guest::v1::OutputChunk> next_chunk_;
  bool typing_ = false;
  bool sending_ = false;
  bool finished_ = false;
  // How the call ends, once `finished_`.
  absl::Status end_;
};

}  // namespace orch::agent
