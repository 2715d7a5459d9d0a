#include "tests/integration/orchctl/fake_daemon.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

#include "orchestrator/base/grpc_runtime.h"

namespace orch::testing {

grpc::Status FakeNode::GetNode(grpc::ServerContext*, const orchestrator::v1::GetNodeRequest*,
                               orchestrator::v1::Node* response) {
  response->set_daemon_version("1.2.3");
  response->set_driver("fake");
  response->set_host_cpus(8);
  response->set_host_memory_mib(uint64_t{5} << 32);
  response->set_accelerator(orchestrator::v1::ACCELERATOR_TCG);
  response->set_accelerator_reason("no /dev/kvm");
  return grpc::Status::OK;
}

grpc::Status FakeComputer::CaptureScreenshot(grpc::ServerContext*,
                                             const guest::v1::CaptureScreenshotRequest* request,
                                             guest::v1::CaptureScreenshotResponse* response) {
  std::string image(2 << 20, 'x');
  image += absl::StrCat("region ", request->region().x(), " ", request->region().width());
  response->set_image(image);
  response->set_width(800);
  response->set_height(600);
  return grpc::Status::OK;
}

FakeDaemon::FakeDaemon()
    : files_(
          agent::FileSystemService::Create({.users = users_, .default_user = "nobody"}).value()) {
  KeepGrpcRunning();
  grpc::ServerBuilder builder;
  builder.AddListeningPort(target(), grpc::InsecureServerCredentials());
  builder.RegisterService(&node_);
  builder.RegisterService(&browsers_);
  builder.RegisterService(&pools_);
  builder.RegisterService(&templates_);
  builder.RegisterService(&processes_);
  builder.RegisterService(&computer_);
  builder.RegisterService(&tunnels_);
  builder.RegisterService(files_.get());
  server_ = builder.BuildAndStart();
}

FakeDaemon::~FakeDaemon() {
  browsers_.Stop();
  pools_.Stop();
  processes_.Stop();
  // Calls that are still open are cancelled at once.
  server_->Shutdown(std::chrono::system_clock::now());
}

}  // namespace orch::testing
