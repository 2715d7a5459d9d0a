#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/base/thread_pool.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/driver/vm_event_hub.h"

namespace orch {

// The host behind FakeVmDriver: machines in memory, which outlive a driver as real ones do. Tests
// give the same host to a second driver to see what it finds, and use the hooks below. Thread-safe.
// Must outlive its drivers' subscriptions.
class FakeHost {
 public:
  FakeHost();
  explicit FakeHost(HostInfo info);

  // Hooks for tests.

  // Ends a machine as if its process died: it is gone, and subscribers hear kStopped with `reason`.
  // NOT_FOUND: no such machine.
  absl::Status Kill(const VmId& id, const std::string& reason);

  // The next Start fails with `status`.
  void FailNextStart(absl::Status status);

  // What the console log of the machine with this directory holds.
  void SetConsole(const std::string& directory, std::string text);

  // Decides the address of every later machine's agent; without this: a virtio-serial socket
  // "agent.sock" in its directory.
  void SetAgentAddressHook(std::function<GuestAddress(const VmConfig&)> hook);

  // The configuration that a machine was started with. NOT_FOUND: no such machine.
  absl::StatusOr<VmConfig> Config(const VmId& id);

  // What FakeVmDriver is made of; see VmDriver.
  const HostInfo& info() const { return info_; }
  absl::StatusOr<VmInfo> Start(const VmConfig& config);
  absl::Status SetState(const VmId& id, VmState state);
  absl::Status Destroy(const VmId& id);
  absl::StatusOr<VmInfo> Get(const VmId& id);
  std::vector<VmInfo> List();
  std::string ConsoleTail(const std::string& directory, size_t max_bytes);
  std::unique_ptr<VmEventSubscription> Subscribe(std::function<void(const VmEvent&)> callback);

 private:
  struct Machine {
    VmConfig config;
    VmInfo info;
  };

  void Publish(VmEvent event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const HostInfo info_;
  VmEventHub hub_;
  absl::Mutex mutex_;
  std::map<VmId, Machine> machines_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> consoles_ ABSL_GUARDED_BY(mutex_);
  absl::Status next_start_ ABSL_GUARDED_BY(mutex_);
  std::function<GuestAddress(const VmConfig&)> agent_address_ ABSL_GUARDED_BY(mutex_);
  // Delivers events, in order. The last member: it stops first.
  ThreadPool events_{1};
};

}  // namespace orch
