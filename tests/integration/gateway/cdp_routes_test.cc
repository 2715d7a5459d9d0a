#include "tests/integration/gateway/gateway_world.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class CdpRoutesTest : public GatewayTest {
 protected:
  // The path and query of a URL of the gateway.
  static std::string PathOf(const std::string& url) { return url.substr(url.find("/browsers/")); }
  std::string Upgrade(const std::string& path) {
    return absl::StrCat(
        "GET ", path,
        " HTTP/1.1\r\nHost: gateway.test:80\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: a2V5\r\nSec-WebSocket-Version: 13\r\nOrigin: http://x\r\n\r\n");
  }

  const nlohmann::json browser_ = MakeBrowser();
  const std::string id_ = browser_["session_id"];
  const std::string path_ = PathOf(browser_["cdp_ws_url"]);
  const std::string token_ = path_.substr(path_.find("?token="));
};

TEST_F(CdpRoutesTest, JoinsAWebSocketWithDevToolsByteForByte) {
  RawHttp client(gateway_->port());
  client.Send(Upgrade(path_));
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 101"));
  // The fake answers with what it was asked.
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"),
              AllOf(StartsWith("GET /devtools/browser/b-1 HTTP/1.1\r\nHost: 127.0.0.1:9222\r\n"),
                    HasSubstr("Sec-WebSocket-Key: a2V5\r\n"), Not(HasSubstr("Origin"))));
  // More than one piece of either side.
  std::string bytes(300'000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>('a' + i % 23);
  client.Send(bytes + "END");
  EXPECT_EQ(client.ReadUntil("END"), bytes + "END");
}

TEST_F(CdpRoutesTest, EndsTheGuestsConnectionWithTheClients) {
  {
    RawHttp client(gateway_->port());
    client.Send(Upgrade(path_));
    client.ReadUntil("\r\n\r\n");
  }
  devtools_.ended().WaitForNotification();
  EXPECT_EQ(Ask("GET", "/browsers/" + id_).status, 200);
}

TEST_F(CdpRoutesTest, JoinsAPage) {
  RawHttp client(gateway_->port());
  client.Send(Upgrade(absl::StrCat("/browsers/", id_, "/cdp/devtools/page/P1", token_)));
  client.ReadUntil("\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), StartsWith("GET /devtools/page/P1 HTTP/1.1\r\n"));
}

TEST_F(CdpRoutesTest, RewritesWhatDevToolsTells) {
  const HttpAnswer version =
      Send("GET", absl::StrCat("/browsers/", id_, "/cdp/json/version/", token_), "", "");
  ASSERT_EQ(version.status, 200) << version.body;
  EXPECT_EQ(version.Json()["Browser"], "Chrome/1");
  EXPECT_THAT(std::string(version.Json()["webSocketDebuggerUrl"]),
              StartsWith(absl::StrCat("ws://gateway.test:80/browsers/", id_, "/cdp?token=")));
  const nlohmann::json list =
      Send("GET", absl::StrCat("/browsers/", id_, "/cdp/json/list", token_), "", "").Json();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_THAT(std::string(list[0]["webSocketDebuggerUrl"]),
              StartsWith(absl::StrCat("ws://gateway.test:80/browsers/", id_,
                                      "/cdp/devtools/page/P1?token=")));
  EXPECT_FALSE(list[0].contains("devtoolsFrontendUrl"));
  // A URL that is none of DevTools' is left out.
  EXPECT_FALSE(list[1].contains("webSocketDebuggerUrl"));
}

TEST_F(CdpRoutesTest, WantsATokenOfThisBrowser) {
  const std::string other = PathOf(MakeBrowser()["cdp_ws_url"]);
  RawHttp client(gateway_->port());
  client.Send(
      Upgrade(absl::StrCat("/browsers/", id_, "/cdp", other.substr(other.find("?token=")))));
  EXPECT_THAT(client.ReadResponse(), StartsWith("HTTP/1.1 401"));
  client.Send(Upgrade(absl::StrCat("/browsers/", id_, "/cdp")));
  EXPECT_THAT(client.ReadResponse(), StartsWith("HTTP/1.1 401"));
  client.Send(Upgrade(absl::StrCat("/browsers/aaaaaaaaaaaaaaaaaaaaaaaa/cdp", token_)));
  EXPECT_THAT(client.ReadResponse(), StartsWith("HTTP/1.1 401"));
}

TEST_F(CdpRoutesTest, AUrlIsGoodForItsHolderAlone) {
  ASSERT_EQ(Ask("POST", "/browser_pools",
                R"({"size":1,"name":"p","headless":true,"fill_rate_per_minute":6000})")
                .status,
            201);
  const nlohmann::json first =
      Ask("POST", "/browser_pools/p/acquire", R"({"acquire_timeout_seconds":60})").Json();
  const std::string url = first["cdp_ws_url"];
  const std::string path = absl::StrCat("/browsers/", std::string(first["session_id"]),
                                        "/cdp/json/version", url.substr(url.find("?token=")));
  EXPECT_EQ(Send("GET", path, "", "").status, 200);
  Ask("POST", "/browser_pools/p/release",
      absl::StrCat(R"({"session_id":")", std::string(first["session_id"]), R"("})"));
  const nlohmann::json second =
      Ask("POST", "/browser_pools/p/acquire", R"({"acquire_timeout_seconds":60})").Json();
  ASSERT_EQ(first["session_id"], second["session_id"]);
  EXPECT_EQ(Send("GET", path, "", "").status, 401);
}

TEST_F(CdpRoutesTest, WantsAWebSocket) { EXPECT_EQ(Send("GET", path_, "", "").status, 426); }

TEST_F(CdpRoutesTest, TellsThatTheBrowserHasEnded) {
  Ask("DELETE", "/browsers/" + id_);
  RawHttp client(gateway_->port());
  client.Send(Upgrade(path_));
  EXPECT_THAT(client.ReadResponse(),
              AllOf(StartsWith("HTTP/1.1 401"), HasSubstr("the browser of this URL has ended")));
}

}  // namespace
}  // namespace orch::testing
