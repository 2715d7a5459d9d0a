#include "orchestrator/gateway/live/live_routes.h"

#include <utility>

#include "orchestrator/gateway/cdp/tunnel.h"
#include "orchestrator/gateway/kernel/browser_fields.h"
#include "orchestrator/gateway/live/vnc_session.h"
#include "orchestrator/gateway/routes/streamed_answer.h"
#include "orchestrator/gateway/web/web_routes.h"

namespace orch::gateway {
namespace {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserService;
using ::orchestrator::v1::WatchBrowsersResponse;
using Async = BrowserService::StubInterface::async_interface;
using CallPtr = std::shared_ptr<Call>;

// Where the image's X server speaks VNC, in the guest.
constexpr uint16_t kVncPort = 5900;

void Page(const CallPtr& call) { call->Answer(LivePage()); }

void Events(const CallPtr& call) {
  orchestrator::v1::WatchBrowsersRequest request;
  request.set_session_id(call->SessionId().value_or(""));
  AnswerWithStream<WatchBrowsersResponse>(
      call, call->backend().browsers->async(), &Async::WatchBrowsers, std::move(request),
      {.head = EventStreamHead(),
       .heartbeat = kEventHeartbeat,
       .piece =
           [](const WatchBrowsersResponse& response) {
             return EventOf({{"state", StateName(response.browser().state())},
                             {"headless", response.browser().spec().headless()}});
           },
       .overrides = {},
       .at_once = true});
}

void Screen(const CallPtr& call) {
  const std::string id = call->SessionId().value_or("");
  if (!WantsWebSocket(call->request())) {
    // Answers why it is none.
    WebSocket::Accept(call->exchange());
    return;
  }
  orchestrator::v1::GetBrowserRequest request;
  request.set_session_id(id);
  call->Rpc(call->backend().browsers->async(), &Async::GetBrowser, std::move(request), {},
            [call, id](const absl::StatusOr<Browser>& browser) {
              if (!browser.ok()) return call->Fail(browser.status());
              if (browser->spec().headless()) {
                return call->Fail(absl::FailedPreconditionError(
                    "the browser is headless: it has no screen to look at"));
              }
              OpenTunnel(*call->backend().tunnels, id, kVncPort, absl::InfiniteDuration(),
                         [call](absl::StatusOr<std::shared_ptr<ByteConnection>> guest) {
                           if (!guest.ok()) return call->Fail(guest.status());
                           VncSession::Start(WebSocket::Accept(call->exchange(), "binary"),
                                             *std::move(guest));
                         });
            });
}

}  // namespace

std::vector<Route> LiveRoutes() {
  return {
      {"GET", "/browsers/{id}/live", Page, Access::kBrowserUrl},
      {"GET", "/browsers/{id}/live/events", Events, Access::kBrowserUrl},
      {"GET", "/browsers/{id}/live/vnc", Screen, Access::kBrowserUrl},
  };
}

}  // namespace orch::gateway
