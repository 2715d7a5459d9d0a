#pragma once

#include <memory>

#include "absl/functional/any_invocable.h"

#include "orchestrator/gateway/routes/call.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch::gateway {

// Calls `next` with the browser that the path of `call` names, whatever its state. Else answers
// what BrowserService.GetBrowser says.
void WithBrowser(const std::shared_ptr<Call>& call,
                 absl::AnyInvocable<void(orchestrator::v1::Browser)> next);

}  // namespace orch::gateway
