#pragma once

#include <string>

#include "orchestrator/gateway/routes/call.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch::gateway {

// The URLs at which a browser is used, for the client of a call: on the host by which it reached
// the gateway, each with a token that is good for 72 h, for this browser and its present holder. A
// value.
class BrowserUrls {
 public:
  BrowserUrls(const orchestrator::v1::Browser& browser, const Call& call);

  // WebSocket of the whole browser's DevTools.
  std::string Cdp() const { return At(""); }
  // WebSocket of something below it: "/devtools/page/ID".
  std::string CdpTarget(const std::string& path) const { return At(path); }
  // Nothing answers there yet but 501; the SDKs want the field.
  std::string WebDriver() const;
  // Page of the browser's screen.
  std::string LiveView() const;
  // A recording of it, as soon as it is complete. Its token is good for looking alone.
  std::string Replay(const std::string& replay_id) const;
  // What the Hyperbrowser API calls a runtime: below it are the processes. Without the token.
  std::string SandboxRuntime() const;

  const std::string& host() const { return host_; }
  const std::string& token() const { return token_; }

 private:
  std::string At(const std::string& path) const;
  // "ws" or "wss".
  const char* SocketScheme() const { return is_encrypted_ ? "wss" : "ws"; }
  const char* PageScheme() const { return is_encrypted_ ? "https" : "http"; }

  std::string host_;
  bool is_encrypted_;
  std::string session_id_;
  std::string token_;
  std::string look_token_;
};

}  // namespace orch::gateway
