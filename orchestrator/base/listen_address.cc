#include "orchestrator/base/listen_address.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace orch {
namespace {

// "65535"; without sign and spaces, which SimpleAtoi would take.
bool ParsePort(absl::string_view text, uint16_t& port) {
  uint32_t number = 0;
  if (!std::all_of(text.begin(), text.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(text, &number) || number > UINT16_MAX) {
    return false;
  }
  port = static_cast<uint16_t>(number);
  return true;
}

bool ParseHost(absl::string_view text, ListenAddress& address) {
  address.is_ipv6 = text.size() > 2 && text.front() == '[' && text.back() == ']';
  address.host = std::string(address.is_ipv6 ? text.substr(1, text.size() - 2) : text);
  if (address.host == "localhost" && !address.is_ipv6) {
    address.is_loopback = true;
    return true;
  }
  if (address.is_ipv6) {
    in6_addr ipv6 = {};
    if (::inet_pton(AF_INET6, address.host.c_str(), &ipv6) != 1) return false;
    address.is_loopback = IN6_IS_ADDR_LOOPBACK(&ipv6);
    return true;
  }
  in_addr ipv4 = {};
  if (::inet_pton(AF_INET, address.host.c_str(), &ipv4) != 1) return false;
  address.is_loopback = (ntohl(ipv4.s_addr) >> 24) == 127;
  return true;
}

}  // namespace

absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text) {
  ListenAddress address;
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos || !ParsePort(text.substr(colon + 1), address.port) ||
      !ParseHost(text.substr(0, colon), address)) {
    return absl::InvalidArgumentError(
        absl::StrCat("is \"", absl::CHexEscape(text),
                     "\"; it must be a numeric address and a port such as 127.0.0.1:7070 or "
                     "[::1]:7070"));
  }
  return address;
}

}  // namespace orch
