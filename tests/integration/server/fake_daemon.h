#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "grpcpp/grpcpp.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/browser/browser_host.h"
#include "orchestrator/driver/fake/fake_vm_driver.h"
#include "orchestrator/image/image_catalog.h"
#include "orchestrator/metrics/metrics.h"
#include "orchestrator/pool/pool_registry.h"
#include "orchestrator/server/api_server.h"
#include "orchestrator/snapshot/agent_control.h"
#include "orchestrator/store/fake/fake_key_store.h"
#include "orchestrator/store/fake/fake_state_store.h"
#include "orchestrator/transport/fake/fake_guest.h"
#include "orchestrator/transport/fake/fake_guest_transport.h"
#include "orchestrator/v1/browsers.grpc.pb.h"
#include "orchestrator/v1/node.grpc.pb.h"
#include "tests/support/fake_image.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {

// The daemon's own registry and server over a fake host, store and guest, and a client of it.
// `host`, `store` and the directory outlive Restart, as they do in reality.
class FakeDaemon {
 public:
  // `guest_services` are what every guest serves; they must outlive this.
  explicit FakeDaemon(absl::Duration boot_timeout = absl::Seconds(20),
                      uint64_t memory_budget_mib = 0,
                      const std::vector<grpc::Service*>& guest_services = {})
      : boot_timeout_(boot_timeout),
        memory_budget_mib_(memory_budget_mib),
        guest_(transport_, guest_services) {
    MakeFakeImage(dir_.File("images"), "chromium");
    for (const char* name : {"vms", "scratch", "templates", "standby"}) {
      std::filesystem::create_directories(dir_.File(name));
    }
    Start();
  }

  ~FakeDaemon() { Stop(); }

  void Start() {
    driver_ = std::make_unique<FakeVmDriver>(host_);
    images_ = ImageCatalog::Create(dir_.File("images")).value();
    BrowserHost::Options options;
    options.state_dir = dir_.path();
    options.boot_timeout = boot_timeout_;
    options.memory_budget_mib = memory_budget_mib_;
    // So that every machine is some browser's.
    options.shells.spare = 0;
    browsers_host_ = BrowserHost::Create({.driver = *driver_,
                                          .checkpoints = driver_->checkpoints(),
                                          .guests = control_,
                                          .store = store_,
                                          .images = *images_,
                                          .observer = machine_observer_,
                                          .clock = clock_},
                                         options)
                         .value();
    BrowserRegistry& registry = browsers_host_->registry();
    pools_ = PoolRegistry::Create(
                 {.browsers = registry,
                  .store = store_,
                  .resolve =
                      [&registry](const BrowserSpec& spec) { return registry.ResolvePooled(spec); },
                  .observer = pool_observer_,
                  .clock = clock_},
                 {})
                 .value();
    server_ = ApiServer::Start({.driver = *driver_,
                                .browsers = *browsers_host_,
                                .pools = *pools_,
                                .store = store_,
                                .keys = *keys_,
                                .images = *images_,
                                .metrics = metrics_,
                                .clock = clock_},
                               {.listen = "127.0.0.1:0",
                                .unix_socket = dir_.File("sock"),
                                .about = {.version = "test", .state_dir = dir_.path()}})
                  .value();
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel("unix:" + dir_.File("sock"),
                                         grpc::InsecureChannelCredentials(), arguments);
    browsers_ = orchestrator::v1::BrowserService::NewStub(channel_);
  }

  void Stop() {
    if (server_ != nullptr) server_->Shutdown(absl::Now());
    server_.reset();
    pools_.reset();
    browsers_host_.reset();
  }

  FakeHost& host() { return *host_; }
  std::string SocketPath() const { return dir_.File("sock"); }
  FakeGuestTransport& transport() { return transport_; }
  FakeGuest& guest() { return guest_; }
  ApiServer& server() { return *server_; }
  ApiKeys& keys() { return *keys_; }
  const Clock& clock() const { return clock_; }
  FakeStateStore& store() { return store_; }
  const std::shared_ptr<grpc::Channel>& channel() { return channel_; }
  orchestrator::v1::BrowserService::Stub& browsers() { return *browsers_; }
  // The machine that a live browser runs in, and its directory.
  VmId MachineOf(const std::string& session_id) {
    return browsers_host_->registry()
        .records()
        .GetLive(SessionId::Parse(session_id).value())
        .value()
        .vm.value();
  }
  std::string VmDirectory(const VmId& id) const { return dir_.File("vms/" + id.value()); }
  std::vector<Browser> LiveBrowsers() { return browsers_host_->registry().records().Live(); }
  size_t MachineCount() { return host_->List().value().size(); }
  bool HasVmDirectories() const { return !std::filesystem::is_empty(dir_.File("vms")); }

  grpc::Status Create(orchestrator::v1::Browser& browser,
                      const orchestrator::v1::CreateBrowserRequest& request = {}) {
    grpc::ClientContext context;
    return browsers_->CreateBrowser(&context, request, &browser);
  }
  grpc::Status Get(const std::string& id, orchestrator::v1::Browser& browser) {
    grpc::ClientContext context;
    orchestrator::v1::GetBrowserRequest request;
    request.set_session_id(id);
    return browsers_->GetBrowser(&context, request, &browser);
  }
  grpc::Status Delete(const std::string& id, orchestrator::v1::Browser& browser) {
    grpc::ClientContext context;
    orchestrator::v1::DeleteBrowserRequest request;
    request.set_session_id(id);
    return browsers_->DeleteBrowser(&context, request, &browser);
  }

 private:
  const absl::Duration boot_timeout_;
  const uint64_t memory_budget_mib_;
  TempDir dir_;
  std::shared_ptr<FakeHost> host_ = std::make_shared<FakeHost>();
  FakeStateStore store_;
  FakeKeyStore key_store_;
  FakeGuestTransport transport_;
  FakeGuest guest_;
  SystemClock clock_;
  std::unique_ptr<ApiKeys> keys_ = ApiKeys::Load(key_store_, clock_).value();
  MachineObserver machine_observer_;
  PoolObserver pool_observer_;
  Metrics metrics_{{}, clock_};
  AgentControl control_{transport_, clock_};
  std::unique_ptr<FakeVmDriver> driver_;
  std::unique_ptr<ImageCatalog> images_;
  std::unique_ptr<BrowserHost> browsers_host_;
  std::unique_ptr<PoolRegistry> pools_;
  std::unique_ptr<ApiServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<orchestrator::v1::BrowserService::Stub> browsers_;
};

}  // namespace orch::testing
