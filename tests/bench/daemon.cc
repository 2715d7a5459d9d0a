#include "tests/bench/daemon.h"

#include <filesystem>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "tests/support/capability_cache.h"

namespace orch::bench {
namespace {

// Boots, on a busy host without KVM.
constexpr absl::Duration kBootTimeout = absl::Minutes(10);
constexpr absl::Duration kShellTimeout = absl::Minutes(1);
constexpr absl::Duration kPoolTimeout = absl::Minutes(20);
constexpr absl::Duration kPoll = absl::Milliseconds(20);
// Between two calls that take one.
constexpr absl::Duration kKeepShells = absl::Hours(1);
// Paused machines cost nothing; those of a pool may be promised more memory than there is.
constexpr double kMemoryOvercommit = 4;

// A spec that is alike everywhere in this program.
orchestrator::v1::BrowserSpec SpecOf(const std::string& image, bool headless) {
  orchestrator::v1::BrowserSpec spec;
  spec.set_image(image);
  spec.set_headless(headless);
  spec.set_timeout_seconds(72 * 3600);
  spec.set_standby_disabled(true);
  return spec;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const std::string& image_dir) {
  auto daemon = absl::WrapUnique(new Daemon);
  ORCH_RETURN_IF_ERROR(daemon->Compose(image_dir));
  return daemon;
}

absl::Status Daemon::Compose(const std::string& image_dir) {
  for (const char* name : {"vms", "scratch", "templates", "standby"}) {
    std::filesystem::create_directories(dir_.File(name));
  }
  libvirt_options_.embed_root = dir_.File("libvirt");
  libvirt_options_.accelerator = AcceleratorChoice::kTcg;
  libvirt_options_.transport = TransportChoice::kVirtioSerial;
  ORCH_ASSIGN_OR_RETURN(images_, ImageCatalog::Create(image_dir));
  ORCH_ASSIGN_OR_RETURN(store_, SqliteStateStore::Create(dir_.File("state.db")));
  ORCH_ASSIGN_OR_RETURN(key_store_, SqliteKeyStore::Create(dir_.File("state.db")));
  ORCH_ASSIGN_OR_RETURN(keys_, ApiKeys::Load(*key_store_, clock_));
  testing::CapabilityCache::OfRoot(libvirt_options_.embed_root).Seed();
  ORCH_ASSIGN_OR_RETURN(driver_, LibvirtVmDriver::Create(libvirt_options_));
  ORCH_ASSIGN_OR_RETURN(browsers_host_,
                        BrowserHost::Create({.driver = *driver_,
                                             .checkpoints = driver_->checkpoints(),
                                             .guests = guests_,
                                             .store = *store_,
                                             .images = *images_,
                                             .observer = machine_observer_,
                                             .clock = clock_},
                                            {.state_dir = dir_.path(),
                                             .shells = {.keep = kKeepShells},
                                             .boot_timeout = kBootTimeout,
                                             .memory_overcommit = kMemoryOvercommit}));
  BrowserRegistry& registry = browsers_host_->registry();
  ORCH_ASSIGN_OR_RETURN(
      pools_,
      PoolRegistry::Create(
          {.browsers = registry,
           .store = *store_,
           .resolve = [&registry](const BrowserSpec& spec) { return registry.ResolvePooled(spec); },
           .observer = pool_observer_,
           .clock = clock_},
          {}));
  ORCH_ASSIGN_OR_RETURN(
      server_, ApiServer::Start({.driver = *driver_,
                                 .browsers = *browsers_host_,
                                 .pools = *pools_,
                                 .store = *store_,
                                 .keys = *keys_,
                                 .images = *images_,
                                 .metrics = metrics_,
                                 .clock = clock_},
                                {.listen = "127.0.0.1:0",
                                 .unix_socket = dir_.File("sock"),
                                 .about = {.version = "bench", .state_dir = dir_.path()}}));
  const auto channel = grpc::CreateChannel(absl::StrCat("unix:", dir_.File("sock")),
                                           grpc::InsecureChannelCredentials());
  browsers_ = orchestrator::v1::BrowserService::NewStub(channel);
  pools_stub_ = orchestrator::v1::PoolService::NewStub(channel);
  processes_ = guest::v1::ProcessService::NewStub(channel);
  files_ = guest::v1::FileSystemService::NewStub(channel);
  computer_ = guest::v1::ComputerService::NewStub(channel);
  return absl::OkStatus();
}

Daemon::~Daemon() {
  if (server_ != nullptr) server_->Shutdown(absl::Now());
  server_.reset();
  pools_.reset();
  browsers_host_.reset();
  if (driver_ == nullptr) return;
  // Machines outlive a daemon, but not this one.
  const absl::StatusOr<std::vector<VmInfo>> left = driver_->List();
  if (!left.ok()) return;
  for (const VmInfo& vm : *left) driver_->Destroy(vm.id).IgnoreError();
}

absl::StatusOr<BrowserRegistry::Plan> Daemon::PlanOf(const std::string& image) {
  BrowserSpec spec;
  spec.image = image;
  spec.headless = true;
  return browsers_host_->registry().Resolve(spec);
}

absl::StatusOr<TemplateRef> Daemon::TemplateOf(const std::string& image) {
  ORCH_ASSIGN_OR_RETURN(const BrowserRegistry::Plan plan, PlanOf(image));
  absl::StatusOr<TemplateRef> result = absl::UnknownError("");
  absl::Notification answered;
  browsers_host_->templates().GetOrBuild(plan.base, plan.image, Templates::Memory::kOwn,
                                         [&](absl::StatusOr<TemplateRef> made) {
                                           result = std::move(made);
                                           answered.Notify();
                                         });
  answered.WaitForNotification();
  return result;
}

absl::Status Daemon::LoadAndResume(const Shell& shell, const std::string& devices) {
  ORCH_RETURN_IF_ERROR(driver_->checkpoints().LoadDevices(shell.vm.id, devices));
  return driver_->Resume(shell.vm.id);
}

absl::StatusOr<orchestrator::v1::Browser> Daemon::Create(const std::string& image, bool headless) {
  grpc::ClientContext context;
  orchestrator::v1::CreateBrowserRequest request;
  *request.mutable_spec() = SpecOf(image, headless);
  orchestrator::v1::Browser browser;
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(browsers_->CreateBrowser(&context, request, &browser)));
  return browser;
}

absl::Status Daemon::Delete(const std::string& session_id) {
  grpc::ClientContext context;
  orchestrator::v1::DeleteBrowserRequest request;
  request.set_session_id(session_id);
  orchestrator::v1::Browser browser;
  return FromGrpcStatus(browsers_->DeleteBrowser(&context, request, &browser));
}

absl::Status Daemon::Standby(const std::string& session_id) {
  grpc::ClientContext context;
  orchestrator::v1::StandbyBrowserRequest request;
  request.set_session_id(session_id);
  request.set_level(orchestrator::v1::STANDBY_LEVEL_DISK);
  orchestrator::v1::Browser browser;
  return FromGrpcStatus(browsers_->StandbyBrowser(&context, request, &browser));
}

absl::Status Daemon::Resume(const std::string& session_id) {
  grpc::ClientContext context;
  orchestrator::v1::ResumeBrowserRequest request;
  request.set_session_id(session_id);
  orchestrator::v1::Browser browser;
  return FromGrpcStatus(browsers_->ResumeBrowser(&context, request, &browser));
}

absl::StatusOr<std::string> Daemon::Fork(const std::string& session_id) {
  grpc::ClientContext context;
  orchestrator::v1::ForkBrowserRequest request;
  request.set_session_id(session_id);
  orchestrator::v1::ForkBrowserResponse response;
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(browsers_->ForkBrowser(&context, request, &response)));
  if (response.browsers_size() != 1) return absl::InternalError("not one fork");
  return response.browsers(0).session_id();
}

