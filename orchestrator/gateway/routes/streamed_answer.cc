#include "orchestrator/gateway/routes/streamed_answer.h"

#include "absl/strings/str_cat.h"

namespace orch::gateway {

HttpResponse EventStreamHead() {
  return {.status = 200,
          .content_type = "text/event-stream",
          .headers = {{"X-SSE-Content-Type", "application/json"}},
          .body = {}};
}

std::string EventOf(const nlohmann::json& event) {
  // Names in guests may be no UTF-8.
  return absl::StrCat(
      "data: ", event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), "\n\n");
}

}  // namespace orch::gateway
