#include "orchestrator/gateway/live/live_routes.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/gateway/cdp/tunnel.h"
#include "orchestrator/gateway/kernel/browser_fields.h"
#include "orchestrator/gateway/live/vnc_session.h"
#include "orchestrator/gateway/routes/authenticate.h"
#include "orchestrator/gateway/routes/streamed_answer.h"
#include "orchestrator/gateway/routes/with_browser.h"
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
// The longest that a browser lives without anybody asking for it.
constexpr absl::Duration kLookFor = absl::Hours(72);

bool IsReadOnly(const Call& call) {
  return call.opened().scope == UrlTokens::Scope::kLook ||
         call.request().target.Query("readOnly").value_or("") == "true";
}

// Who asks for the page to look at is sent on to an address that is good for nothing else: that is
// the one to hand on.
void SendToViewer(const CallPtr& call) {
  WithBrowser(call, [call](const Browser& browser) {
    const Backend& backend = call->backend();
    const absl::Time end = std::min(call->opened().expires_at, backend.clock.Now() + kLookFor);
    const std::string token = backend.tokens.Issue(GrantOf(browser), UrlTokens::Scope::kLook, end);
    call->Answer({.status = 302,
                  .content_type = {},
                  .headers = {{"Location", absl::StrCat("/browsers/", browser.session_id(),
                                                        "/live?token=", token, "&readOnly=true")},
                              {"Cache-Control", "no-store"},
                              {"Referrer-Policy", "no-referrer"}},
                  .body = {}});
  });
}

void Page(const CallPtr& call) {
  const bool widens = call->opened().scope == UrlTokens::Scope::kUse;
  if (IsReadOnly(*call) && widens) return SendToViewer(call);
  call->Answer(LivePage());
}

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
  WithBrowser(call, [call, id](const Browser& browser) {
    if (browser.spec().headless()) {
      return call->Fail(
          absl::FailedPreconditionError("the browser is headless: it has no screen to look at"));
    }
    OpenTunnel(*call->backend().tunnels, id, kVncPort, absl::InfiniteDuration(),
               [call](absl::StatusOr<std::shared_ptr<ByteConnection>> guest) {
                 if (!guest.ok()) return call->Fail(guest.status());
                 VncSession::Start(WebSocket::Accept(call->exchange(), "binary"), *std::move(guest),
                                   IsReadOnly(*call));
               });
  });
}

}  // namespace

std::vector<Route> LiveRoutes() {
  return {
      {"GET", "/browsers/{id}/live", Page, Access::kBrowserView},
      {"GET", "/browsers/{id}/live/events", Events, Access::kBrowserView},
      {"GET", "/browsers/{id}/live/vnc", Screen, Access::kBrowserView},
  };
}

}  // namespace orch::gateway
