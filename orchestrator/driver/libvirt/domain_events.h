#pragma once

#include <libvirt/libvirt.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

#include "orchestrator/driver/libvirt/process_logs.h"
#include "orchestrator/driver/libvirt/process_reaper.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/driver/vm_event_hub.h"

namespace orch {

// Turns the lifecycle events of a libvirt connection into VmEvents of the machines that the driver
// knows. Machines are known by UUID: an id may be started again before the end of its last machine
// has been told.
//
// Thread-safe. Needs a running EventLoop, on whose thread subscribers are called, from Open to
// destruction; borrows the connection.
class DomainEvents {
 public:
  // The log of a machine that ends by itself is read for the reason, then removed; `reaper`, which
  // must outlive this, tells how its process ended.
  static absl::StatusOr<std::unique_ptr<DomainEvents>> Open(virConnectPtr connection,
                                                            ProcessLogs logs,
                                                            ProcessReaper& reaper);
  ~DomainEvents();
  DomainEvents(const DomainEvents&) = delete;
  DomainEvents& operator=(const DomainEvents&) = delete;

  // A machine is about to start: its events count from the one that says it has started, or, for
  // one that starts paused, has paused.
  void Starting(const std::string& uuid, const std::string& directory, bool paused);
  // It has started as process `pid`, 0 when that is not known.
  void Started(const std::string& uuid, int64_t pid);
  // A machine that was about to start did not: its events count no more.
  void Forget(const std::string& uuid);
  // A machine that was there before. Nothing changes when it is known.
  void Adopt(const std::string& uuid, const std::string& directory, int64_t pid);
  // Its end, from now on, is "destroyed". Nothing changes when it has been told already.
  void Destroying(const std::string& uuid);

  // The directories (VmConfig's) of the machines whose events count.
  std::vector<std::string> Directories();

  std::unique_ptr<VmEventSubscription> Subscribe(std::function<void(const VmEvent&)> callback);

 private:
  enum class Phase { kStarting, kStartingPaused, kLive };
  struct Machine {
    Phase phase = Phase::kStarting;
    std::string directory;
    int64_t pid = 0;
    // Its end is our doing. What it did before may still be on its way here.
    bool destroying = false;
  };

  DomainEvents(virConnectPtr connection, ProcessLogs logs, ProcessReaper& reaper);

  static int OnLifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail,
                         void* self);
  static void OnReleased(void* self);
  void Handle(virDomainPtr domain, int event, int detail);
  void HandleStopped(const VmId& id, const std::string& uuid, int detail);
  bool IsLive(const std::string& uuid);
  // Makes a machine live that is in phase `from`. False: it is not.
  bool BecameLive(const std::string& uuid, Phase from);

  const virConnectPtr connection_;
  const ProcessLogs logs_;
  ProcessReaper& reaper_;
  VmEventHub hub_;
  int callback_ = -1;
  absl::Notification released_;
  absl::Mutex mutex_;
  std::map<std::string, Machine> machines_ ABSL_GUARDED_BY(mutex_);
};

// Why a machine stopped: `detail` is a virDomainEventStoppedDetailType, `end` how its process ended
// ("" when that is not known, see ProcessReaper::TakeEnd), `log` the tail of its process's log, of
// which the last lines are kept, escaped.
std::string StopReason(int detail, absl::string_view end, absl::string_view log);

}  // namespace orch
