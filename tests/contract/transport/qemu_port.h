#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <thread>

#include "orchestrator/base/unique_fd.h"

namespace orch::testing {

// What QEMU does with a virtio-serial port, without QEMU: listens on a unix socket, serves one
// client at a time, and passes bytes between it and the guest's end of the port, which stays open
// all the time. What the guest sends while there is no client is thrown away; of what a client sent
// before it left, the guest may get any part.
class QemuPort {
 public:
  explicit QemuPort(const std::string& socket_path);
  ~QemuPort();
  QemuPort(const QemuPort&) = delete;
  QemuPort& operator=(const QemuPort&) = delete;

  // The guest's end. Once.
  UniqueFd TakeGuestEnd() { return std::move(guest_end_); }

  // Bytes that an earlier connection left in the queues: the next client and the guest get them
  // before anything else. Call before that client connects.
  void LeaveStaleBytes(std::string to_host, std::string to_guest);

  // Throws away the next `count` bytes for the guest, as happens before it has opened the port.
  void DropForGuest(size_t count) { drop_for_guest_ = count; }

 private:
  void Run();
  void Serve(int client);

  UniqueFd listener_;
  UniqueFd stop_;
  UniqueFd port_;
  UniqueFd guest_end_;
  std::string stale_to_host_;
  std::atomic<size_t> drop_for_guest_ = 0;
  std::thread thread_;
};

}  // namespace orch::testing
