#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch {

// An address and port to listen on. A value.
struct ListenAddress {
  // A numeric address, IPv6 without brackets, or "localhost".
  std::string host;
  // 0 takes any free one.
  uint16_t port = 0;
  bool is_ipv6 = false;
  // Only this machine can reach it.
  bool is_loopback = false;
};

// "127.0.0.1:9470", "[::1]:9470" or "localhost:9470". INVALID_ARGUMENT for anything else; other
// names are not looked up.
absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text);

}  // namespace orch
