#include "orchestrator/gateway/http/tls_context.h"

#include <openssl/ssl.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace orch::gateway {
namespace {

namespace ssl = boost::asio::ssl;
using Error = boost::system::error_code;

// In the form of RFC 7301: each name after its length.
constexpr unsigned char kHttp11[] = "\x08http/1.1";

// Picks HTTP/1.1 where the client offers protocols; one that offers only others gets none.
int SelectProtocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* offered, unsigned int offered_size, void* /*arg*/) {
  unsigned char* selected = nullptr;
  const int result = ::SSL_select_next_proto(&selected, out_size, kHttp11, sizeof kHttp11 - 1,
                                             offered, offered_size);
  *out = selected;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

absl::Status Refusal(const std::string& file, const Error& error) {
  return absl::InvalidArgumentError(absl::StrCat(file, ": ", error.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ssl::context>> LoadTlsContext(const std::string& certificate_file,
                                                             const std::string& key_file) {
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  ::SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  ::SSL_CTX_set_alpn_select_cb(context->native_handle(), SelectProtocol, nullptr);
  ::SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION);
  Error error;
  context->use_certificate_chain_file(certificate_file, error);
  if (error) return Refusal(certificate_file, error);
  context->use_private_key_file(key_file, ssl::context::pem, error);
  if (error) return Refusal(key_file, error);
  if (::SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(key_file, " is not the key of the certificate in ", certificate_file));
  }
  return context;
}

}  // namespace orch::gateway
