#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "tests/bench/byte_pipe.h"

namespace orch::bench {

// As much of a DevTools client as a measurement needs, on any connection. Not thread-safe; calls
// block.
class DevToolsClient {
 public:
  // Becomes a WebSocket at `target`, a path and a query. UNAVAILABLE: it did not.
  static absl::StatusOr<DevToolsClient> Open(std::unique_ptr<BytePipe> pipe,
                                             const std::string& target);

  // Asks for the browser's version, and waits for the answer.
  absl::Status Ask();

 private:
  DevToolsClient(std::unique_ptr<BytePipe> pipe, std::string rest)
      : pipe_(std::move(pipe)), rest_(std::move(rest)) {}

  // The payload of the next frame.
  absl::StatusOr<std::string> ReadFrame();
  absl::Status Need(size_t bytes);

  std::unique_ptr<BytePipe> pipe_;
  // What has come and was not looked at.
  std::string rest_;
  int last_id_ = 0;
};

}  // namespace orch::bench
