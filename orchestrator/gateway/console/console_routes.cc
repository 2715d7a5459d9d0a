#include "orchestrator/gateway/console/console_routes.h"

#include <utility>

#include "orchestrator/gateway/kernel/browser_fields.h"
#include "orchestrator/gateway/routes/streamed_answer.h"

namespace orch::gateway {
namespace {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserService;
using ::orchestrator::v1::WatchBrowsersResponse;
using Async = BrowserService::StubInterface::async_interface;
using CallPtr = std::shared_ptr<Call>;

nlohmann::json StateJson(const Browser& browser, const Call& call) {
  nlohmann::json json = BrowserJson(browser, call);
  json["state"] = StateName(browser.state());
  return json;
}

void Events(const CallPtr& call) {
  // Not held by what the exchange holds: the call holds the exchange.
  const std::weak_ptr<Call> weak = call;
  AnswerWithStream<WatchBrowsersResponse>(
      call, call->backend().browsers->async(), &Async::WatchBrowsers, {},
      {.head = EventStreamHead(),
       .heartbeat = kEventHeartbeat,
       .piece =
           [weak](const WatchBrowsersResponse& response) {
             const CallPtr kept = weak.lock();
             return kept == nullptr ? std::string() : EventOf(StateJson(response.browser(), *kept));
           },
       .overrides = {},
       .at_once = true});
}

template <typename Request>
Handler Change(void (Async::*method)(grpc::ClientContext*, const Request*, Browser*,
                                     std::function<void(grpc::Status)>)) {
  return [method](const CallPtr& call) {
    const absl::StatusOr<std::string> id = call->SessionId();
    if (!id.ok()) return call->Fail(id.status());
    Request request;
    request.set_session_id(*id);
    call->Rpc(call->backend().browsers->async(), method, std::move(request), {},
              [call](const absl::StatusOr<Browser>& browser) {
                if (!browser.ok()) return call->Fail(browser.status());
                call->AnswerJson(StateJson(*browser, *call));
              });
  };
}

}  // namespace

std::vector<Route> ConsoleRoutes() {
  return {
      {"GET", "/ui/events", Events},
      {"POST", "/browsers/{id}/standby", Change(&Async::StandbyBrowser)},
      {"POST", "/browsers/{id}/resume", Change(&Async::ResumeBrowser)},
  };
}

}  // namespace orch::gateway
