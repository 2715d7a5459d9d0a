#pragma once

#include <fcntl.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

#include "grpcpp/create_channel_posix.h"
#include "grpcpp/grpcpp.h"

#include "orchestrator/agent/server/agent_server.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// The agent's server with some services, reached over a socket pair.
class ServiceOnSocket {
 public:
  // The services outlive this.
  explicit ServiceOnSocket(const std::vector<grpc::Service*>& services)
      : server_(AgentServer::Create(services).value()) {
    int sockets[2] = {-1, -1};
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets);
    ::fcntl(sockets[1], F_SETFL, O_NONBLOCK);
    server_->AddConnection(UniqueFd(sockets[0]));
    channel_ = grpc::CreateInsecureChannelFromFd("guest", sockets[1]);
  }

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  const std::unique_ptr<AgentServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace orch::agent
