#include "orchestrator/gateway/cdp/cdp_routes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/gateway/cdp/devtools_http.h"
#include "orchestrator/gateway/cdp/splice.h"
#include "orchestrator/gateway/cdp/tunnel.h"
#include "orchestrator/gateway/routes/browser_urls.h"
#include "orchestrator/gateway/routes/with_browser.h"
#include "orchestrator/gateway/websocket/websocket.h"

namespace orch::gateway {
namespace {

using ::nlohmann::json;
using ::orchestrator::v1::Browser;
using CallPtr = std::shared_ptr<Call>;

constexpr absl::string_view kBrowserTarget = "/devtools/browser/";
constexpr absl::string_view kPageTarget = "/devtools/page/";
// Of the field of that name in what DevTools tells.
constexpr char kSocketUrl[] = "webSocketDebuggerUrl";

// The path of a URL that the guest gave, when it is one of DevTools' targets; else empty.
std::string TargetPath(const json& described) {
  const auto found = described.is_object() ? described.find(kSocketUrl) : described.end();
  if (!described.is_object() || found == described.end() || !found->is_string()) return "";
  const std::string url = found->get<std::string>();
  const size_t path = url.find("/devtools/");
  if (path == std::string::npos) return "";
  const absl::string_view target = absl::string_view(url).substr(path);
  const bool plain = std::all_of(target.begin(), target.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '/';
  });
  const bool known =
      absl::StartsWith(target, kBrowserTarget) || absl::StartsWith(target, kPageTarget);
  return plain && known && target.size() <= 255 ? std::string(target) : "";
}

void RefuseWithoutUpgrade(Call& call) {
  HttpResponse refusal =
      ErrorResponse(426, "this is a WebSocket: connect to it with a DevTools client");
  refusal.headers.emplace_back("Upgrade", "websocket");
  call.Answer(std::move(refusal));
}

// From here on the connection is between the client and DevTools, which answers the handshake
// itself.
void Join(const CallPtr& call, const std::string& session_id, const std::string& path) {
  OpenTunnel(*call->backend().tunnels, session_id, kDevToolsPort, absl::InfiniteDuration(),
             [call, path](absl::StatusOr<std::shared_ptr<ByteConnection>> guest) {
               if (!guest.ok()) return call->Fail(guest.status());
               const std::string handshake = ForwardedHandshake(path, call->request().headers);
               ByteConnection& tunnel = **guest;
               tunnel.Write(handshake,
                            [guest = *guest, client = call->exchange().TakeOver()](bool written) {
                              if (written) return Splice(client, guest);
                              client->Close();
                            });
             });
}

void JoinBrowser(const CallPtr& call) {
  if (!WantsWebSocket(call->request())) return RefuseWithoutUpgrade(*call);
  const absl::StatusOr<std::string> id = call->SessionId();
  if (!id.ok()) return call->Fail(id.status());
  GetFromDevTools(
      call, *id, "/json/version", [call, id = *id](const absl::StatusOr<json>& version) {
        if (!version.ok()) return call->Fail(version.status());
        const std::string path = TargetPath(*version);
        if (path.empty())
          return call->Fail(absl::UnavailableError("the guest's DevTools names no WebSocket"));
        Join(call, id, path);
      });
}

Handler JoinTarget(absl::string_view prefix) {
  return [prefix](const CallPtr& call) {
    if (!WantsWebSocket(call->request())) return RefuseWithoutUpgrade(*call);
    const absl::StatusOr<std::string> id = call->SessionId();
    if (!id.ok()) return call->Fail(id.status());
    const std::string& target = call->Param("target");
    if (!std::all_of(target.begin(), target.end(),
                     [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-'; })) {
      return call->Fail(absl::NotFoundError("there is no such target"));
    }
    Join(call, *id, absl::StrCat(prefix, target));
  };
}

// Calls `next` with the browser, for the URLs that are made of it, and with what DevTools answers
// to `path`.
template <typename Next>
void WithAnswer(const CallPtr& call, const char* path, Next next) {
  WithBrowser(call, [call, path, next](const Browser& browser) {
    GetFromDevTools(call, browser.session_id(), path,
                    [call, next, browser](absl::StatusOr<json> answer) {
                      if (!answer.ok()) return call->Fail(answer.status());
                      next(BrowserUrls(browser, *call), *std::move(answer));
                    });
  });
}

void Version(const CallPtr& call) {
  WithAnswer(call, "/json/version", [call](const BrowserUrls& urls, json version) {
    if (!version.is_object())
      return call->Fail(absl::UnavailableError("the guest's DevTools tells no version"));
    version[kSocketUrl] = urls.Cdp();
    call->AnswerJson(version);
  });
}

void Targets(const CallPtr& call) {
  WithAnswer(call, "/json/list", [call](const BrowserUrls& urls, json targets) {
    if (!targets.is_array())
      return call->Fail(absl::UnavailableError("the guest's DevTools tells no targets"));
    for (json& target : targets) {
      if (!target.is_object()) continue;
      const std::string path = TargetPath(target);
      // It is for people at the guest's own screen.
      target.erase("devtoolsFrontendUrl");
      target.erase(kSocketUrl);
      if (!path.empty()) target[kSocketUrl] = urls.CdpTarget(path);
    }
    call->AnswerJson(targets);
  });
}

}  // namespace

std::string ForwardedHandshake(absl::string_view path, const HttpHeaders& headers) {
  std::string handshake = absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: ", kDevToolsHost, "\r\n");
  for (const auto& [name, value] : headers) {
    if (absl::EqualsIgnoreCase(name, "Connection") || absl::EqualsIgnoreCase(name, "Upgrade") ||
        absl::StartsWithIgnoreCase(name, "Sec-WebSocket-")) {
      absl::StrAppend(&handshake, name, ": ", value, "\r\n");
    }
  }
  return absl::StrCat(handshake, "\r\n");
}

std::vector<Route> CdpRoutes() {
  return {
      {"GET", "/browsers/{id}/cdp", JoinBrowser, Access::kBrowserUrl},
      {"GET", "/browsers/{id}/cdp/devtools/browser/{target}", JoinTarget(kBrowserTarget),
       Access::kBrowserUrl},
      {"GET", "/browsers/{id}/cdp/devtools/page/{target}", JoinTarget(kPageTarget),
       Access::kBrowserUrl},
      {"GET", "/browsers/{id}/cdp/json/version", Version, Access::kBrowserUrl},
      {"GET", "/browsers/{id}/cdp/json/list", Targets, Access::kBrowserUrl},
      {"GET", "/browsers/{id}/cdp/json", Targets, Access::kBrowserUrl},
  };
}

}  // namespace orch::gateway
