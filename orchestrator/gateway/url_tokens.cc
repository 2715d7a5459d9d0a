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

constexpr absl::string_view kVersion = "v1";

}  // namespace

std::string UrlTokens::Signature(const Grant& grant, int64_t expires_at_seconds) const {
  const std::string text =
      absl::StrCat(kVersion, "\n", grant.session_id, "\n", grant.lease, "\n", expires_at_seconds);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  ::HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  return absl::WebSafeBase64Escape(absl::string_view(reinterpret_cast<const char*>(mac), size));
}

std::string UrlTokens::Issue(const Grant& grant, absl::Time expires_at) const {
  const int64_t seconds = absl::ToUnixSeconds(expires_at);
  return absl::StrCat(kVersion, ".", seconds, ".", Signature(grant, seconds));
}

bool UrlTokens::IsToken(absl::string_view text) {
  return absl::StartsWith(text, absl::StrCat(kVersion, "."));
}

absl::Status UrlTokens::Check(absl::string_view token, const Grant& grant, absl::Time now) const {
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  int64_t expires_at = 0;
  if (parts.size() != 3 || parts[0] != kVersion || !absl::SimpleAtoi(parts[1], &expires_at)) {
    return absl::UnauthenticatedError(
        "the URL's token is malformed: get the browser for a new URL");
  }
  const std::string expected = Signature(grant, expires_at);
  if (parts[2].size() != expected.size() ||
      ::CRYPTO_memcmp(parts[2].data(), expected.data(), expected.size()) != 0) {
    return absl::UnauthenticatedError(
        "the URL's token is not of this browser, or of an earlier holder of it: get the browser "
        "for a new URL");
  }
  if (now >= absl::FromUnixSeconds(expires_at)) {
    return absl::UnauthenticatedError("the URL has expired: get the browser for a new one");
  }
  return absl::OkStatus();
}

}  // namespace orch::gateway
