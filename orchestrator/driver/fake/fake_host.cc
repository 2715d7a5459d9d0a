#include "orchestrator/driver/fake/fake_host.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

HostInfo DefaultInfo() {
  return {.driver_name = "fake",
          .uri = "fake:///",
          .hypervisor_version = "0.0.0",
          .library_version = "0.0.0",
          .accelerator = Accelerator::kTcg,
          .accelerator_reason = "there is no processor",
          .transport = TransportKind::kVirtioSerial,
          .transport_reason = "there is no device",
          .cpus = 64,
          .memory_mib = 1 << 20,
          .vm_uid = ::geteuid(),
          .vm_gid = ::getegid()};
}

absl::Status NoSuchMachine(const VmId& id) {
  return absl::NotFoundError(absl::StrCat("no virtual machine ", id.value()));
}

absl::Status CheckLimits(const HostInfo& host, const VmConfig& config) {
  if (config.memory_mib == 0 || config.memory_mib > host.memory_mib) {
    return absl::InvalidArgumentError(
        absl::StrCat("memory_mib is ", config.memory_mib, ", must be 1 to ", host.memory_mib));
  }
  if (config.vcpus == 0 || config.vcpus > host.cpus) {
    return absl::InvalidArgumentError(
        absl::StrCat("vcpus is ", config.vcpus, ", must be 1 to ", host.cpus));
  }
  return absl::OkStatus();
}

}  // namespace

FakeHost::FakeHost() : FakeHost(DefaultInfo()) {}

FakeHost::FakeHost(HostInfo info)
    : info_(std::move(info)), agent_address_([](const VmConfig& config) -> GuestAddress {
        return VirtioSerialAddress{absl::StrCat(config.directory, "/agent.sock")};
      }) {}

absl::Status FakeHost::Kill(const VmId& id, const std::string& reason) {
  absl::MutexLock lock(&mutex_);
  if (machines_.erase(id) == 0) return NoSuchMachine(id);
  Publish({.id = id, .kind = VmEventKind::kStopped, .reason = reason});
  return absl::OkStatus();
}

void FakeHost::FailNextStart(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  next_start_ = std::move(status);
}

void FakeHost::SetConsole(const std::string& directory, std::string text) {
  absl::MutexLock lock(&mutex_);
  consoles_[directory] = std::move(text);
}

void FakeHost::SetAgentAddressHook(std::function<GuestAddress(const VmConfig&)> hook) {
  absl::MutexLock lock(&mutex_);
  agent_address_ = std::move(hook);
}

absl::StatusOr<VmConfig> FakeHost::Config(const VmId& id) {
  absl::MutexLock lock(&mutex_);
  const auto machine = machines_.find(id);
  if (machine == machines_.end()) return NoSuchMachine(id);
  return machine->second.config;
}

absl::StatusOr<VmInfo> FakeHost::Start(const VmConfig& config) {
  ORCH_RETURN_IF_ERROR(CheckLimits(info_, config));
  std::function<GuestAddress(const VmConfig&)> agent_address;
  {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = std::exchange(next_start_, absl::OkStatus()); !status.ok()) {
      return status;
    }
    agent_address = agent_address_;
  }
  // A hook may do anything, so it runs without the lock.
  VmInfo info{.id = config.id, .state = VmState::kRunning};
  if (config.has_agent) info.agent = agent_address(config);
  absl::MutexLock lock(&mutex_);
  if (!machines_.emplace(config.id, Machine{config, info}).second) {
    return absl::AlreadyExistsError(
        absl::StrCat("virtual machine ", config.id.value(), " already exists"));
  }
  return info;
}

absl::Status FakeHost::SetState(const VmId& id, VmState state) {
  absl::MutexLock lock(&mutex_);
  const auto machine = machines_.find(id);
  if (machine == machines_.end()) return NoSuchMachine(id);
  if (std::exchange(machine->second.info.state, state) == state) return absl::OkStatus();
  Publish(
      {.id = id, .kind = state == VmState::kPaused ? VmEventKind::kPaused : VmEventKind::kResumed});
  return absl::OkStatus();
}

absl::Status FakeHost::Destroy(const VmId& id) {
  absl::MutexLock lock(&mutex_);
  if (machines_.erase(id) == 0) return absl::OkStatus();
  Publish({.id = id, .kind = VmEventKind::kStopped, .reason = "destroyed"});
  return absl::OkStatus();
}

absl::StatusOr<VmInfo> FakeHost::Get(const VmId& id) {
  absl::MutexLock lock(&mutex_);
  const auto machine = machines_.find(id);
  if (machine == machines_.end()) return NoSuchMachine(id);
  return machine->second.info;
}

std::vector<VmInfo> FakeHost::List() {
  absl::MutexLock lock(&mutex_);
  std::vector<VmInfo> machines;
  for (const auto& [id, machine] : machines_) machines.push_back(machine.info);
  return machines;
}

std::string FakeHost::ConsoleTail(const std::string& directory, size_t max_bytes) {
  absl::MutexLock lock(&mutex_);
  const auto console = consoles_.find(directory);
  if (console == consoles_.end()) return "";
  const std::string& text = console->second;
  return text.size() <= max_bytes ? text : text.substr(text.size() - max_bytes);
}

std::unique_ptr<VmEventSubscription> FakeHost::Subscribe(
    std::function<void(const VmEvent&)> callback) {
  return hub_.Subscribe(std::move(callback));
}

void FakeHost::Publish(VmEvent event) {
  events_.Run([this, event = std::move(event)] { hub_.Publish(event); });
}

}  // namespace orch
