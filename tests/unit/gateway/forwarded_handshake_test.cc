#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/gateway/cdp/cdp_routes.h"

namespace orch::gateway {
namespace {

TEST(ForwardedHandshakeTest, KeepsTheHandshakeAndNothingElse) {
  const HttpHeaders headers = {
      {"Host", "gateway:8080"},           {"Authorization", "Bearer secret"},
      {"Origin", "https://page.example"}, {"Connection", "Upgrade"},
      {"Upgrade", "websocket"},           {"Sec-WebSocket-Key", "a2V5"},
      {"Sec-WebSocket-Version", "13"},    {"Cookie", "a=b"}};
  EXPECT_EQ(ForwardedHandshake("/devtools/browser/1", headers),
            "GET /devtools/browser/1 HTTP/1.1\r\nHost: 127.0.0.1:9222\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Key: a2V5\r\nSec-WebSocket-Version: 13\r\n\r\n");
}

}  // namespace
}  // namespace orch::gateway
