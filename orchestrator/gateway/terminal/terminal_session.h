#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"

#include "guest/v1/process.grpc.pb.h"
#include "orchestrator/gateway/routes/call.h"
#include "orchestrator/gateway/routes/daemon_stream.h"
#include "orchestrator/gateway/websocket/websocket.h"

namespace orch::gateway {

// A WebSocket on a process's terminal. The client says {"type":"input"}, {"type":"resize"} and
// {"type":"close"} in text frames; what it is told is a matter of the API's dialect. Any number of
// them may be on one terminal. Lives as long as what is under way.
class TerminalSession : public std::enable_shared_from_this<TerminalSession> {
 public:
  struct Frame {
    Opcode opcode = Opcode::kText;
    std::string payload;
  };
  struct Dialect {
    // Said first; null for nothing.
    nlohmann::json greeting;
    std::function<Frame(const guest::v1::OutputChunk&)> output;
    // Said last.
    std::function<nlohmann::json(const guest::v1::Process&)> exit;
    // Whether the client is told what was wrong with a frame of its own.
    bool tells_errors = true;
  };

  // Answers `call`, whose process has a terminal, as sandbox-agent does: output as binary frames,
  // from now on; {"type":"ready"} first and {"type":"exit"} last.
  static void Start(const std::shared_ptr<Call>& call, const guest::v1::Process& process);

  // Answers `call` in another dialect, with the output after the chunk `last`.
  static void Begin(const std::shared_ptr<Call>& call, const std::string& process_id, uint64_t last,
                    Dialect dialect);

  TerminalSession(std::shared_ptr<Call> call, std::shared_ptr<WebSocket> socket,
                  std::string session_id, std::string process_id, Dialect dialect);

 private:
  using OutputStream =
      DaemonStream<guest::v1::StreamOutputRequest, guest::v1::StreamOutputResponse>;

  // Output from the one after `last` on.
  void StreamOutput(uint64_t last);
  void OnOutput(const guest::v1::StreamOutputResponse& response,
                absl::AnyInvocable<void(bool)> next);
  void ReadInput();
  void OnInput(const WebSocketMessage& message);
  void Type(std::string bytes);
  void Resize(const nlohmann::json& size);
  // Tells the client what was wrong, and reads on.
  void Refuse(const absl::Status& status);
  void SendJson(const nlohmann::json& json, absl::AnyInvocable<void(bool)> done);

  const std::shared_ptr<Call> call_;
  const std::shared_ptr<WebSocket> socket_;
  const std::string session_id_;
  const std::string process_id_;
  const Dialect dialect_;
  // Set before input is read.
  std::shared_ptr<OutputStream> output_;
};

}  // namespace orch::gateway
