#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"

namespace orch {

// The thread that runs libvirt's default event loop, without which no event is delivered. libvirt
// knows one loop per process; several of these share it. Create one before opening a connection.
// The destructor stops and joins.
class EventLoop {
 public:
  static absl::StatusOr<std::unique_ptr<EventLoop>> Start();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

 private:
  explicit EventLoop(int timer) : timer_(timer) {}
  void Run();

  // Set off to get the thread out of its wait.
  const int timer_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace orch
