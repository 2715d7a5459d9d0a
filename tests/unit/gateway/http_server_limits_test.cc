// What clients send that they should not.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/unit/gateway/http_server_fixture.h"

namespace orch::gateway {
namespace {

using ::orch::testing::RawHttp;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Malformed {
  const char* name;
  const char* request;
  const char* status;
};

void PrintTo(const Malformed& malformed, std::ostream* out) { *out << malformed.name; }

class MalformedTest : public HttpServerTest, public ::testing::WithParamInterface<Malformed> {};

TEST_P(MalformedTest, IsAnsweredAndNeverSeenByTheHandler) {
  Start();
  EXPECT_THAT(
      Roundtrip(GetParam().request),
      AllOf(StartsWith(std::string("HTTP/1.1 ") + GetParam().status), HasSubstr("\"message\""),
            HasSubstr("X-Request-Id: "), HasSubstr("Connection: close")));
  EXPECT_EQ(handler_.requests(), 0);
  // Others notice nothing.
  EXPECT_THAT(Roundtrip("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedTest,
    ::testing::Values(
        Malformed{"NoHost", "GET /a HTTP/1.1\r\n\r\n", "400"},
        Malformed{"TwoHosts", "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
        Malformed{"Version", "GET /a HTTP/2.0\r\nHost: h\r\n\r\n", "505"},
        Malformed{"Garbage", "\x16\x03\x01\x02\r\n\r\n", "400"},
        Malformed{"DotDot", "GET /a/%2e%2e/b HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
        Malformed{"TwoSlashes", "GET //a HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
        Malformed{"Nul", "GET /a%00 HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
        Malformed{"Authority", "CONNECT a:1 HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
        Malformed{"Lengths",
                  "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                  "400"},
        Malformed{"LengthAndChunks",
                  "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: "
                  "chunked\r\n\r\n0\r\n\r\n",
                  "400"},
        Malformed{"ChunksThatAreNotLast",
                  "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, "
                  "identity\r\n\r\n0\r\n\r\n",
                  "400"},
        Malformed{"UnknownCoding",
                  "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nab", "400"},
        Malformed{"ChunkedTwice",
                  "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  "400"},
        Malformed{"ChunksInHttp10",
                  "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
        Malformed{"BlankBeforeColon", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length : 2\r\n\r\nab",
                  "400"},
        Malformed{"SignedLength", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: +2\r\n\r\nab",
                  "400"},
        Malformed{"TwoLengthsInOne",
                  "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2, 3\r\n\r\nab", "400"},
        Malformed{"LineFeedsAlone", "GET /a HTTP/1.1\nHost: h\n\n", "505"},
        Malformed{"ChunkOverflow",
                  "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                  "chunked\r\n\r\nfffffffffffffffff\r\n",
                  "400"},
        Malformed{"NegativeLength", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
                  "400"},
        Malformed{"BadChunk",
                  "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
                  "400"},
        Malformed{"HeaderWithoutColon", "GET /a HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n", "400"},
        Malformed{"HalfABody", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab", "400"},
        Malformed{"HalfAHeader", "GET /a HTTP/1.1\r\nHos", "400"},
        Malformed{"TooLongABody", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1048577\r\n\r\n",
                  "413"}),
    [](const auto& tested) { return tested.param.name; });

using HttpLimitsTest = HttpServerTest;

TEST_F(HttpLimitsTest, RefusesAFloodOfHeaders) {
  Start();
  std::string flood = "GET /a HTTP/1.1\r\nHost: h\r\n";
  while (flood.size() < 20'000) flood += "X-Flood: yes\r\n";
  EXPECT_THAT(Roundtrip(flood + "\r\n"), StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(Roundtrip("GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
}

TEST_F(HttpLimitsTest, LetsAClientReadWhyItsLargeBodyWasRefused) {
  HttpLimits limits;
  limits.max_body_bytes = 10;
  Start(limits);
  EXPECT_THAT(Roundtrip("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" +
                        std::string(1'000'000, 'x')),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Roundtrip("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                        "chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
}

TEST_F(HttpLimitsTest, EndsAClientThatSendsItsHeadersTooSlowly) {
  HttpLimits limits;
  limits.header_timeout = absl::Milliseconds(1);
  Start(limits);
  RawHttp client = Connect();
  client.Send("GET /a HT");
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 408"));
}

TEST_F(HttpLimitsTest, EndsAClientThatSendsItsBodyTooSlowly) {
  HttpLimits limits;
  limits.body_timeout = absl::Milliseconds(1);
  Start(limits);
  RawHttp client = Connect();
  client.Send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 408"));
}

TEST_F(HttpLimitsTest, EndsAClientThatAsksForNothing) {
  HttpLimits limits;
  limits.idle_timeout = absl::Milliseconds(1);
  Start(limits);
  RawHttp client = Connect();
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(HttpLimitsTest, RefusesMoreConnectionsThanItTakes) {
  HttpLimits limits;
  limits.max_connections = 1;
  Start(limits);
  RawHttp first = Connect();
  first.Send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  first.ReadResponse();
  RawHttp second = Connect();
  EXPECT_THAT(second.ReadToEnd(),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("too many connections")));
  first.Send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(first.ReadResponse(), StartsWith("HTTP/1.1 200"));
}

}  // namespace
}  // namespace orch::gateway
