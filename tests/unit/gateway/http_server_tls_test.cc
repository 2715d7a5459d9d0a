#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/subprocess.h"
#include "orchestrator/base/unique_fd.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/gateway/http_server_fixture.h"

namespace orch::gateway {
namespace {

using ::orch::testing::RawHttp;
using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A client that trusts anybody.
class TlsClient {
 public:
  explicit TlsClient(int port, const std::string& protocols = "")
      : context_(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free),
        ssl_(::SSL_new(context_.get()), ::SSL_free),
        fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::SSL_set_fd(ssl_.get(), fd_.get());
    if (!protocols.empty()) {
      ::SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned int>(protocols.size()));
    }
    connected_ = ::SSL_connect(ssl_.get()) == 1;
  }

  bool connected() const { return connected_; }

  // All that comes back for `request`, and whether the server said that this was all.
  std::string Roundtrip(const std::string& request) {
    ::SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size()));
    std::string received;
    char buffer[4096];
    int size = 0;
    while ((size = ::SSL_read(ssl_.get(), buffer, sizeof buffer)) > 0) {
      received.append(buffer, static_cast<size_t>(size));
    }
    finished_ = ::SSL_get_error(ssl_.get(), size) == SSL_ERROR_ZERO_RETURN;
    return received;
  }
  bool finished() const { return finished_; }

 private:
  std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&::SSL_free)> ssl_;
  const UniqueFd fd_;
  bool connected_ = false;
  bool finished_ = false;
};

class HttpServerTlsTest : public HttpServerTest {
 protected:
  HttpServer::TlsFiles MakeFiles(const std::string& name) {
    const HttpServer::TlsFiles files{.certificate = dir_.File(name + ".pem"),
                                     .key = dir_.File(name + ".key")};
    ORCH_EXPECT_OK(RunProgram({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                               "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                               "/CN=localhost", "-keyout", files.key, "-out", files.certificate},
                              absl::Seconds(60)));
    return files;
  }
  absl::Status StartTls(const HttpServer::TlsFiles& files) {
    auto server = HttpServer::Start({.host = "127.0.0.1", .port = 0, .is_loopback = true}, {},
                                    handler_, files);
    if (server.ok()) server_ = *std::move(server);
    return server.status();
  }

  TempDir dir_;
};

TEST_F(HttpServerTlsTest, AnswersAndSaysWhenItIsDone) {
  ORCH_ASSERT_OK(StartTls(MakeFiles("a")));
  handler_.Set([](const std::shared_ptr<Exchange>& exchange) {
    exchange->Answer({.status = 200,
                      .content_type = "text/plain",
                      .headers = {},
                      .body = exchange->request().is_encrypted ? "secret" : "open"});
  });
  TlsClient client(server_->port());
  EXPECT_THAT(client.Roundtrip("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("secret")));
  EXPECT_TRUE(client.finished());
}

TEST_F(HttpServerTlsTest, SpeaksHttp11Alone) {
  ORCH_ASSERT_OK(StartTls(MakeFiles("a")));
  EXPECT_TRUE(TlsClient(server_->port(), "\x02h2\x08http/1.1").connected());
  EXPECT_FALSE(TlsClient(server_->port(), "\x02h2").connected());
}

TEST_F(HttpServerTlsTest, GivesNothingToWhoDoesNotEncrypt) {
  ORCH_ASSERT_OK(StartTls(MakeFiles("a")));
  RawHttp client = Connect();
  client.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.ReadToEnd(), Not(HasSubstr("HTTP")));
  EXPECT_EQ(handler_.requests(), 0);
}

TEST_F(HttpServerTlsTest, NamesTheFileThatIsWrong) {
  const HttpServer::TlsFiles a = MakeFiles("a");
  const HttpServer::TlsFiles b = MakeFiles("b");
  EXPECT_THAT(StartTls({.certificate = "/none.pem", .key = a.key}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("/none.pem")));
  EXPECT_THAT(StartTls({.certificate = a.certificate, .key = a.certificate}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a.pem")));
  EXPECT_THAT(StartTls({.certificate = a.certificate, .key = b.key}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("b.key")));
}

}  // namespace
}  // namespace orch::gateway
