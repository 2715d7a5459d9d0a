#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

#include "orchestrator/gateway/http/request_target.h"

namespace orch::gateway {

// Names as they came, in their order.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// The first value of `name`, in any case; empty when there is none. Valid as long as `headers`.
absl::string_view FindHeader(const HttpHeaders& headers, absl::string_view name);

// A request, whole. A value.
struct HttpRequest {
  // "GET"; as it came, so maybe none that exists.
  std::string method;
  RequestTarget target;
  HttpHeaders headers;
  std::string body;
  // X-Request-Id: the client's, or drawn. At most 128 of [A-Za-z0-9._-].
  std::string id;
  // Address and port that it came in on, such as "127.0.0.1:8080".
  std::string local_address;
  // It came over TLS.
  bool is_encrypted = false;

  absl::string_view Header(absl::string_view name) const { return FindHeader(headers, name); }
};

// An answer. A value.
struct HttpResponse {
  int status = 200;
  // Empty: without Content-Type.
  std::string content_type;
  // More headers. None of Content-Length, Content-Type, Connection, Transfer-Encoding,
  // X-Request-Id, which are the session's.
  HttpHeaders headers;
  std::string body;
};

}  // namespace orch::gateway
