#pragma once

#include <string>
#include <utility>

#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"

#include "orchestrator/base/thread_pool.h"
#include "orchestrator/browser/browser_host.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/image/image_catalog.h"
#include "orchestrator/v1/node.grpc.pb.h"

namespace orch {

// orchestrator.v1.NodeService. Thread-safe.
class NodeService final : public orchestrator::v1::NodeService::CallbackService {
 public:
  struct About {
    std::string version;
    std::string state_dir;
    absl::Time started_at;
  };

  // All must outlive this. `pool` runs what blocks on the disk.
  NodeService(About about, const VmDriver& driver, BrowserHost& browsers, ImageCatalog& images,
              ThreadPool& pool)
      : about_(std::move(about)),
        driver_(driver),
        browsers_(browsers),
        images_(images),
        pool_(pool) {}

  grpc::ServerUnaryReactor* GetNode(grpc::CallbackServerContext* context,
                                    const orchestrator::v1::GetNodeRequest* request,
                                    orchestrator::v1::Node* response) override;

 private:
  absl::Status Describe(orchestrator::v1::Node& node);

  const About about_;
  const VmDriver& driver_;
  BrowserHost& browsers_;
  ImageCatalog& images_;
  ThreadPool& pool_;
};

}  // namespace orch
