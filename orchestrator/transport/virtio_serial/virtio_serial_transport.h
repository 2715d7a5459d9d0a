#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/framing/host_link.h"
#include "orchestrator/model/guest_address.h"
#include "orchestrator/transport/guest_transport.h"

namespace orch {

// Reaches agents through virtio-serial ports whose host ends are unix sockets that QEMU listens on.
// Speaks the protocol of framing/frame.h there; each connection is served by a thread until either
// side closes it. Thread-safe. The destructor ends all connections and joins their threads.
class VirtioSerialTransport final : public GuestTransport {
 public:
  VirtioSerialTransport() = default;
  ~VirtioSerialTransport() override;

  // A port carries one connection: a new one to the same socket path ends the former one. QEMU,
  // too, takes one client at a time; the next one waits until it has seen the former one leave.
  // Returns when the agent has accepted the connection.
  absl::StatusOr<UniqueFd> Connect(const GuestAddress& address, absl::Time deadline) override;

 private:
  // A link and the thread that runs it. The destructor stops and joins.
  class Pump {
   public:
    explicit Pump(std::unique_ptr<HostLink> link);
    ~Pump();
    HostLink& link() { return *link_; }

   private:
    std::unique_ptr<HostLink> link_;
    std::thread thread_;
  };

  // Ends the pump that serves `socket_path` and those that have ended by themselves.
  void RemovePumps(const std::string& socket_path);

  absl::Mutex mutex_;
  // By socket path. Shared with a Connect that waits for it.
  std::map<std::string, std::shared_ptr<Pump>> pumps_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch
