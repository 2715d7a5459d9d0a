#include "orchestrator/driver/libvirt/domain_events.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "orchestrator/driver/libvirt/libvirt_status.h"

namespace orch {
namespace {

constexpr size_t kMaxLogBytes = 2048;
constexpr size_t kMaxLogLines = 3;
constexpr size_t kMaxLogTextBytes = 512;
// A callback that runs may be reading a log; it never takes this long.
constexpr absl::Duration kReleaseTimeout = absl::Seconds(10);

absl::string_view DescribeDetail(int detail) {
  switch (detail) {
    case VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN:
      return "the guest shut down";
    case VIR_DOMAIN_EVENT_STOPPED_DESTROYED:
      return "destroyed by another program, or the guest rebooted";
    case VIR_DOMAIN_EVENT_STOPPED_CRASHED:
      return "the guest crashed";
    case VIR_DOMAIN_EVENT_STOPPED_FAILED:
      return "the QEMU process died";
    case VIR_DOMAIN_EVENT_STOPPED_MIGRATED:
      return "migrated away";
    case VIR_DOMAIN_EVENT_STOPPED_SAVED:
      return "saved to a file by another program";
    default:
      return "stopped for an unknown reason";
  }
}

}  // namespace

std::string StopReason(int detail, absl::string_view end, absl::string_view log) {
  std::string reason(DescribeDetail(detail));
  if (!end.empty()) absl::StrAppend(&reason, ", ", end);
  std::vector<absl::string_view> lines = absl::StrSplit(log, '\n', absl::SkipWhitespace());
  if (lines.size() > kMaxLogLines) lines.erase(lines.begin(), lines.end() - kMaxLogLines);
  std::string text = absl::StrJoin(lines, " | ");
  if (text.size() > kMaxLogTextBytes) text = text.substr(text.size() - kMaxLogTextBytes);
  if (text.empty()) return reason;
  return absl::StrCat(reason, "; its log ends: ", absl::CHexEscape(text));
}

DomainEvents::DomainEvents(virConnectPtr connection, ProcessLogs logs, ProcessReaper& reaper)
    : connection_(connection), logs_(std::move(logs)), reaper_(reaper) {}

absl::StatusOr<std::unique_ptr<DomainEvents>> DomainEvents::Open(virConnectPtr connection,
                                                                 ProcessLogs logs,
                                                                 ProcessReaper& reaper) {
  auto events = absl::WrapUnique(new DomainEvents(connection, std::move(logs), reaper));
  events->callback_ =
      virConnectDomainEventRegisterAny(connection, nullptr, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                       VIR_DOMAIN_EVENT_CALLBACK(&DomainEvents::OnLifecycle),
                                       events.get(), &DomainEvents::OnReleased);
  if (events->callback_ < 0) return LastLibvirtError("subscribing to libvirt's events");
  return events;
}

DomainEvents::~DomainEvents() {
  if (callback_ < 0) return;
  virConnectDomainEventDeregisterAny(connection_, callback_);
  // A callback may be running until libvirt says that it has let go.
  released_.WaitForNotificationWithTimeout(kReleaseTimeout);
}

void DomainEvents::Starting(const std::string& uuid, const std::string& directory, bool paused) {
  absl::MutexLock lock(&mutex_);
  machines_[uuid] = {.phase = paused ? Phase::kStartingPaused : Phase::kStarting,
                     .directory = directory};
}

void DomainEvents::Started(const std::string& uuid, int64_t pid) {
  absl::MutexLock lock(&mutex_);
  const auto machine = machines_.find(uuid);
  if (machine != machines_.end()) machine->second.pid = pid;
}

void DomainEvents::Forget(const std::string& uuid) {
  absl::MutexLock lock(&mutex_);
  machines_.erase(uuid);
}

void DomainEvents::Adopt(const std::string& uuid, const std::string& directory, int64_t pid) {
  absl::MutexLock lock(&mutex_);
  machines_.emplace(uuid, Machine{.phase = Phase::kLive, .directory = directory, .pid = pid});
}

void DomainEvents::Destroying(const std::string& uuid) {
  absl::MutexLock lock(&mutex_);
  const auto machine = machines_.find(uuid);
  if (machine != machines_.end()) machine->second.destroying = true;
}

std::vector<std::string> DomainEvents::Directories() {
  absl::MutexLock lock(&mutex_);
  std::vector<std::string> directories;
  for (const auto& [uuid, machine] : machines_) {
    if (!machine.directory.empty()) directories.push_back(machine.directory);
  }
  return directories;
}

std::unique_ptr<VmEventSubscription> DomainEvents::Subscribe(
    std::function<void(const VmEvent&)> callback) {
  return hub_.Subscribe(std::move(callback));
}

int DomainEvents::OnLifecycle(virConnectPtr /*connection*/, virDomainPtr domain, int event,
                              int detail, void* self) {
  static_cast<DomainEvents*>(self)->Handle(domain, event, detail);
  return 0;
}

void DomainEvents::OnReleased(void* self) { static_cast<DomainEvents*>(self)->released_.Notify(); }

void DomainEvents::Handle(virDomainPtr domain, int event, int detail) {
  std::array<char, VIR_UUID_STRING_BUFLEN> text = {};
  const char* name = virDomainGetName(domain);
  if (name == nullptr || virDomainGetUUIDString(domain, text.data()) < 0) return;
  const absl::StatusOr<VmId> id = VmId::Parse(name);
  if (!id.ok()) return;
  const std::string uuid = text.data();
  switch (event) {
    case VIR_DOMAIN_EVENT_STARTED:
      BecameLive(uuid, Phase::kStarting);
      return;
    case VIR_DOMAIN_EVENT_SUSPENDED:
      if (BecameLive(uuid, Phase::kStartingPaused)) return;
      if (IsLive(uuid)) hub_.Publish({.id = *id, .kind = VmEventKind::kPaused});
      return;
    case VIR_DOMAIN_EVENT_RESUMED:
      if (IsLive(uuid)) hub_.Publish({.id = *id, .kind = VmEventKind::kResumed});
      return;
    case VIR_DOMAIN_EVENT_STOPPED:
      HandleStopped(*id, uuid, detail);
      return;
    default:
      return;
  }
}

void DomainEvents::HandleStopped(const VmId& id, const std::string& uuid, int detail) {
  Machine machine;
  {
    absl::MutexLock lock(&mutex_);
    const auto known = machines_.find(uuid);
    if (known == machines_.end()) return;
    machine = known->second;
    if (machine.phase != Phase::kLive && !machine.destroying) return;
    machines_.erase(known);
  }
  std::string reason = "destroyed";
  const std::string end = reaper_.TakeEnd(static_cast<pid_t>(machine.pid));
  if (!machine.destroying) {
    reason = StopReason(detail, end, logs_.Tail(id, kMaxLogBytes));
    // A machine that was started under this id meanwhile loses a name, its process goes on.
    logs_.Remove(id);
  }
  hub_.Publish({.id = id, .kind = VmEventKind::kStopped, .reason = reason});
}

bool DomainEvents::IsLive(const std::string& uuid) {
  absl::MutexLock lock(&mutex_);
  const auto machine = machines_.find(uuid);
  return machine != machines_.end() && machine->second.phase == Phase::kLive;
}

bool DomainEvents::BecameLive(const std::string& uuid, Phase from) {
  absl::MutexLock lock(&mutex_);
  const auto machine = machines_.find(uuid);
  if (machine == machines_.end() || machine->second.phase != from) return false;
  machine->second.phase = Phase::kLive;
  return true;
}

}  // namespace orch
