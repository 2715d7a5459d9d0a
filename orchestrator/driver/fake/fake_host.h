#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
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

// The calls that FakeHost::FailNext makes fail.
enum class FakeCall {
  kStart,
  kPause,
  kResume,
  kDestroy,
  kGet,
  kList,
  kSaveDevices,
  kLoadDevices,
  kSavePages,
  kLoadPages,
  kReplaceScratchDisk,
};

// What a fake guest is at one moment. Its memory is a short text that tests set; it does nothing by
// itself.
struct FakeMoment {
  // Another one each time that the machine runs or its memory changes: what was saved with the same
  // number belongs together.
  uint64_t number = 0;
  std::string memory;
};

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

  // The next call of this kind, to whichever machine, does nothing but fail with `status`. Told
  // again before that call, the one after it fails, too.
  void FailNext(FakeCall call, absl::Status status);

  // What is in a machine's memory. That of a shell into which nothing was loaded is "".
  // NOT_FOUND: no such machine.
  absl::Status SetMemory(const VmId& id, std::string memory);
  absl::StatusOr<std::string> Memory(const VmId& id);

  // What the console log of the machine with this directory holds; a shorter text than before: it
  // was cut.
  void SetConsole(const std::string& directory, std::string text);

  // Decides the address of every later machine's agent; without this: a virtio-serial socket
  // "agent.sock" in its directory.
  void SetAgentAddressHook(std::function<GuestAddress(const VmConfig&)> hook);

  // The configuration that a machine was started with; `scratch_disk` is the one it has now.
  // NOT_FOUND: no such machine.
  absl::StatusOr<VmConfig> Config(const VmId& id);

  // What FakeVmDriver is made of; see VmDriver.
  const HostInfo& info() const { return info_; }
  absl::StatusOr<VmInfo> Start(const VmConfig& config);
  absl::Status SetState(const VmId& id, VmState state);
  absl::Status Destroy(const VmId& id);
  absl::StatusOr<VmInfo> Get(const VmId& id);
  absl::StatusOr<std::vector<VmInfo>> List();
  absl::StatusOr<ConsoleChunk> ReadConsole(const std::string& directory, uint64_t offset,
                                           size_t max_bytes);
  std::unique_ptr<VmEventSubscription> Subscribe(std::function<void(const VmEvent&)> callback);

  // What FakeVmCheckpoints is made of. Each needs the machine in the state that VmCheckpoints
  // demands (NOT_FOUND, FAILED_PRECONDITION).

  // The moment at which a machine is paused, and its configuration.
  struct Paused {
    FakeMoment moment;
    VmConfig config;
  };
  absl::StatusOr<Paused> CheckPaused(const VmId& id, FakeCall call);
  // The configuration of a shell into which nothing was loaded.
  absl::StatusOr<VmConfig> CheckShell(const VmId& id, FakeCall call);
  absl::Status PutPages(const VmId& id, FakeMoment moment);
  // Makes a shell a machine: with the memory of PutPages or else that of its template.
  // INVALID_ARGUMENT: that is of another moment.
  absl::Status PutDevices(const VmId& id, uint64_t moment, FakeMoment of_template);
  absl::Status PutScratchDisk(const VmId& id, const std::string& path);

 private:
  struct Machine {
    VmConfig config;
    VmInfo info;
    FakeMoment moment;
    // Of a shell: that pages, and at last devices, were put into it.
    bool has_pages = false;
    bool is_loaded = true;
  };

  // What FailNext said of the next call, which is this one.
  absl::Status TakeFailure(FakeCall call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // NOT_FOUND.
  absl::StatusOr<Machine*> Find(const VmId& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Machine*> FindShell(const VmId& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Publish(VmEvent event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const HostInfo info_;
  VmEventHub hub_;
  absl::Mutex mutex_;
  std::map<VmId, Machine> machines_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> consoles_ ABSL_GUARDED_BY(mutex_);
  std::map<FakeCall, std::deque<absl::Status>> failures_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_moment_ ABSL_GUARDED_BY(mutex_) = 0;
  std::function<GuestAddress(const VmConfig&)> agent_address_ ABSL_GUARDED_BY(mutex_);
  // Delivers events, in order. The last member: it stops first.
  ThreadPool events_{1};
};

}  // namespace orch
