// Measures the main job on real virtual machines, each figure beside what it is compared with, in
// one run.
//   orch_bench IMAGE_DIR [--quick]
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "grpcpp/grpcpp.h"

#include "guest/v1/process.grpc.pb.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/browser/browser_registry.h"
#include "orchestrator/driver/libvirt/libvirt_vm_driver.h"
#include "orchestrator/image/image_catalog.h"
#include "orchestrator/server/api_server.h"
#include "orchestrator/store/sqlite/sqlite_state_store.h"
#include "orchestrator/transport/virtio_serial/virtio_serial_transport.h"
#include "tests/support/temp_dir.h"

namespace orch::bench {
namespace {

// The daemon's parts in this process, so that the agent can also be called without the API server
// and the proxy.
struct Host {
  testing::TempDir dir;
  SystemClock clock;
  std::unique_ptr<ImageCatalog> images;
  std::unique_ptr<SqliteStateStore> store;
  std::unique_ptr<LibvirtVmDriver> driver;
  VirtioSerialTransport transport;
  std::unique_ptr<BrowserRegistry> registry;
  std::unique_ptr<ApiServer> server;
};

absl::StatusOr<std::unique_ptr<Host>> MakeHost(const std::string& image_dir) {
  auto host = std::make_unique<Host>();
  std::filesystem::create_directories(host->dir.File("vms"));
  std::filesystem::create_directories(host->dir.File("scratch"));
  ORCH_ASSIGN_OR_RETURN(host->images, ImageCatalog::Create(image_dir));
  ORCH_ASSIGN_OR_RETURN(host->store, SqliteStateStore::Create(host->dir.File("state.db")));
  LibvirtOptions options;
  options.embed_root = host->dir.File("libvirt");
  options.transport = TransportChoice::kVirtioSerial;
  ORCH_ASSIGN_OR_RETURN(host->driver, LibvirtVmDriver::Create(options));
  ORCH_ASSIGN_OR_RETURN(host->registry, BrowserRegistry::Create({.driver = *host->driver,
                                                                 .transport = host->transport,
                                                                 .store = *host->store,
                                                                 .images = *host->images,
                                                                 .clock = host->clock},
                                                                {.state_dir = host->dir.path()}));
  ORCH_ASSIGN_OR_RETURN(
      host->server,
      ApiServer::Start({.driver = *host->driver,
                        .registry = *host->registry,
                        .store = *host->store,
                        .images = *host->images},
                       {.listen = "127.0.0.1:0",
                        .unix_socket = host->dir.File("sock"),
                        .about = {.version = "bench", .state_dir = host->dir.path()}}));
  return host;
}

absl::StatusOr<Browser> Create(Host& host, const std::string& image, bool headless) {
  absl::StatusOr<Browser> result = absl::UnknownError("");
  absl::Notification done;
  absl::StatusOr<Browser> begun = host.registry->CreateBrowser(
      {.image = image, .headless = headless}, [&](absl::StatusOr<Browser> settled) {
        result = std::move(settled);
        done.Notify();
      });
  if (!begun.ok()) return begun;
  done.WaitForNotification();
  return result;
}

void Delete(Host& host, const SessionId& id) {
  absl::Notification done;
  host.registry->DeleteBrowser(id, [&](const absl::StatusOr<Browser>&) { done.Notify(); });
  done.WaitForNotification();
}

double Quantile(std::vector<double> values, double quantile) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<size_t>(quantile * static_cast<double>(values.size())))];
}

double MillisecondsOf(const std::function<void()>& work) {
  const absl::Time begun = absl::Now();
  work();
  return absl::ToDoubleMilliseconds(absl::Now() - begun);
}

absl::Status BenchBoot(Host& host, const std::string& image, bool headless, int rounds) {
  std::vector<double> milliseconds;
  for (int i = 0; i < rounds; ++i) {
    ORCH_ASSIGN_OR_RETURN(const Browser browser, Create(host, image, headless));
    milliseconds.push_back(absl::ToDoubleMilliseconds(*browser.ready_at - browser.created_at));
    Delete(host, browser.id);
  }
  std::printf("create to READY, %-8s %-8s  min %7.0f ms   median %7.0f ms   max %7.0f ms  (%d)\n",
              image.c_str(), headless ? "headless" : "headful", Quantile(milliseconds, 0),
              Quantile(milliseconds, 0.5), Quantile(milliseconds, 1), rounds);
  return absl::OkStatus();
}

guest::v1::ExecRequest TrueRequest(const SessionId& id) {
  guest::v1::ExecRequest request;
  request.set_session_id(id.value());
  request.mutable_spec()->set_command("/bin/true");
  return request;
}

absl::Status ExecOnce(guest::v1::ProcessService::Stub& stub, const SessionId& id) {
  grpc::ClientContext context;
  guest::v1::ExecResponse response;
  return FromGrpcStatus(stub.Exec(&context, TrueRequest(id), &response));
}

