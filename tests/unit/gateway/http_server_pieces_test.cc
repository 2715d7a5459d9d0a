// Bodies that are read in pieces.
#include <string>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/unit/gateway/http_server_fixture.h"

namespace orch::gateway {
namespace {

using ::orch::testing::RawHttp;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Reads all of a body and answers with its size, or with how reading it failed.
void Count(std::shared_ptr<Exchange> exchange, size_t size) {
  Exchange& source = *exchange;
  source.ReadBody(
      [exchange = std::move(exchange), size](absl::StatusOr<std::string> piece) mutable {
        if (piece.ok() && !piece->empty()) return Count(std::move(exchange), size + piece->size());
        exchange->Answer({.status = 200,
                          .content_type = "text/plain",
                          .headers = {},
                          .body = piece.ok() ? std::to_string(size) : piece.status().ToString()});
      });
}

class HttpServerPiecesTest : public HttpServerTest {
 protected:
  void SetUp() override {
    handler_.WantPieces();
    handler_.Set([](std::shared_ptr<Exchange> exchange) { Count(std::move(exchange), 0); });
  }
};

TEST_F(HttpServerPiecesTest, ReadsMoreThanAWholeBodyMayHave) {
  Start();
  const std::string body(5 << 20, 'x');
  EXPECT_THAT(Roundtrip("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5242880\r\n\r\n" + body),
              EndsWith("5242880"));
}

TEST_F(HttpServerPiecesTest, ReadsChunksNothingAndTheNextRequest) {
  Start();
  RawHttp client = Connect();
  client.Send(
      "PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_THAT(client.ReadResponse(), EndsWith("3"));
  client.Send(
      "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
      "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_THAT(client.ReadResponse(), EndsWith("0"));
  EXPECT_THAT(client.ReadResponse(), EndsWith("2"));
}

TEST_F(HttpServerPiecesTest, LetsAHeldBackBodyComeWhenItIsWanted) {
  Start();
  RawHttp client = Connect();
  client.Send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_THAT(client.ReadResponse(), EndsWith("3"));
}

TEST_F(HttpServerPiecesTest, EndsTheConnectionAfterABodyThatWasNotRead) {
  Start();
  handler_.Set([](const std::shared_ptr<Exchange>& exchange) {
    exchange->Answer({.status = 404, .content_type = "text/plain", .headers = {}, .body = "no"});
  });
  EXPECT_THAT(Roundtrip("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nGET / HTT"),
              AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("Connection: close"), EndsWith("no")));
  EXPECT_EQ(handler_.requests(), 1);
}

TEST_F(HttpServerPiecesTest, TellsWhatWasWrongWithABodyWhateverIsAnswered) {
  HttpLimits limits;
  limits.max_pieces_bytes = 10;
  Start(limits);
  const std::string head = "PUT /a HTTP/1.1\r\nHost: h\r\n";
  EXPECT_THAT(Roundtrip(head + "Content-Length: 11\r\n\r\n"), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Roundtrip(head + "Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Roundtrip(head + "Transfer-Encoding: chunked\r\n\r\nnonsense\r\n"),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Roundtrip(head + "Content-Length: 5\r\n\r\nab"), StartsWith("HTTP/1.1 400"));
}

TEST_F(HttpServerPiecesTest, EndsAClientThatSendsThePiecesTooSlowly) {
  HttpLimits limits;
  limits.body_timeout = absl::Milliseconds(1);
  Start(limits);
  RawHttp client = Connect();
  client.Send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 408"));
}

TEST_F(HttpServerPiecesTest, AStreamThatIsAbortedDoesNotLookWhole) {
  Start();
  handler_.Set([](const std::shared_ptr<Exchange>& exchange) {
    const std::shared_ptr<BodyStream> body = exchange->Stream(
        {.status = 200, .content_type = "text/plain", .headers = {}, .body = {}}, "");
    body->Write("half", [body](bool) { body->Abort(); });
  });
  EXPECT_THAT(Roundtrip("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"), EndsWith("4\r\nhalf\r\n"));
}

}  // namespace
}  // namespace orch::gateway
