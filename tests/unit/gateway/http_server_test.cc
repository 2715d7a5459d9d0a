#include "orchestrator/gateway/http/http_server.h"

#include <string>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"
#include "tests/unit/gateway/http_server_fixture.h"

namespace orch::gateway {
namespace {

using ::orch::testing::RawHttp;
using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(HttpServerTest, AnswersRequestsOfOneConnectionInTheirOrder) {
  Start();
  RawHttp client = Connect();
  // Both at once.
  client.Send(
      "GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /b HTTP/1.1\r\nHost: h\r\nContent-Length: "
      "3\r\n\r\nabc");
  EXPECT_THAT(client.ReadResponse(), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("/a?x=1 ")));
  EXPECT_THAT(client.ReadResponse(), EndsWith("/b abc"));
  client.Send("GET /c HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.ReadResponse(), EndsWith("/c "));
}

TEST_F(HttpServerTest, TakesAChunkedBody) {
  Start();
  EXPECT_THAT(Roundtrip("POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                        "chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
              EndsWith("/b abc"));
}

TEST_F(HttpServerTest, SpeaksHttp10) {
  Start();
  const std::string response = Roundtrip("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_THAT(response,
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Connection: close"), EndsWith("/a ")));
}

TEST_F(HttpServerTest, LetsAHeldBackBodyCome) {
  Start();
  RawHttp client = Connect();
  client.Send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_THAT(client.ReadResponse(), EndsWith("/b abc"));
}

TEST_F(HttpServerTest, AnswersAClientThatHasHalfClosed) {
  Start();
  absl::Notification half_closed;
  handler_.Set([&](std::shared_ptr<Exchange> exchange) {
    auto kept = exchange;
    exchange->OnGone(Exchange::Patience::kGiveUp, [&half_closed, kept]() mutable {
      kept->Answer({.status = 200, .content_type = "text/plain", .headers = {}, .body = "late"});
      kept.reset();
      half_closed.Notify();
    });
  });
  EXPECT_THAT(Roundtrip("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"), EndsWith("late"));
  half_closed.WaitForNotification();
}

TEST_F(HttpServerTest, TellsThatAClientReset) {
  Start();
  absl::Notification arrived;
  absl::Notification gone;
  std::shared_ptr<Exchange> held;
  handler_.Set([&](std::shared_ptr<Exchange> exchange) {
    exchange->OnGone(Exchange::Patience::kGiveUp, [&gone] { gone.Notify(); });
    held = std::move(exchange);
    arrived.Notify();
  });
  {
    RawHttp client = Connect();
    client.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    arrived.WaitForNotification();
  }
  gone.WaitForNotification();
  held.reset();
}

TEST_F(HttpServerTest, KeepsTheClientsRequestIdOrDrawsOne) {
  Start();
  EXPECT_THAT(Roundtrip("GET /a HTTP/1.1\r\nHost: h\r\nX-Request-Id: abc-1.2_3\r\n\r\n"),
              HasSubstr("X-Request-Id: abc-1.2_3\r\n"));
  const std::string drawn = Roundtrip("GET /a HTTP/1.1\r\nHost: h\r\nX-Request-Id: a b\r\n\r\n");
  const size_t at = drawn.find("X-Request-Id: ");
  ASSERT_NE(at, std::string::npos);
  EXPECT_THAT(drawn.substr(at, 38), MatchesRegex("X-Request-Id: [a-z0-9]{24}"));
}

TEST_F(HttpServerTest, StreamsABodyInChunks) {
  Start();
  handler_.Set([](std::shared_ptr<Exchange> exchange) {
    const std::shared_ptr<BodyStream> body = exchange->Stream(
        {.status = 200, .content_type = "text/event-stream", .headers = {}, .body = {}}, "");
    body->Write("one", [body](bool ok) {
      EXPECT_TRUE(ok);
      body->Write("two", [body](bool) { body->Finish(); });
    });
  });
  RawHttp client = Connect();
  client.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked"));
  EXPECT_EQ(client.ReadUntil("0\r\n\r\n"), "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
  handler_.Set(nullptr);
  client.Send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.ReadResponse(), EndsWith("/b "));
}

TEST_F(HttpServerTest, StreamsToHttp10UntilTheEndOfTheConnection) {
  Start();
  handler_.Set([](std::shared_ptr<Exchange> exchange) {
    const std::shared_ptr<BodyStream> body = exchange->Stream(
        {.status = 200, .content_type = "text/plain", .headers = {}, .body = {}}, "");
    body->Write("one", [body](bool) {});
  });
  EXPECT_THAT(Roundtrip("GET /a HTTP/1.0\r\n\r\n"),
              AllOf(Not(HasSubstr("chunked")), EndsWith("\r\n\r\none")));
}

TEST_F(HttpServerTest, SendsHeartbeatsWhileNothingIsStreamed) {
  HttpLimits limits;
  limits.heartbeat_interval = absl::Milliseconds(1);
  Start(limits);
  handler_.Set([](std::shared_ptr<Exchange> exchange) {
    // Held by what is called when the client goes, as a stream's source would.
    const std::shared_ptr<BodyStream> body = exchange->Stream(
        {.status = 200, .content_type = "text/event-stream", .headers = {}, .body = {}}, ":\n\n");
    exchange->OnGone(Exchange::Patience::kGiveUp, [body] {});
  });
  RawHttp client = Connect();
  client.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  client.ReadUntil("\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("3\r\n:\n\n\r\n"), "3\r\n:\n\n\r\n");
  EXPECT_EQ(client.ReadUntil("3\r\n:\n\n\r\n"), "3\r\n:\n\n\r\n");
}

TEST_F(HttpServerTest, HandsOverAConnectionWithWhatCameEarly) {
  Start();
  handler_.Set([](std::shared_ptr<Exchange> exchange) {
    const std::shared_ptr<ByteConnection> bytes = exchange->TakeOver();
    bytes->Read([bytes](std::string early) {
      bytes->Write("got " + early, [bytes](bool) { bytes->Close(); });
    });
  });
  RawHttp client = Connect();
  client.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\nearly");
  EXPECT_EQ(client.ReadToEnd(), "got early");
}

TEST_F(HttpServerTest, AnswersWhatItsHandlerDropped) {
  Start();
  handler_.Set([](const std::shared_ptr<Exchange>&) {});
  EXPECT_THAT(Roundtrip("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 500"));
}

TEST_F(HttpServerTest, FinishesARequestUnderWayWhenItStops) {
  Start();
  absl::Notification arrived;
  std::shared_ptr<Exchange> held;
  handler_.Set([&](std::shared_ptr<Exchange> exchange) {
    held = std::move(exchange);
    arrived.Notify();
  });
  RawHttp busy = Connect();
  RawHttp idle = Connect();
  busy.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  arrived.WaitForNotification();
  std::thread stopping([&] { server_->Shutdown(absl::InfiniteFuture()); });
  // The idle one ends at once, the other after its answer.
  EXPECT_EQ(idle.ReadToEnd(), "");
  held->Answer({.status = 200, .content_type = "text/plain", .headers = {}, .body = "done"});
  held.reset();
  EXPECT_THAT(busy.ReadToEnd(), AllOf(HasSubstr("Connection: close"), EndsWith("done")));
  stopping.join();
}

TEST_F(HttpServerTest, AbandonsARequestAtTheDeadlineOfItsStop) {
  Start();
  absl::Notification arrived;
  std::shared_ptr<Exchange> held;
  handler_.Set([&](std::shared_ptr<Exchange> exchange) {
    exchange->OnGone(Exchange::Patience::kFinish, [&held] { held.reset(); });
    held = std::move(exchange);
    arrived.Notify();
  });
  RawHttp client = Connect();
  client.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  arrived.WaitForNotification();
  server_->Shutdown(absl::Now());
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(HttpServerTest, SaysWhatToDoWhenItsAddressIsTaken) {
  Start();
  const auto port = static_cast<uint16_t>(server_->port());
  EXPECT_THAT(HttpServer::Start({.host = "127.0.0.1", .port = port}, {}, handler_),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("--gateway-listen")));
}

}  // namespace
}  // namespace orch::gateway