// One turn each, so that a change of the machine's speed meets both.
absl::Status BenchExec(guest::v1::ProcessService::Stub& direct,
                       guest::v1::ProcessService::Stub& daemon, const SessionId& id) {
  std::vector<double> direct_ms;
  std::vector<double> daemon_ms;
  absl::Status status;
  for (int i = 0; i < 220 && status.ok(); ++i) {
    const double a = MillisecondsOf([&] { status.Update(ExecOnce(direct, id)); });
    const double b = MillisecondsOf([&] { status.Update(ExecOnce(daemon, id)); });
    if (i < 20) continue;  // Warm-up.
    direct_ms.push_back(a);
    daemon_ms.push_back(b);
  }
  ORCH_RETURN_IF_ERROR(status);
  std::printf("Exec /bin/true, agent directly      p50 %6.2f ms   p99 %6.2f ms  (200)\n",
              Quantile(direct_ms, 0.5), Quantile(direct_ms, 0.99));
  std::printf(
      "Exec /bin/true, through the daemon  p50 %6.2f ms   p99 %6.2f ms  (200)   p50 ratio %.2f\n",
      Quantile(daemon_ms, 0.5), Quantile(daemon_ms, 0.99),
      Quantile(daemon_ms, 0.5) / Quantile(direct_ms, 0.5));
  return absl::OkStatus();
}

absl::StatusOr<double> StreamMibPerSecond(guest::v1::ProcessService::Stub& stub,
                                          const SessionId& id, int mebibytes) {
  grpc::ClientContext spawn_context;
  guest::v1::SpawnRequest spawn;
  spawn.set_session_id(id.value());
  spawn.mutable_spec()->set_command("dd");
  for (const std::string& argument : {std::string("if=/dev/zero"), std::string("bs=65536"),
                                      "count=" + std::to_string(mebibytes * 16)}) {
    spawn.mutable_spec()->add_args(argument);
  }
  spawn.set_output_overflow(guest::v1::OUTPUT_OVERFLOW_BLOCK);
  guest::v1::Process process;
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(stub.Spawn(&spawn_context, spawn, &process)));
  const absl::Time begun = absl::Now();
  grpc::ClientContext context;
  guest::v1::StreamOutputRequest request;
  request.set_session_id(id.value());
  request.set_process_id(process.process_id());
  auto stream = stub.StreamOutput(&context, request);
  guest::v1::StreamOutputResponse response;
  while (stream->Read(&response)) {
  }
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(stream->Finish()));
  return mebibytes / absl::ToDoubleSeconds(absl::Now() - begun);
}

absl::Status BenchCalls(Host& host, int mebibytes) {
  ORCH_ASSIGN_OR_RETURN(const Browser browser, Create(host, "minimal", true));
  absl::StatusOr<GuestLease> lease = absl::UnknownError("");
  absl::Notification leased;
  host.registry->Lease(browser.id, absl::InfiniteFuture(), [&](absl::StatusOr<GuestLease> l) {
    lease = std::move(l);
    leased.Notify();
  });
  leased.WaitForNotification();
  ORCH_RETURN_IF_ERROR(lease.status());
  auto direct = guest::v1::ProcessService::NewStub(lease->channel());
  auto daemon = guest::v1::ProcessService::NewStub(
      grpc::CreateChannel("unix:" + host.dir.File("sock"), grpc::InsecureChannelCredentials()));
  ORCH_RETURN_IF_ERROR(BenchExec(*direct, *daemon, browser.id));
  ORCH_ASSIGN_OR_RETURN(const double direct_speed,
                        StreamMibPerSecond(*direct, browser.id, mebibytes));
  ORCH_ASSIGN_OR_RETURN(const double daemon_speed,
                        StreamMibPerSecond(*daemon, browser.id, mebibytes));
  std::printf("StreamOutput of %d MiB, agent directly %.1f MiB/s, through the daemon %.1f MiB/s\n",
              mebibytes, direct_speed, daemon_speed);
  Delete(host, browser.id);
  return absl::OkStatus();
}

absl::Status Run(const std::string& image_dir, bool quick) {
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<Host> host, MakeHost(image_dir));
  ORCH_RETURN_IF_ERROR(BenchCalls(*host, quick ? 50 : 500));
  ORCH_RETURN_IF_ERROR(BenchBoot(*host, "minimal", true, quick ? 1 : 5));
  ORCH_RETURN_IF_ERROR(BenchBoot(*host, "chromium", true, quick ? 1 : 3));
  return BenchBoot(*host, "chromium", false, quick ? 1 : 3);
}

}  // namespace
}  // namespace orch::bench

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: orch_bench IMAGE_DIR [--quick]\n");
    return 2;
  }
  ::umask(0022);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  orch::InitLogging(orch::LogLevel::kWarning);
  const absl::Status status =
      orch::bench::Run(argv[1], argc == 3 && std::string(argv[2]) == "--quick");
  if (status.ok()) return 0;
  std::fprintf(stderr, "orch_bench: %s\n", std::string(status.message()).c_str());
  return 1;
}
