#include "orchestrator/gateway/routes/with_browser.h"

#include <utility>

namespace orch::gateway {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserService;

void WithBrowser(const std::shared_ptr<Call>& call, absl::AnyInvocable<void(Browser)> next) {
  const absl::StatusOr<std::string> id = call->SessionId();
  if (!id.ok()) return call->Fail(id.status());
  orchestrator::v1::GetBrowserRequest request;
  request.set_session_id(*id);
  call->Rpc(call->backend().browsers->async(),
            &BrowserService::StubInterface::async_interface::GetBrowser, std::move(request), {},
            [call, next = std::move(next)](absl::StatusOr<Browser> browser) mutable {
              if (!browser.ok()) return call->Fail(browser.status());
              next(*std::move(browser));
            });
}

}  // namespace orch::gateway
