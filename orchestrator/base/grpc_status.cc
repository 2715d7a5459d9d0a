#include "orchestrator/base/grpc_status.h"

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace orch {
namespace {

// gRPC refuses metadata over 8 KiB by default; this leaves room for the other headers.
constexpr size_t kMaxEncodedBytes = 4096;

// What gRPC's percent-encoding makes of a character, see "Status-Message" in its HTTP/2 mapping.
size_t EncodedBytes(char c) { return c >= ' ' && c <= '~' && c != '%' ? 1 : 3; }

absl::string_view Cut(absl::string_view message) {
  size_t encoded = 0;
  for (size_t i = 0; i < message.size(); ++i) {
    encoded += EncodedBytes(message[i]);
    if (encoded > kMaxEncodedBytes) return message.substr(0, i);
  }
  return message;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(Cut(status.message())));
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace orch
