#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "boost/asio/ssl/context.hpp"

namespace orch::gateway {

// What encrypts connections: TLS 1.2 and 1.3, for HTTP/1.1 alone, with the certificate chain and
// the private key in these PEM files. INVALID_ARGUMENT: a file cannot be read or is no such thing,
// or the key is not the certificate's; the message names the file.
absl::StatusOr<std::unique_ptr<boost::asio::ssl::context>> LoadTlsContext(
    const std::string& certificate_file, const std::string& key_file);

}  // namespace orch::gateway
