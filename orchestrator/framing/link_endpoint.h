#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/framing/byte_queue.h"
#include "orchestrator/framing/frame.h"
#include "orchestrator/framing/frame_decoder.h"
#include "orchestrator/framing/frame_encoder.h"
#include "orchestrator/framing/link_connection.h"

namespace orch {

// Moves bytes between a port, which speaks the protocol of frame.h, and a plain stream socket, on
// which HTTP/2 is spoken. What both ends of a port have in common; HostLink and AgentLink add who
// opens and what ends it. Holds less than 2.5 MiB, whatever the peer does.
//
// Run is called once, on a thread of its own; Stop from any thread. Everything else belongs to
// Run's thread.
class LinkEndpoint {
 public:
  virtual ~LinkEndpoint() = default;
  LinkEndpoint(const LinkEndpoint&) = delete;
  LinkEndpoint& operator=(const LinkEndpoint&) = delete;

  // Serves the port until Stop, or until the link's own end. Closes the port and the socket.
  void Run();

  // Makes Run return soon, even one that has not begun. Does not wait for it. Idempotent.
  void Stop();

 protected:
  using SteadyClock = std::chrono::steady_clock;

  // What an endpoint needs of the kernel. Makes `port` non-blocking; any character device or stream
  // socket will do.
  struct Descriptors {
    UniqueFd port;
    UniqueFd epoll;
    UniqueFd wake;  // an eventfd
  };
  static absl::StatusOr<Descriptors> MakeDescriptors(UniqueFd port);

  explicit LinkEndpoint(Descriptors descriptors);

  // Run begins.
  virtual void OnStart() {}
  // Run ends; nothing else follows.
  virtual void OnEnd() {}
  virtual void OnOpen(uint64_t /*id*/) {}
  // The peer accepts the current connection. Repeated when OPEN was.
  virtual void OnAccept() {}
  // The current connection is over and its socket closed.
  virtual void OnConnectionEnded() {}
  // A read says that nobody holds the port's other end; repeated with each such read.
  virtual void OnPortHangup() = 0;
  // A read says that somebody does.
  virtual void OnPortConnected() {}
  // The time given to SetTimer has come.
  virtual void OnTimer() {}

  bool has_connection() const { return connection_ != nullptr; }
  uint64_t connection_id() const { return connection_ ? connection_->id() : 0; }

  // Makes `id` the current connection, with `socket` on its HTTP/2 side. Whatever was current, or
  // still to be sent, is dropped. DATA flows once `established`.
  absl::Status BeginConnection(uint64_t id, UniqueFd socket, bool established);
  void Establish() { established_ = true; }

  // Ends the current connection when all that was received has reached the socket.
  void EndConnectionWhenDelivered() { peer_ended_ = true; }

  // Closes the current connection's socket, if there is one, and calls OnConnectionEnded.
  void DropConnection();

  // Queues a frame without payload; drops it when too much is queued, because the peer does not
  // read. What matters is asked for again.
  void Send(FrameType type, uint64_t id);

  void SetTimer(absl::optional<SteadyClock::time_point> at) { timer_ = at; }

  // Reads the port again although the kernel has not said that there is something new.
  void ProbePort() { port_readable_ = true; }

  // Ends Run at once, or when what is queued is written; the latter waits for a second at most.
  void Finish() { finished_ = true; }
  void FinishWhenWritten();

 private:
  // Each moves what can be moved now and says whether it did anything.
  bool ReadPort();
  bool WriteSocket();
  bool ReadSocket();
  bool WritePort();

  void OnFrame(const Frame& frame);
  // The peer broke the protocol: closes the current connection.
  void Abort(const absl::Status& status);
  // The socket's other end is closed: says so to the peer.
  void OnSocketEnded();
  // Queues a CLOSE for the current connection. Cannot pile up: each connection clears the queue.
  void SendClose();
  void RunTimers();
  void Wait();
  int WaitMilliseconds() const;

  Descriptors fds_;
  const bool port_is_socket_;
  std::atomic<bool> stopping_ = false;

  FrameDecoder decoder_;
  FrameEncoder encoder_;
  ByteQueue out_;  // records on their way to the port
  std::string buffer_;

  std::unique_ptr<LinkConnection> connection_;
  UniqueFd socket_;
  bool established_ = false;
  bool peer_ended_ = false;

  // Edge-triggered readiness: true until a call says EAGAIN.
  bool port_readable_ = true;
  bool port_writable_ = true;
  bool socket_readable_ = false;
  bool socket_writable_ = false;

  absl::optional<SteadyClock::time_point> timer_;
  // When to give up on what the peer does not take, after the socket's other end was closed.
  absl::optional<SteadyClock::time_point> socket_linger_;
  absl::optional<SteadyClock::time_point> finish_linger_;
  bool finished_ = false;
};

}  // namespace orch
