#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"

#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// The gRPC server of the guest. It listens on nothing: whoever accepts a connection of the host
// hands it over. Every status it sends carries the mark of AnswerMarkFactory. Thread-safe. The
// destructor cancels the calls in progress and waits for their ends; the services and what they
// work on outlive it.
class AgentServer {
 public:
  static constexpr int kMaxReceivedMessageBytes = 8 * 1024 * 1024;
  static constexpr int kMaxSentMessageBytes = 32 * 1024 * 1024;

  // INTERNAL: gRPC did not start.
  static absl::StatusOr<std::unique_ptr<AgentServer>> Create(
      const std::vector<grpc::Service*>& services);
  ~AgentServer();
  AgentServer(const AgentServer&) = delete;
  AgentServer& operator=(const AgentServer&) = delete;

  // Serves a connected stream socket until it is closed. Does not block.
  void AddConnection(UniqueFd socket);

 private:
  explicit AgentServer(std::unique_ptr<grpc::Server> server) : server_(std::move(server)) {}

  const std::unique_ptr<grpc::Server> server_;
};

}  // namespace orch::agent
