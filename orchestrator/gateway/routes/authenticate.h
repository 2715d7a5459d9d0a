#pragma once

#include <memory>

#include "absl/functional/any_invocable.h"

#include "orchestrator/gateway/routes/access.h"
#include "orchestrator/gateway/routes/call.h"

namespace orch::gateway {

// Calls `welcome` when the request of `call` has what `access` wants. Else answers 401.
void Authenticate(const std::shared_ptr<Call>& call, Access access,
                  absl::AnyInvocable<void()> welcome);

// What a token in a URL of `browser` is good for.
UrlTokens::Grant GrantOf(const orchestrator::v1::Browser& browser);

}  // namespace orch::gateway
