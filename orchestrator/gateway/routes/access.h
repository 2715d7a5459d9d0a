#pragma once

namespace orch::gateway {

// Who may call a route.
enum class Access {
  // Whoever has an API key: as bearer, or as x-api-key.
  kApiKey,
  // That, or the token of a URL of the browser in the path, in the query or as bearer.
  kBrowserUrl,
  // That, or a token that is good for looking alone.
  kBrowserView,
  // An API key as before, or as access_token in the query: WebSockets of web pages send no headers.
  kKeyInUrl,
  // Anyone: what is there is no secret and does nothing.
  kAnyone,
};

}  // namespace orch::gateway