absl::Status Daemon::Exec(const std::string& session_id) {
  grpc::ClientContext context;
  guest::v1::ExecRequest request;
  request.set_session_id(session_id);
  request.mutable_spec()->set_command("/bin/true");
  guest::v1::ExecResponse response;
  return FromGrpcStatus(processes_->Exec(&context, request, &response));
}

absl::StatusOr<GuestLease> Daemon::Lease(const std::string& session_id) {
  ORCH_ASSIGN_OR_RETURN(const SessionId session, SessionId::Parse(session_id));
  absl::StatusOr<GuestLease> lease = absl::UnknownError("");
  absl::Notification leased;
  host().registry().Lease(session, absl::InfiniteFuture(), [&](absl::StatusOr<GuestLease> given) {
    lease = std::move(given);
    leased.Notify();
  });
  leased.WaitForNotification();
  return lease;
}

absl::Status Daemon::CreatePool(const std::string& name, const std::string& image, uint32_t size) {
  {
    grpc::ClientContext context;
    orchestrator::v1::CreatePoolRequest request;
    request.mutable_spec()->set_name(name);
    request.mutable_spec()->set_size(size);
    request.mutable_spec()->set_fill_rate_per_minute(PoolSpec::kMaxFillRatePerMinute);
    *request.mutable_spec()->mutable_browser() = SpecOf(image, /*headless=*/true);
    orchestrator::v1::Pool pool;
    ORCH_RETURN_IF_ERROR(FromGrpcStatus(pools_stub_->CreatePool(&context, request, &pool)));
  }
  const absl::Time deadline = absl::Now() + kPoolTimeout;
  absl::StatusOr<PoolStatus> status = pools_->GetPool(name);
  while (status.ok() && status->available < size && absl::Now() < deadline) {
    absl::SleepFor(kPoll);
    status = pools_->GetPool(name);
  }
  ORCH_RETURN_IF_ERROR(status.status());
  if (status->available >= size) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat("pool ", name, " has ", status->available, " of ",
                                                  size, " browsers; ", status->last_error,
                                                  status->held_back_by));
}

