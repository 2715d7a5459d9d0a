#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"

#include "guest/v1/computer.grpc.pb.h"
#include "guest/v1/filesystem.grpc.pb.h"
#include "guest/v1/process.grpc.pb.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/browser/browser_host.h"
#include "orchestrator/driver/libvirt/libvirt_vm_driver.h"
#include "orchestrator/image/image_catalog.h"
#include "orchestrator/metrics/metrics.h"
#include "orchestrator/pool/pool_registry.h"
#include "orchestrator/server/api_server.h"
#include "orchestrator/snapshot/agent_control.h"
#include "orchestrator/store/sqlite/sqlite_key_store.h"
#include "orchestrator/store/sqlite/sqlite_state_store.h"
#include "orchestrator/transport/virtio_serial/virtio_serial_transport.h"
#include "orchestrator/v1/browsers.grpc.pb.h"
#include "orchestrator/v1/pools.grpc.pb.h"
#include "tests/support/temp_dir.h"

namespace orch::bench {

// The daemon's parts in this process on real machines, so that what is below its API can be
// measured, too, and a client of it. Not thread-safe; calls block.
class Daemon {
 public:
  // LibvirtVmDriver's and BrowserHost's errors.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const std::string& image_dir);
  ~Daemon();

  const testing::TempDir& dir() const { return dir_; }
  LibvirtVmDriver& driver() { return *driver_; }
  BrowserHost& host() { return *browsers_host_; }
  AgentControl& guests() { return guests_; }
  const LibvirtOptions& libvirt_options() const { return libvirt_options_; }
  // Leads to every service of it.
  std::shared_ptr<grpc::Channel> InProcessChannel() { return server_->InProcessChannel(); }
  orchestrator::v1::BrowserService::Stub& browsers() { return *browsers_; }
  orchestrator::v1::PoolService::Stub& pools() { return *pools_stub_; }
  guest::v1::ProcessService::Stub& processes() { return *processes_; }
  guest::v1::FileSystemService::Stub& files() { return *files_; }
  guest::v1::ComputerService::Stub& computer() { return *computer_; }

  // What a headless browser of this image is made of.
  absl::StatusOr<BrowserRegistry::Plan> PlanOf(const std::string& image);
  // Its template, built where it is missing.
  absl::StatusOr<TemplateRef> TemplateOf(const std::string& image);

  // Makes a shell a running clone, without the daemon's API.
  absl::Status LoadAndResume(const Shell& shell, const std::string& devices);

  // A browser that never sleeps by itself.
  absl::StatusOr<orchestrator::v1::Browser> Create(const std::string& image, bool headless = true);
  absl::Status Delete(const std::string& session_id);
  absl::Status Standby(const std::string& session_id);
  absl::Status Resume(const std::string& session_id);
  absl::StatusOr<std::string> Fork(const std::string& session_id);
  // Runs /bin/true in the guest.
  absl::Status Exec(const std::string& session_id);
  // A browser's guest on the agent's own connection.
  absl::StatusOr<GuestLease> Lease(const std::string& session_id);

  // A full pool of headless browsers that never sleep by themselves, named `name`.
  absl::Status CreatePool(const std::string& name, const std::string& image, uint32_t size);
  absl::StatusOr<std::string> Acquire(const std::string& pool);
  absl::Status Release(const std::string& pool, const std::string& session_id);
  absl::Status DeletePool(const std::string& pool);

  // Waits until a shell is ready ahead of need, as it is between calls of a daemon that is not
  // overwhelmed.
  absl::Status AwaitSpareShell();

  // The processes of all machines that there are.
  absl::StatusOr<std::vector<int64_t>> Pids();

 private:
  Daemon() = default;
  absl::Status Compose(const std::string& image_dir);

  const testing::TempDir dir_;
  MachineObserver machine_observer_;
  PoolObserver pool_observer_;
  const SystemClock clock_{};
  VirtioSerialTransport transport_;
  AgentControl guests_{transport_, clock_};
  LibvirtOptions libvirt_options_;
  Metrics metrics_{{}, clock_};
  std::unique_ptr<ImageCatalog> images_;
  std::unique_ptr<SqliteStateStore> store_;
  std::unique_ptr<SqliteKeyStore> key_store_;
  std::unique_ptr<ApiKeys> keys_;
  std::unique_ptr<LibvirtVmDriver> driver_;
  std::unique_ptr<BrowserHost> browsers_host_;
  std::unique_ptr<PoolRegistry> pools_;
  std::unique_ptr<ApiServer> server_;
  std::unique_ptr<orchestrator::v1::BrowserService::Stub> browsers_;
  std::unique_ptr<orchestrator::v1::PoolService::Stub> pools_stub_;
  std::unique_ptr<guest::v1::ProcessService::Stub> processes_;
  std::unique_ptr<guest::v1::FileSystemService::Stub> files_;
  std::unique_ptr<guest::v1::ComputerService::Stub> computer_;
};

}  // namespace orch::bench
