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

absl::Status WrongState(const VmId& id, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("virtual machine ", id.value(), " ", why));
}

absl::Status NothingLoaded(const VmId& id) {
  return WrongState(id, "is a shell, load a state first");
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
  if (config.start == VmStart::kShell && config.memory_file.empty()) {
    return absl::InvalidArgumentError("a shell needs a memory_file, the template's");
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

void FakeHost::FailNext(FakeCall call, absl::Status status) {
  absl::MutexLock lock(&mutex_);
  failures_[call].push_back(std::move(status));
}

absl::Status FakeHost::SetMemory(const VmId& id, std::string memory) {
  absl::MutexLock lock(&mutex_);
  ORCH_ASSIGN_OR_RETURN(Machine * machine, Find(id));
  machine->moment = {.number = ++last_moment_, .memory = std::move(memory)};
  return absl::OkStatus();
}

absl::StatusOr<std::string> FakeHost::Memory(const VmId& id) {
  absl::MutexLock lock(&mutex_);
  ORCH_ASSIGN_OR_RETURN(Machine * machine, Find(id));
  return machine->is_loaded ? machine->moment.memory : "";
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
  ORCH_ASSIGN_OR_RETURN(const Machine* machine, Find(id));
  return machine->config;
}

absl::StatusOr<VmInfo> FakeHost::Start(const VmConfig& config) {
  ORCH_RETURN_IF_ERROR(CheckLimits(info_, config));
  std::function<GuestAddress(const VmConfig&)> agent_address;
  {
    absl::MutexLock lock(&mutex_);
    ORCH_RETURN_IF_ERROR(TakeFailure(FakeCall::kStart));
    agent_address = agent_address_;
  }
  // A hook may do anything, so it runs without the lock.
  const bool is_shell = config.start == VmStart::kShell;
  VmInfo info{.id = config.id, .state = is_shell ? VmState::kPaused : VmState::kRunning};
  if (config.has_agent) info.agent = agent_address(config);
  absl::MutexLock lock(&mutex_);
  Machine machine{
      .config = config, .info = info, .moment = {.number = ++last_moment_}, .is_loaded = !is_shell};
  if (!machines_.emplace(config.id, std::move(machine)).second) {
    return absl::AlreadyExistsError(
        absl::StrCat("virtual machine ", config.id.value(), " already exists"));
  }
  consoles_.try_emplace(config.directory);
  return info;
}

absl::Status FakeHost::SetState(const VmId& id, VmState state) {
  const bool resumes = state == VmState::kRunning;
  absl::MutexLock lock(&mutex_);
  ORCH_RETURN_IF_ERROR(TakeFailure(resumes ? FakeCall::kResume : FakeCall::kPause));
  ORCH_ASSIGN_OR_RETURN(Machine * machine, Find(id));
  if (resumes && !machine->is_loaded) return NothingLoaded(id);
  if (std::exchange(machine->info.state, state) == state) return absl::OkStatus();
  if (resumes) machine->moment.number = ++last_moment_;
  Publish({.id = id, .kind = resumes ? VmEventKind::kResumed : VmEventKind::kPaused});
  return absl::OkStatus();
}

absl::Status FakeHost::Destroy(const VmId& id) {
  absl::MutexLock lock(&mutex_);
  ORCH_RETURN_IF_ERROR(TakeFailure(FakeCall::kDestroy));
  if (machines_.erase(id) == 0) return absl::OkStatus();
  Publish({.id = id, .kind = VmEventKind::kStopped, .reason = "destroyed"});
  return absl::OkStatus();
}

absl::StatusOr<VmInfo> FakeHost::Get(const VmId& id) {
  absl::MutexLock lock(&mutex_);
  ORCH_RETURN_IF_ERROR(TakeFailure(FakeCall::kGet));
  ORCH_ASSIGN_OR_RETURN(const Machine* machine, Find(id));
  return machine->info;
}

absl::StatusOr<std::vector<VmInfo>> FakeHost::List() {
  absl::MutexLock lock(&mutex_);
  ORCH_RETURN_IF_ERROR(TakeFailure(FakeCall::kList));
  std::vector<VmInfo> machines;
  machines.reserve(machines_.size());
  for (const auto& [id, machine] : machines_) machines.push_back(machine.info);
  return machines;
}

absl::StatusOr<FakeHost::Paused> FakeHost::CheckPaused(const VmId& id, FakeCall call) {
  absl::MutexLock lock(&mutex_);
  ORCH_RETURN_IF_ERROR(TakeFailure(call));
  ORCH_ASSIGN_OR_RETURN(const Machine* machine, Find(id));
  if (!machine->is_loaded) return NothingLoaded(id);
  if (machine->info.state != VmState::kPaused) return WrongState(id, "must be paused");
  return Paused{.moment = machine->moment, .config = machine->config};
}

absl::StatusOr<VmConfig> FakeHost::CheckShell(const VmId& id, FakeCall call) {
  absl::MutexLock lock(&mutex_);
  ORCH_RETURN_IF_ERROR(TakeFailure(call));
  ORCH_ASSIGN_OR_RETURN(const Machine* machine, FindShell(id));
  return machine->config;
}

absl::Status FakeHost::PutPages(const VmId& id, FakeMoment moment) {
  absl::MutexLock lock(&mutex_);
  ORCH_ASSIGN_OR_RETURN(Machine * machine, FindShell(id));
  machine->moment = std::move(moment);
  machine->has_pages = true;
  return absl::OkStatus();
}

absl::Status FakeHost::PutDevices(const VmId& id, uint64_t moment, FakeMoment of_template) {
  absl::MutexLock lock(&mutex_);
  ORCH_ASSIGN_OR_RETURN(Machine * machine, FindShell(id));
  FakeMoment memory = machine->has_pages ? machine->moment : std::move(of_template);
  if (memory.number != moment) {
    return absl::InvalidArgumentError(absl::StrCat("the devices are of moment ", moment,
                                                   ", the memory of virtual machine ", id.value(),
                                                   " is of moment ", memory.number));
  }
  machine->moment = std::move(memory);
  machine->is_loaded = true;
  return absl::OkStatus();
}

absl::Status FakeHost::PutScratchDisk(const VmId& id, const std::string& path) {
  absl::MutexLock lock(&mutex_);
  ORCH_ASSIGN_OR_RETURN(Machine * machine, FindShell(id));
  machine->config.scratch_disk = path;
  return absl::OkStatus();
}

absl::StatusOr<ConsoleChunk> FakeHost::ReadConsole(const std::string& directory, uint64_t offset,
                                                   size_t max_bytes) {
  absl::MutexLock lock(&mutex_);
  const auto console = consoles_.find(directory);
  if (console == consoles_.end()) {
    return absl::NotFoundError(absl::StrCat("no console in ", directory));
  }
  const std::string& text = console->second;
  if (offset > text.size()) offset = 0;
  return ConsoleChunk{
      .bytes = text.substr(offset, max_bytes), .offset = offset, .end = text.size()};
}

std::unique_ptr<VmEventSubscription> FakeHost::Subscribe(
    std::function<void(const VmEvent&)> callback) {
  return hub_.Subscribe(std::move(callback));
}

absl::Status FakeHost::TakeFailure(FakeCall call) {
  const auto failures = failures_.find(call);
  if (failures == failures_.end()) return absl::OkStatus();
  absl::Status failure = std::move(failures->second.front());
  failures->second.pop_front();
  if (failures->second.empty()) failures_.erase(failures);
  return failure;
}

absl::StatusOr<FakeHost::Machine*> FakeHost::Find(const VmId& id) {
  const auto machine = machines_.find(id);
  if (machine == machines_.end()) return NoSuchMachine(id);
  return &machine->second;
}

absl::StatusOr<FakeHost::Machine*> FakeHost::FindShell(const VmId& id) {
  ORCH_ASSIGN_OR_RETURN(Machine * machine, Find(id));
  if (machine->config.start != VmStart::kShell) {
    return WrongState(id, "was not started as a shell");
  }
  if (machine->is_loaded) return WrongState(id, "has a state already");
  return machine;
}

void FakeHost::Publish(VmEvent event) {
  events_.Run([this, event = std::move(event)] { hub_.Publish(event); });
}

}  // namespace orch
