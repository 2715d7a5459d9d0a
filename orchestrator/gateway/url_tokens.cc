#include "orchestrator/gateway/url_tokens.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace orch::gateway {
namespace {

// By scope: what a token begins with, and what is signed with the rest of it.
constexpr absl::string_view kUseVersion = "v1";
constexpr absl::string_view kLookVersion = "v1look";

absl::string_view VersionOf(UrlTokens::Scope scope) {
  return scope == UrlTokens::Scope::kUse ? kUseVersion : kLookVersion;
}

}  // namespace

std::string UrlTokens::Signature(absl::string_view version, const Grant& grant,
                                 int64_t expires_at_seconds) const {
  const std::string text =
      absl::StrCat(version, "\n", grant.session_id, "\n", grant.lease, "\n", expires_at_seconds);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  ::HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  return absl::WebSafeBase64Escape(absl::string_view(reinterpret_cast<const char*>(mac), size));
}

std::string UrlTokens::Issue(const Grant& grant, Scope scope, absl::Time expires_at) const {
  const int64_t seconds = absl::ToUnixSeconds(expires_at);
  const absl::string_view version = VersionOf(scope);
  return absl::StrCat(version, ".", seconds, ".", Signature(version, grant, seconds));
}

bool UrlTokens::IsToken(absl::string_view text) {
  return absl::StartsWith(text, absl::StrCat(kUseVersion, ".")) ||
         absl::StartsWith(text, absl::StrCat(kLookVersion, "."));
}

absl::StatusOr<UrlTokens::Opened> UrlTokens::Check(absl::string_view token, const Grant& grant,
                                                   absl::Time now) const {
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  int64_t expires_at = 0;
  if (parts.size() != 3 || !IsToken(token) || !absl::SimpleAtoi(parts[1], &expires_at)) {
    return absl::UnauthenticatedError(
        "the URL's token is malformed: get the browser for a new URL");
  }
  const std::string expected = Signature(parts[0], grant, expires_at);
  if (parts[2].size() != expected.size() ||
      ::CRYPTO_memcmp(parts[2].data(), expected.data(), expected.size()) != 0) {
    return absl::UnauthenticatedError(
        "the URL's token is not of this browser, or of an earlier holder of it: get the browser "
        "for a new URL");
  }
  if (now >= absl::FromUnixSeconds(expires_at)) {
    return absl::UnauthenticatedError("the URL has expired: get the browser for a new one");
  }
  return Opened{.scope = parts[0] == kUseVersion ? Scope::kUse : Scope::kLook,
                .expires_at = absl::FromUnixSeconds(expires_at)};
}

}  // namespace orch::gateway
