#include "orchestrator/gateway/http/response_head.h"

namespace orch::gateway {

namespace http = boost::beast::http;

http::response_header<> ResponseHead(const HttpResponse& response, const std::string& request_id,
                                     bool keep_alive) {
  http::response_header<> head;
  head.version(11);
  head.result(static_cast<unsigned>(response.status));
  // Codes of the field that Beast has no words for.
  if (response.status == 499) head.reason("Client Closed Request");
  if (response.status == 529) head.reason("Capacity Exhausted");
  if (!response.content_type.empty()) head.set(http::field::content_type, response.content_type);
  head.set("X-Request-Id", request_id);
  head.set("X-Content-Type-Options", "nosniff");
  head.set(http::field::cache_control, "no-store");
  head.set(http::field::connection, keep_alive ? "keep-alive" : "close");
  for (const auto& [name, value] : response.headers) head.insert(name, value);
  return head;
}

}  // namespace orch::gateway