absl::StatusOr<std::string> Daemon::Acquire(const std::string& pool) {
  grpc::ClientContext context;
  orchestrator::v1::AcquireBrowserRequest request;
  request.set_pool(pool);
  orchestrator::v1::Browser browser;
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(pools_stub_->AcquireBrowser(&context, request, &browser)));
  return browser.session_id();
}

absl::Status Daemon::Release(const std::string& pool, const std::string& session_id) {
  grpc::ClientContext context;
  orchestrator::v1::ReleaseBrowserRequest request;
  request.set_pool(pool);
  request.set_session_id(session_id);
  orchestrator::v1::ReleaseBrowserResponse response;
  return FromGrpcStatus(pools_stub_->ReleaseBrowser(&context, request, &response));
}

absl::Status Daemon::DeletePool(const std::string& pool) {
  grpc::ClientContext context;
  orchestrator::v1::DeletePoolRequest request;
  request.set_pool(pool);
  request.set_force(true);
  orchestrator::v1::DeletePoolResponse response;
  return FromGrpcStatus(pools_stub_->DeletePool(&context, request, &response));
}

absl::Status Daemon::AwaitSpareShell() {
  const absl::Time deadline = absl::Now() + kShellTimeout;
  while (browsers_host_->shells().spare_count() == 0) {
    if (absl::Now() > deadline) return absl::DeadlineExceededError("no spare shell is ready");
    absl::SleepFor(kPoll);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int64_t>> Daemon::Pids() {
  ORCH_ASSIGN_OR_RETURN(const std::vector<VmInfo> machines, driver_->List());
  std::vector<int64_t> pids;
  for (const VmInfo& vm : machines) pids.push_back(vm.pid);
  return pids;
}

}  // namespace orch::bench
