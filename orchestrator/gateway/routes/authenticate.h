#pragma once

#include <memory>

#include "absl/functional/any_invocable.h"

#include "orchestrator/gateway/routes/call.h"

namespace orch::gateway {

// Calls `welcome` when the request of `call` has a good API key as bearer or, where
// `url_token_will_do`, a token in its URL that is good for the browser in its path. Else answers
// 401.
void Authenticate(const std::shared_ptr<Call>& call, bool url_token_will_do,
                  absl::AnyInvocable<void()> welcome);

// What a token in a URL of `browser` is good for.
UrlTokens::Grant GrantOf(const orchestrator::v1::Browser& browser);

}  // namespace orch::gateway
