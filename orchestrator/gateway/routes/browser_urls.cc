#include "orchestrator/gateway/routes/browser_urls.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/gateway/routes/authenticate.h"

namespace orch::gateway {
namespace {

// The longest that a browser lives without anybody asking for it.
constexpr absl::Duration kLifetime = absl::Hours(72);
constexpr size_t kMaxHostBytes = 255;

// The Host header, when it looks like one.
std::string HostOf(const HttpRequest& request) {
  const absl::string_view host = request.Header("Host");
  const bool good =
      !host.empty() && host.size() <= kMaxHostBytes &&
      std::all_of(host.begin(), host.end(), [](unsigned char c) {
        return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
      });
  return good ? std::string(host) : request.local_address;
}

std::string TokenFor(const orchestrator::v1::Browser& browser, UrlTokens::Scope scope,
                     const Call& call) {
  const Backend& backend = call.backend();
  return backend.tokens.Issue(GrantOf(browser), scope, backend.clock.Now() + kLifetime);
}

}  // namespace

BrowserUrls::BrowserUrls(const orchestrator::v1::Browser& browser, const Call& call)
    : host_(HostOf(call.request())),
      is_encrypted_(call.request().is_encrypted),
      session_id_(browser.session_id()),
      token_(TokenFor(browser, UrlTokens::Scope::kUse, call)),
      look_token_(TokenFor(browser, UrlTokens::Scope::kLook, call)) {}

std::string BrowserUrls::At(const std::string& path) const {
  return absl::StrCat(SocketScheme(), "://", host_, "/browsers/", session_id_, "/cdp", path,
                      "?token=", token_);
}

std::string BrowserUrls::WebDriver() const {
  return absl::StrCat(SocketScheme(), "://", host_, "/browsers/", session_id_,
                      "/webdriver?token=", token_);
}

std::string BrowserUrls::LiveView() const {
  return absl::StrCat(PageScheme(), "://", host_, "/browsers/", session_id_,
                      "/live?token=", token_);
}

std::string BrowserUrls::Replay(const std::string& replay_id) const {
  return absl::StrCat(PageScheme(), "://", host_, "/browsers/", session_id_, "/replays/", replay_id,
                      "?token=", look_token_);
}

std::string BrowserUrls::SandboxRuntime() const {
  return absl::StrCat(PageScheme(), "://", host_, "/sandbox/", session_id_);
}

}  // namespace orch::gateway
