#include "orchestrator/gateway/routes/authenticate.h"

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/utf8.h"
#include "orchestrator/gateway/kernel/browser_fields.h"

namespace orch::gateway {
namespace {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserService;
using ::orchestrator::v1::Key;
using ::orchestrator::v1::KeyService;

void CheckKey(const std::shared_ptr<Call>& call, absl::string_view secret,
              absl::AnyInvocable<void()> welcome) {
  // Nothing else can be asked for over gRPC.
  if (!IsUtf8(secret)) return call->Fail(absl::UnauthenticatedError("there is no such API key"));
  orchestrator::v1::CheckKeyRequest request;
  request.set_secret(std::string(secret));
  call->Rpc(call->backend().keys->async(), &KeyService::StubInterface::async_interface::CheckKey,
            std::move(request), {},
            [call, welcome = std::move(welcome)](const absl::StatusOr<Key>& key) mutable {
              if (key.ok()) return welcome();
              call->Fail(key.status());
            });
}

// What `token` opens of `browser` for a route that wants `access`.
absl::StatusOr<UrlTokens::Opened> Open(const Backend& backend, Access access,
                                       absl::string_view token,
                                       const absl::StatusOr<Browser>& browser) {
  // Who has no key does not learn which browsers there are.
  if (absl::IsNotFound(browser.status())) {
    return absl::UnauthenticatedError("the URL's token is not of this browser");
  }
  if (!browser.ok()) return browser.status();
  ORCH_ASSIGN_OR_RETURN(const UrlTokens::Opened opened,
                        backend.tokens.Check(token, GrantOf(*browser), backend.clock.Now()));
  if (HasEnded(*browser)) return absl::UnauthenticatedError("the browser of this URL has ended");
  if (opened.scope == UrlTokens::Scope::kLook && access != Access::kBrowserView) {
    return absl::UnauthenticatedError("the URL's token is good for looking alone");
  }
  return opened;
}

void CheckToken(const std::shared_ptr<Call>& call, Access access, std::string token,
                absl::AnyInvocable<void()> welcome) {
  const absl::StatusOr<std::string> id = call->SessionId();
  if (!id.ok()) return call->Fail(id.status());
  orchestrator::v1::GetBrowserRequest request;
  request.set_session_id(*id);
  call->Rpc(call->backend().browsers->async(),
            &BrowserService::StubInterface::async_interface::GetBrowser, std::move(request), {},
            [call, access, token = std::move(token),
             welcome = std::move(welcome)](const absl::StatusOr<Browser>& browser) mutable {
              const absl::StatusOr<UrlTokens::Opened> opened =
                  Open(call->backend(), access, token, browser);
              if (!opened.ok()) return call->Fail(opened.status());
              call->set_opened(*opened);
              welcome();
            });
}

// Whether a route takes the tokens of URLs.
bool TakesTokens(Access access) {
  return access == Access::kBrowserUrl || access == Access::kBrowserView;
}

}  // namespace

UrlTokens::Grant GrantOf(const Browser& browser) {
  const auto& acquired = browser.acquired_at();
  return {.session_id = browser.session_id(),
          .lease = browser.pool_id().empty()
                       ? 0
                       : acquired.seconds() * 1'000'000'000 + acquired.nanos()};
}

void Authenticate(const std::shared_ptr<Call>& call, Access access,
                  absl::AnyInvocable<void()> welcome) {
  if (access == Access::kAnyone) return welcome();
  const HttpRequest& request = call->request();
  absl::string_view authorization = request.Header("Authorization");
  if (absl::StartsWithIgnoreCase(authorization, "Bearer ")) {
    const absl::string_view secret = absl::StripAsciiWhitespace(authorization.substr(7));
    if (TakesTokens(access) && UrlTokens::IsToken(secret)) {
      return CheckToken(call, access, std::string(secret), std::move(welcome));
    }
    return CheckKey(call, secret, std::move(welcome));
  }
  if (const absl::string_view key = request.Header("x-api-key"); !key.empty()) {
    return CheckKey(call, key, std::move(welcome));
  }
  if (std::optional<std::string> token = request.target.Query("token");
      token.has_value() && TakesTokens(access)) {
    return CheckToken(call, access, *std::move(token), std::move(welcome));
  }
  if (const std::optional<std::string> key = request.target.Query("access_token");
      key.has_value() && access == Access::kKeyInUrl) {
    return CheckKey(call, *key, std::move(welcome));
  }
  call->Fail(absl::UnauthenticatedError(
      "send an API key as Authorization: Bearer KEY; orchctl keys create makes one"));
}

}  // namespace orch::gateway
