#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/channel.h"

namespace orch::bench {

// Bytes both ways. Not thread-safe; calls block.
class BytePipe {
 public:
  virtual ~BytePipe() = default;

  // UNAVAILABLE: the other end is gone.
  virtual absl::Status Write(const std::string& bytes) = 0;
  // What has come next. UNAVAILABLE as well.
  virtual absl::StatusOr<std::string> Read() = 0;
};

// A TCP connection to a port of 127.0.0.1.
absl::StatusOr<std::unique_ptr<BytePipe>> ConnectTo(int port);

// A connection to a port of a guest, through TunnelService of the daemon behind `channel`.
absl::StatusOr<std::unique_ptr<BytePipe>> ConnectThroughTunnel(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& session_id, uint16_t port);

// The next HTTP response of `pipe`, with a Content-Length or without a body: its head and its body.
// `rest` has what came before, and then what came after it.
struct HttpReply {
  std::string head;
  std::string body;
};
absl::StatusOr<HttpReply> ReadReply(BytePipe& pipe, std::string& rest);

}  // namespace orch::bench
