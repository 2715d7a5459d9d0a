#include "orchestrator/proxy/exposed_methods.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

#include "guest/v1/computer.pb.h"
#include "guest/v1/filesystem.pb.h"
#include "guest/v1/lifecycle.pb.h"
#include "guest/v1/log.pb.h"
#include "guest/v1/playwright.pb.h"
#include "guest/v1/process.pb.h"
#include "guest/v1/replay.pb.h"
#include "guest/v1/tunnel.pb.h"

namespace orch {

ExposedMethods::ExposedMethods() {
  // One message of each file under proto/guest/v1: naming it links the file's descriptors.
  const google::protobuf::FileDescriptor* const files[] = {
      guest::v1::CaptureScreenshotRequest::descriptor()->file(),
      guest::v1::ReadFileRequest::descriptor()->file(),
      guest::v1::GetStatusRequest::descriptor()->file(),
      guest::v1::StreamLogRequest::descriptor()->file(),
      guest::v1::ExecuteRequest::descriptor()->file(),
      guest::v1::ExecRequest::descriptor()->file(),
      guest::v1::StartReplayRequest::descriptor()->file(),
      guest::v1::ConnectRequest::descriptor()->file(),
  };
  for (const google::protobuf::FileDescriptor* file : files) {
    for (int i = 0; i < file->service_count(); ++i) {
      const google::protobuf::ServiceDescriptor* service = file->service(i);
      if (service->full_name() == "guest.v1.LifecycleService") continue;
      for (int j = 0; j < service->method_count(); ++j) {
        const google::protobuf::MethodDescriptor* method = service->method(j);
        methods_[absl::StrCat("/", service->full_name(), "/", method->name())] = {
            .client_streaming = method->client_streaming(),
            .server_streaming = method->server_streaming()};
      }
    }
  }
}

const MethodShape* ExposedMethods::Find(absl::string_view path) const {
  const auto found = methods_.find(path);
  return found == methods_.end() ? nullptr : &found->second;
}

std::vector<std::string> ExposedMethods::Paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, shape] : methods_) paths.push_back(path);
  return paths;
}

}  // namespace orch
