// What people look at: the live view and the console.
#include "tests/integration/gateway/gateway_world.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class LiveRoutesTest : public GatewayTest {
 protected:
  // The path and token of a live view's URL, with `below` between them.
  static std::string At(const nlohmann::json& browser, const std::string& below) {
    const std::string url = browser.value("browser_live_view_url", "");
    const size_t path = url.find("/browsers/");
    const size_t query = url.find('?');
    if (path == std::string::npos || query == std::string::npos) return "";
    return url.substr(path, query - path) + below + url.substr(query);
  }
};

TEST_F(LiveRoutesTest, ThePageNeedsItsBrowsersToken) {
  const nlohmann::json browser = MakeBrowser();
  const HttpAnswer page = Send("GET", At(browser, ""), "", "");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.head, AllOf(HasSubstr("text/html"), HasSubstr("Content-Security-Policy: "),
                               HasSubstr("Referrer-Policy: no-referrer")));
  EXPECT_THAT(page.body, HasSubstr("/live/live.js"));
  const std::string foreign = At(MakeBrowser(), "");
  const std::string path = At(browser, "");
  EXPECT_EQ(Send("GET", path.substr(0, path.find('?')) + foreign.substr(foreign.find('?')), "", "")
                .status,
            401);
}

TEST_F(LiveRoutesTest, ScriptsAreForAnyone) {
  for (const char* path : {"/live/live.js", "/live/novnc/core/rfb.js", "/ui/ui.js",
                           "/live/novnc/vendor/pako/lib/zlib/inflate.js"}) {
    const HttpAnswer script = Send("GET", path, "", "");
    EXPECT_EQ(script.status, 200) << path;
    EXPECT_THAT(script.head, HasSubstr("text/javascript"));
  }
  EXPECT_EQ(Send("GET", "/live/novnc/core/../vnc.html", "", "").status, 400);
  EXPECT_EQ(Send("GET", "/live/novnc/vnc.html", "", "").status, 404);
  EXPECT_THAT(Send("GET", "/ui", "", "").body, HasSubstr("/ui/ui.js"));
}

TEST_F(LiveRoutesTest, TheScreenIsAWebSocket) {
  RawHttp client = Connect(At(MakeBrowser(), "/vnc"), "Sec-WebSocket-Protocol: chat, binary\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 101"), HasSubstr("Sec-WebSocket-Protocol: binary\r\n")));
  EXPECT_EQ(client.ReadUntil("\n"), "\x82\x0cRFB 003.008\n");
  client.Send(Frame(2, "hello"));
  EXPECT_EQ(client.ReadUntil("hello"), "\x82\x05hello");
  client.Send(Frame(8, "\x03\xe8"));
  EXPECT_EQ(client.ReadToEnd(), "\x88\x02\x03\xe8");
  devtools_.ended().WaitForNotification();
}

TEST_F(LiveRoutesTest, WhoAsksToLookIsSentToAnAddressThatOpensNothingElse) {
  const nlohmann::json browser = MakeBrowser();
  const HttpAnswer sent = Send("GET", At(browser, "") + "&readOnly=true", "", "");
  EXPECT_EQ(sent.status, 302);
  const size_t at = sent.head.find("Location: ");
  ASSERT_NE(at, std::string::npos) << sent.head;
  const std::string viewer = sent.head.substr(at + 10, sent.head.find("\r\n", at) - at - 10);
  EXPECT_THAT(viewer, HasSubstr("readOnly=true"));
  EXPECT_EQ(Send("GET", viewer, "", "").status, 200);
  // And without the wish to look only, it stays one.
  const std::string stripped = viewer.substr(0, viewer.find("&readOnly"));
  EXPECT_EQ(Send("GET", stripped, "", "").status, 200);
  const std::string query = stripped.substr(stripped.find('?'));
  const std::string path = absl::StrCat("/browsers/", browser.value("session_id", ""));
  EXPECT_EQ(Send("GET", path + "/cdp/json/version" + query, "", "").status, 401);
  RawHttp client = Connect(path + "/live/vnc" + query);
  client.ReadUntil("RFB 003.008\n");
  client.Send(Frame(2, "GET / HTTP/1"));
  EXPECT_THAT(client.ReadToEnd(), HasSubstr("RFB 3.7 or 3.8"));
}

TEST_F(LiveRoutesTest, NothingThatAViewerDoesReachesTheScreen) {
  RawHttp client = Connect(At(MakeBrowser(), "/vnc") + "&readOnly=true");
  client.ReadUntil("RFB 003.008\n");
  const std::string handshake("RFB 003.008\n\1\0", 14);
  const std::string key("\4\1\0\0\0\0\0k", 8);
  const std::string update("\3uuuuuuuuu");
  client.Send(Frame(2, handshake) + Frame(2, key) + Frame(2, update));
  // The guest says back what it heard.
  const std::string heard = client.ReadUntil("uuuuuuuuu");
  EXPECT_THAT(heard, HasSubstr("RFB 003.008\n\1\1"));
  EXPECT_THAT(heard, Not(HasSubstr("k")));
}

TEST_F(LiveRoutesTest, AHeadlessBrowserHasNoScreen) {
  const nlohmann::json browser = MakeBrowser(R"({"headless":true})");
  EXPECT_FALSE(browser.contains("browser_live_view_url"));
  const std::string url = browser.value("cdp_ws_url", "");
  const std::string screen = absl::StrCat("/browsers/", browser.value("session_id", ""),
                                          "/live/vnc", url.substr(url.find('?')));
  EXPECT_THAT(Connect(screen).ReadUntil("\r\n"), HasSubstr("409"));
}

TEST_F(LiveRoutesTest, EventsTellWhatBecomesOfTheBrowser) {
  const nlohmann::json browser = MakeBrowser();
  RawHttp client(gateway_->port());
  client.Send(absl::StrCat("GET ", At(browser, "/events"), " HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_THAT(client.ReadUntil("}\n\n"), HasSubstr(R"({"headless":false,"state":"ready"})"));
  Ask("POST", absl::StrCat("/browsers/", browser.value("session_id", ""), "/standby"));
  EXPECT_THAT(client.ReadUntil("\"standby\"}\n\n"), HasSubstr("\"standby\""));
  Ask("POST", absl::StrCat("/browsers/", browser.value("session_id", ""), "/resume"));
  EXPECT_THAT(client.ReadUntil("\"ready\"}\n\n"), HasSubstr("\"ready\""));
  Ask("DELETE", absl::StrCat("/browsers/", browser.value("session_id", "")));
  EXPECT_THAT(client.ReadUntil("0\r\n\r\n"), HasSubstr("\"deleted\""));
}

TEST_F(LiveRoutesTest, TheConsolesEventsNeedAKey) {
  const std::string id = MakeId();
  EXPECT_EQ(Send("GET", "/ui/events", "", "").status, 401);
  RawHttp client(gateway_->port());
  client.Send(absl::StrCat("GET /ui/events HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ",
                           key_.secret, "\r\n\r\n"));
  EXPECT_THAT(client.ReadUntil("}\n\n"),
              AllOf(HasSubstr(id), HasSubstr("\"state\":\"ready\""), HasSubstr("/live?token=")));
}

}  // namespace
}  // namespace orch::testing
