#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace orch::gateway {

// Signs and checks the tokens in URLs that are given to clients, who cannot send headers with them.
// A token is good for one browser, in the hands of the one who held it when the token was made,
// until it expires. Thread-safe.
class UrlTokens {
 public:
  // What a token opens.
  struct Grant {
    std::string session_id;
    // The lease that it belongs to: when the browser was acquired from its pool, in nanoseconds; 0
    // outside a pool. The next holder of the same browser is another.
    int64_t lease = 0;
  };

  // How much of that.
  enum class Scope {
    // All that is done with a browser's URLs.
    kUse,
    // Its screen and its recordings, without touching anything.
    kLook,
  };

  // `secret` signs: 32 random bytes or more, the same over restarts or every URL dies with the
  // daemon.
  explicit UrlTokens(std::string secret) : secret_(std::move(secret)) {}

  // Of [A-Za-z0-9._-] alone.
  std::string Issue(const Grant& grant, Scope scope, absl::Time expires_at) const;

  // Whether `text` looks like a token, rather than like an API key.
  static bool IsToken(absl::string_view text);

  // What a good token of `grant` opens, and until when.
  struct Opened {
    Scope scope = Scope::kLook;
    absl::Time expires_at;
  };
  // UNAUTHENTICATED: not ours, of another browser or lease, or expired; the message says which of
  // these.
  absl::StatusOr<Opened> Check(absl::string_view token, const Grant& grant, absl::Time now) const;

 private:
  std::string Signature(absl::string_view version, const Grant& grant,
                        int64_t expires_at_seconds) const;

  const std::string secret_;
};

}  // namespace orch::gateway
