#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/client_context.h"

#include "guest/v1/process.grpc.pb.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::ctl {

// Carries what can be read from a descriptor to a guest process's standard input, and its end.
// Holds at most one piece of 64 KiB: it reads on when the daemon has taken it. Nothing is called
// before there is something to carry, so a terminal at which nobody types costs nothing.
class StdinPump {
 public:
  // `stub` must outlive this. `fd` stays the caller's.
  StdinPump(guest::v1::ProcessService::Stub& stub, std::string session_id, std::string process_id,
            int fd);
  StdinPump(const StdinPump&) = delete;
  StdinPump& operator=(const StdinPump&) = delete;

  // Blocks until the end of input was carried or Stop; returns how many bytes the process was
  // given. CANCELLED: stopped. FAILED_PRECONDITION: the process has ended or its input is closed.
  // Call once.
  absl::StatusOr<uint64_t> Run();

  // Ends Run soon, wherever it is blocked. Any thread, also before Run.
  void Stop();

 private:
  // Waits until `fd_` can be read or Stop. False: stop.
  bool AwaitInput();

  guest::v1::ProcessService::Stub& stub_;
  const std::string session_id_;
  const std::string process_id_;
  const int fd_;
  const UniqueFd stop_;
  grpc::ClientContext context_;
};

}  // namespace orch::ctl
