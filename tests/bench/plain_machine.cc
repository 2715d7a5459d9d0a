#include "tests/bench/plain_machine.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/cancel_token.h"
#include "orchestrator/base/files.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/driver/libvirt/domain_xml.h"
#include "orchestrator/driver/libvirt/libvirt_status.h"

namespace orch::bench {
namespace {

constexpr absl::Duration kBootTimeout = absl::Minutes(10);
constexpr absl::Duration kConsolePoll = absl::Milliseconds(1);
constexpr size_t kMaxConsoleBytes = size_t{1} << 20;
constexpr size_t kMaxPidBytes = 32;

absl::Status GiveTo(const std::string& path, const HostInfo& host) {
  if (::chown(path.c_str(), host.vm_uid, host.vm_gid) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, path);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PlainMachines>> PlainMachines::Create(Daemon& daemon) {
  ORCH_ASSIGN_OR_RETURN(LibvirtHost host, OpenLibvirtHost(daemon.libvirt_options()));
  for (const char* name : {"plain", "plain-scratch"}) {
    std::filesystem::create_directories(daemon.dir().File(name));
  }
  return absl::WrapUnique(new PlainMachines(daemon, std::move(host)));
}

PlainMachines::PlainMachines(Daemon& daemon, LibvirtHost host)
    : daemon_(daemon), host_(std::move(host)), scratch_disks_(daemon.dir().File("plain-scratch")) {}

absl::StatusOr<VmConfig> PlainMachines::Prepare(const BrowserRegistry::Plan& plan) {
  VmConfig config{.id = VmId::Generate(),
                  .memory_mib = plan.spec.memory_mib,
                  .vcpus = plan.spec.vcpus,
                  .kernel = plan.image.kernel,
                  .initramfs = plan.image.initramfs,
                  .kernel_cmdline = plan.base.kernel_cmdline,
                  .root_disk = plan.image.root,
                  .has_agent = plan.image.has_agent};
  config.directory = daemon_.dir().File(absl::StrCat("plain/", config.id.value()));
  std::filesystem::create_directories(config.directory);
  ORCH_RETURN_IF_ERROR(GiveTo(config.directory, host_.info));
  if (plan.base.scratch_mib == 0) return config;
  config.scratch_disk = absl::StrCat(config.directory, "/scratch.qcow2");
  ORCH_RETURN_IF_ERROR(scratch_disks_.Make(config.scratch_disk, plan.base.scratch_mib));
  ORCH_RETURN_IF_ERROR(GiveTo(config.scratch_disk, host_.info));
  return config;
}

absl::StatusOr<std::unique_ptr<PlainMachines::Machine>> PlainMachines::Start(
    const VmConfig& config) {
  const std::string xml = BuildDomainXml(config, {.uuid = RandomUuid(),
                                                  .owner = "plain",
                                                  .accelerator = host_.info.accelerator,
                                                  .transport = host_.info.transport,
                                                  .run_as = host_.run_as});
  Domain domain(virDomainCreateXML(host_.connection.get(), xml.c_str(), 0));
  if (domain == nullptr) return LastLibvirtError("starting a plain machine");
  return std::make_unique<Machine>(*this, config, std::move(domain));
}

PlainMachines::Machine::Machine(PlainMachines& owner, VmConfig config, Domain domain)
    : owner_(owner),
      config_(std::move(config)),
      agent_(VirtioSerialAddress{absl::StrCat(config_.directory, "/", kAgentSocketName)}),
      domain_(std::move(domain)) {}

PlainMachines::Machine::~Machine() {
  virDomainDestroy(domain_.get());
  std::error_code ignored;
  std::filesystem::remove_all(config_.directory, ignored);
}

absl::Status PlainMachines::Machine::AwaitReady(const Image& image) {
  const absl::Time deadline = absl::Now() + kBootTimeout;
  CancelToken never;
  if (image.has_agent) return owner_.daemon_.guests().AwaitReady(agent_, deadline, never);
  const std::string console = absl::StrCat(config_.directory, "/", kConsoleLogName);
  while (absl::Now() < deadline) {
    const absl::StatusOr<std::string> text = ReadFile(console, kMaxConsoleBytes);
    if (text.ok() && absl::StrContains(*text, image.console_ready)) return absl::OkStatus();
    absl::SleepFor(kConsolePoll);
  }
  return absl::DeadlineExceededError("a plain machine did not become ready");
}

absl::Status PlainMachines::Machine::Exec() {
  const std::shared_ptr<GuestChannel> guest = owner_.daemon_.guests().ChannelTo(agent_);
  ORCH_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel,
                        guest->Get(absl::Now() + kBootTimeout));
  grpc::ClientContext context;
  guest::v1::ExecRequest request;
  request.set_session_id(SessionId::Generate().value());
  request.mutable_spec()->set_command("/bin/true");
  guest::v1::ExecResponse response;
  return FromGrpcStatus(
      guest::v1::ProcessService::NewStub(channel)->Exec(&context, request, &response));
}

absl::Status PlainMachines::Machine::Suspend() {
  if (virDomainSuspend(domain_.get()) == 0) return absl::OkStatus();
  return LastLibvirtError("virDomainSuspend");
}

absl::Status PlainMachines::Machine::Resume() {
  if (virDomainResume(domain_.get()) == 0) return absl::OkStatus();
  return LastLibvirtError("virDomainResume");
}

absl::Status PlainMachines::Machine::Save() {
  if (virDomainSave(domain_.get(), SaveFile().c_str()) == 0) return absl::OkStatus();
  return LastLibvirtError("virDomainSave");
}

absl::Status PlainMachines::Machine::Restore() {
  if (virDomainRestoreFlags(owner_.host_.connection.get(), SaveFile().c_str(), nullptr,
                            VIR_DOMAIN_SAVE_RUNNING) != 0) {
    return LastLibvirtError("virDomainRestore");
  }
  domain_.reset(virDomainLookupByName(owner_.host_.connection.get(), config_.id.value().c_str()));
  return domain_ != nullptr ? absl::OkStatus() : LastLibvirtError("looking a machine up");
}

absl::StatusOr<uint64_t> PlainMachines::Machine::SavedBytes() const {
  struct stat status = {};
  if (::stat(SaveFile().c_str(), &status) != 0) return absl::ErrnoToStatus(errno, SaveFile());
  return static_cast<uint64_t>(status.st_blocks) * 512;
}

absl::StatusOr<int64_t> PlainMachines::Machine::Pid() const {
  ORCH_ASSIGN_OR_RETURN(
      const std::string text,
      ReadFile(absl::StrCat(owner_.host_.place.run_directory, "/", config_.id.value(), ".pid"),
               kMaxPidBytes));
  int64_t pid = 0;
  if (absl::SimpleAtoi(absl::StripAsciiWhitespace(text), &pid)) return pid;
  return absl::InternalError("a plain machine has no process");
}

std::string PlainMachines::Machine::SaveFile() const {
  return owner_.daemon_.dir().File(absl::StrCat("plain/", config_.id.value(), ".save"));
}

}  // namespace orch::bench
