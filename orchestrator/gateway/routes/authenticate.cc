#include "orchestrator/gateway/routes/authenticate.h"

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

#include "orchestrator/base/utf8.h"

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

void CheckToken(const std::shared_ptr<Call>& call, std::string token,
                absl::AnyInvocable<void()> welcome) {
  const absl::StatusOr<std::string> id = call->SessionId();
  if (!id.ok()) return call->Fail(id.status());
  orchestrator::v1::GetBrowserRequest request;
  request.set_session_id(*id);
  call->Rpc(call->backend().browsers->async(),
            &BrowserService::StubInterface::async_interface::GetBrowser, std::move(request), {},
            [call, token = std::move(token),
             welcome = std::move(welcome)](absl::StatusOr<Browser> browser) mutable {
              absl::Status status = browser.status();
              if (status.ok()) {
                status = call->backend().tokens.Check(token, GrantOf(*browser),
                                                      call->backend().clock.Now());
              } else if (status.code() == absl::StatusCode::kNotFound) {
                // Who has no key does not learn which browsers there are.
                status = absl::UnauthenticatedError("the URL's token is not of this browser");
              }
              if (status.ok()) return welcome();
              call->Fail(status);
            });
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
    if (access == Access::kBrowserUrl && UrlTokens::IsToken(secret)) {
      return CheckToken(call, std::string(secret), std::move(welcome));
    }
    return CheckKey(call, secret, std::move(welcome));
  }
  if (const absl::string_view key = request.Header("x-api-key"); !key.empty()) {
    return CheckKey(call, key, std::move(welcome));
  }
  if (std::optional<std::string> token = request.target.Query("token");
      token.has_value() && access == Access::kBrowserUrl) {
    return CheckToken(call, *std::move(token), std::move(welcome));
  }
  if (const std::optional<std::string> key = request.target.Query("access_token");
      key.has_value() && access == Access::kKeyInUrl) {
    return CheckKey(call, *key, std::move(welcome));
  }
  call->Fail(absl::UnauthenticatedError(
      "send an API key as Authorization: Bearer KEY; orchctl keys create makes one"));
}

}  // namespace orch::gateway
