// Who may call what, and what is not there.
#include "tests/integration/gateway/gateway_world.h"
#include "tests/support/status_matchers.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using GatewayAccessTest = GatewayTest;

TEST_F(GatewayAccessTest, WantsAKey) {
  const HttpAnswer answer = Send("GET", "/browsers", "", "");
  EXPECT_EQ(answer.status, 401);
  EXPECT_THAT(answer.head, HasSubstr("WWW-Authenticate: Bearer"));
  EXPECT_THAT(answer.Message(), HasSubstr("orchctl keys create"));
  EXPECT_EQ(Send("GET", "/browsers", "", "Authorization: Bearer orch_wrong\r\n").status, 401);
  EXPECT_EQ(Send("GET", "/browsers", "", "Authorization: Basic eDp5\r\n").status, 401);
  EXPECT_EQ(Ask("GET", "/browsers").status, 200);
}

TEST_F(GatewayAccessTest, AKeyIsGoodForNothingOnceItWasRevoked) {
  ORCH_ASSERT_OK(daemon_.keys().Revoke(key_.key.id));
  EXPECT_EQ(Ask("GET", "/browsers").status, 401);
}

TEST_F(GatewayAccessTest, AUrlsTokenOpensNoRestCall) {
  const nlohmann::json browser = MakeBrowser();
  const std::string url = browser.value("cdp_ws_url", "");
  const std::string token = url.substr(url.find("?token="));
  const std::string path = absl::StrCat("/browsers/", browser.value("session_id", ""));
  EXPECT_EQ(Send("GET", path + token, "", "").status, 401);
  EXPECT_EQ(Send("GET", path + "/cdp/json/version" + token, "", "").status, 200);
}

TEST_F(GatewayAccessTest, AUrlDiesWithItsBrowser) {
  const nlohmann::json browser = MakeBrowser();
  const std::string url = browser.value("cdp_ws_url", "");
  const std::string path = absl::StrCat("/browsers/", browser.value("session_id", ""));
  EXPECT_EQ(Ask("DELETE", path).status, 204);
  for (const char* below : {"/cdp/json/version", "/live", "/live/events", "/replays/x"}) {
    EXPECT_EQ(Send("GET", absl::StrCat(path, below, url.substr(url.find('?'))), "", "").status, 401)
        << below;
  }
}

TEST_F(GatewayAccessTest, NamesWhatIsNotThere) {
  EXPECT_EQ(Ask("GET", "/nothing").status, 404);
  EXPECT_EQ(Ask("GET", "/").status, 404);
  const HttpAnswer wrong = Ask("PUT", "/browsers");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_THAT(wrong.head, AllOf(HasSubstr("Allow: "), HasSubstr("POST"), HasSubstr("GET")));
  EXPECT_EQ(Ask("BREW", "/browsers").status, 501);
}

TEST_F(GatewayAccessTest, NamesWhatDoesNotExistYet) {
  const HttpAnswer profiles = Ask("GET", "/profiles");
  EXPECT_EQ(profiles.status, 501);
  EXPECT_THAT(profiles.Message(), HasSubstr("profiles.list"));
  EXPECT_THAT(profiles.head, HasSubstr("x-should-retry: false"));
  EXPECT_THAT(Ask("GET", "/browsers/x/telemetry/events").Message(),
              HasSubstr("browsers.telemetry.events"));
}

TEST_F(GatewayAccessTest, TakesBodiesOnlyAsJson) {
  const std::string key = absl::StrCat("Authorization: Bearer ", key_.secret, "\r\n");
  RawHttp client(gateway_->port());
  client.Send(absl::StrCat("POST /browsers HTTP/1.1\r\nHost: h\r\n", key,
                           "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}"));
  EXPECT_THAT(client.ReadResponse(), HasSubstr("HTTP/1.1 415"));
  client.Send(
      absl::StrCat("POST /browsers HTTP/1.1\r\nHost: h\r\n", key, "Content-Length: 2\r\n\r\n{}"));
  EXPECT_THAT(client.ReadResponse(), HasSubstr("HTTP/1.1 415"));
}

TEST_F(GatewayAccessTest, RefusesAQueryThatIsNoUtf8) {
  for (const char* query : {"?query=%ff", "?status=%ff", "?%ff=x"}) {
    EXPECT_EQ(Ask("GET", absl::StrCat("/browsers", query)).status, 400) << query;
  }
  const std::string id = MakeId();
  EXPECT_EQ(Ask("GET", absl::StrCat("/sandbox/", id, "/processes?cursor=%ff")).status, 400);
  EXPECT_EQ(Ask("GET", absl::StrCat("/browsers/", id,
                                    "/logs/stream?source=supervisor&supervisor_process=%ff"))
                .status,
            400);
}

TEST_F(GatewayAccessTest, RefusesWhatIsNoJson) {
  for (const char* body : {"{", "[]", "null", "{\"headless\": true,}"}) {
    EXPECT_EQ(Ask("POST", "/browsers", body).status, 400) << body;
  }
}

}  // namespace
}  // namespace orch::testing
