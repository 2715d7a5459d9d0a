#include "orchestrator/server/node_service.h"

#include <map>

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/server/proto_time.h"

namespace orch {

grpc::ServerUnaryReactor* NodeService::GetNode(grpc::CallbackServerContext* context,
                                               const orchestrator::v1::GetNodeRequest* /*request*/,
                                               orchestrator::v1::Node* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  pool_.Run([this, response, reactor] { reactor->Finish(ToGrpcStatus(Describe(*response))); });
  return reactor;
}

absl::Status NodeService::Describe(orchestrator::v1::Node& node) {
  const HostInfo& host = driver_.host();
  node.set_daemon_version(about_.version);
  node.set_driver(host.driver_name);
  node.set_libvirt_uri(host.uri);
  node.set_libvirt_version(host.library_version);
  node.set_qemu_version(host.hypervisor_version);
  node.set_accelerator(host.accelerator == Accelerator::kKvm ? orchestrator::v1::ACCELERATOR_KVM
                                                             : orchestrator::v1::ACCELERATOR_TCG);
  node.set_accelerator_reason(host.accelerator_reason);
  node.set_transport(host.transport == TransportKind::kVsock
                         ? orchestrator::v1::TRANSPORT_VSOCK
                         : orchestrator::v1::TRANSPORT_VIRTIO_SERIAL);
  node.set_transport_reason(host.transport_reason);
  node.set_host_cpus(host.cpus);
  node.set_host_memory_mib(host.memory_mib);
  node.set_committed_memory_mib(browsers_.budget().committed_mib());
  node.set_state_dir(about_.state_dir);
  *node.mutable_started_at() = ToProto(about_.started_at);
  ORCH_ASSIGN_OR_RETURN(const std::vector<Image> images, images_.List());
  for (const Image& image : images) {
    orchestrator::v1::Image& proto = *node.add_images();
    proto.set_name(image.name);
    proto.set_digest(image.digest);
    for (const std::string& capability : image.capabilities) proto.add_capabilities(capability);
  }
  std::map<BrowserState, uint32_t> counts;
  for (const Browser& browser : browsers_.registry().records().Live()) ++counts[browser.state];
  for (const auto& [state, count] : counts) {
    orchestrator::v1::StateCount& proto = *node.add_counts();
    proto.set_state(static_cast<orchestrator::v1::BrowserState>(state));
    proto.set_count(count);
  }
  return absl::OkStatus();
}

}  // namespace orch
