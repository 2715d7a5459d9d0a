#include "tests/integration/gateway/gateway_world.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

using BrowserRoutesTest = GatewayTest;

TEST_F(BrowserRoutesTest, CreateAnswersWithTheBrowser) {
  const HttpAnswer answer =
      Ask("POST", "/browsers", R"({"viewport":{"width":1280,"height":800},"timeout_seconds":120})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.head, HasSubstr("Content-Type: application/json\r\n"));
  const nlohmann::json browser = answer.Json();
  const std::string id = browser["session_id"];
  EXPECT_EQ(id.size(), 24u);
  EXPECT_THAT(std::string(browser["cdp_ws_url"]),
              StartsWith("ws://gateway.test:80/browsers/" + id + "/cdp?token="));
  EXPECT_THAT(std::string(browser["webdriver_ws_url"]),
              StartsWith("ws://gateway.test:80/browsers/" + id));
  EXPECT_THAT(std::string(browser["created_at"]),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"));
  EXPECT_EQ(browser["timeout_seconds"], 120);
  EXPECT_EQ(browser["headless"], false);
  EXPECT_EQ(browser["stealth"], false);
  EXPECT_EQ(browser["kiosk_mode"], false);
  EXPECT_EQ(browser["viewport"]["width"], 1280);
  EXPECT_TRUE(browser["usage"]["uptime_ms"].is_number_integer());
}

TEST_F(BrowserRoutesTest, CreateTakesNoBody) { EXPECT_EQ(Ask("POST", "/browsers").status, 200); }

TEST_F(BrowserRoutesTest, CreateNamesAnUnknownField) {
  const HttpAnswer answer = Ask("POST", "/browsers", R"({"headles":true})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.Json()["code"], "bad_request");
  EXPECT_THAT(answer.Message(), HasSubstr("headles is no field of browsers.create"));
}

struct Field {
  const char* body;
  int status;
  const char* name;
};

class CreateFieldTest : public BrowserRoutesTest, public ::testing::WithParamInterface<Field> {};

TEST_P(CreateFieldTest, IsNamed) {
  const HttpAnswer answer = Ask("POST", "/browsers", GetParam().body);
  EXPECT_EQ(answer.status, GetParam().status) << answer.body;
  EXPECT_THAT(answer.Message(), HasSubstr(GetParam().name));
}

INSTANTIATE_TEST_SUITE_P(
    All, CreateFieldTest,
    ::testing::Values(Field{R"({"timeout_seconds":9})", 400,
                            "timeout_seconds must be a whole number, 10..259200"},
                      Field{R"({"timeout_seconds":"60"})", 400, "timeout_seconds"},
                      Field{R"({"headless":"yes"})", 400, "headless"},
                      Field{R"({"viewport":{"width":1280}})", 400, "viewport.height is required"},
                      Field{R"({"viewport":{"width":1280,"height":800,"refresh_rate":10}})", 501,
                            "viewport.refresh_rate"},
                      Field{R"({"headless":true,"viewport":{"width":1280,"height":800}})", 501,
                            "viewport"},
                      Field{R"({"stealth":true})", 501, "stealth"},
                      Field{R"({"gpu":true})", 501, "gpu"}, Field{R"({"name":"x"})", 501, "name"},
                      Field{R"({"tags":{"a":"b"}})", 501, "tags"},
                      Field{R"({"profile":{"name":"p"}})", 501, "profile"},
                      Field{R"({"extensions":[{"name":"e"}]})", 501, "extensions"},
                      Field{R"({"proxy_id":"p"})", 501, "proxy_id"},
                      Field{R"({"start_url":"https://example.com"})", 501, "start_url"},
                      Field{R"({"telemetry":{"enabled":true}})", 501, "telemetry"}));

TEST_F(BrowserRoutesTest, CreateTakesFieldsAtTheirDefaults) {
  EXPECT_EQ(
      Ask("POST", "/browsers",
          R"({"headless":true,"stealth":false,"gpu":false,"tags":{},"extensions":[],"proxy_id":null,
                    "telemetry":{"enabled":false},"kiosk_mode":false})")
          .status,
      200);
}

TEST_F(BrowserRoutesTest, GetShowsOneUntilItIsDeleted) {
  const std::string path = "/browsers/" + MakeId();
  EXPECT_EQ(Ask("GET", path).Json()["headless"], false);
  const HttpAnswer deleted = Ask("DELETE", path);
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(deleted.body, "");
  EXPECT_EQ(Ask("GET", path).status, 404);
  const HttpAnswer kept = Ask("GET", path + "?include_deleted=true");
  EXPECT_EQ(kept.status, 200);
  EXPECT_TRUE(kept.Json().contains("deleted_at"));
  EXPECT_EQ(Ask("DELETE", path).status, 404);
}

TEST_F(BrowserRoutesTest, GetNamesABrowserThatIsNone) {
  const HttpAnswer by_name = Ask("GET", "/browsers/my-browser");
  EXPECT_EQ(by_name.status, 404);
  EXPECT_THAT(by_name.Message(), HasSubstr("my-browser"));
  EXPECT_EQ(Ask("GET", "/browsers/aaaaaaaaaaaaaaaaaaaaaaaa").status, 404);
  EXPECT_EQ(Ask("GET", "/browsers/aaaaaaaaaaaaaaaaaaaaaaaa?include_deleted=perhaps").status, 400);
  EXPECT_EQ(Ask("GET", "/browsers/aaaaaaaaaaaaaaaaaaaaaaaa?nonsense=1").status, 400);
}

TEST_F(BrowserRoutesTest, UpdateNamesWhatHasNoEffect) {
  const std::string path = "/browsers/" + MakeId();
  EXPECT_EQ(Ask("PATCH", path, R"({"proxy_id":"","tags":{}})").status, 200);
  const HttpAnswer answer = Ask("PATCH", path, R"({"name":"mine"})");
  EXPECT_EQ(answer.status, 501);
  EXPECT_THAT(answer.Message(), HasSubstr("name of browsers.update"));
  EXPECT_EQ(Ask("PATCH", path, R"({"headless":true})").status, 400);
}

TEST_F(BrowserRoutesTest, UpdateChangesTheViewport) {
  const std::string path = "/browsers/" + MakeId();
  const HttpAnswer answer = Ask("PATCH", path, R"({"viewport":{"width":800,"height":600}})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.Json()["viewport"]["height"], 600);
  EXPECT_EQ(Ask("GET", path).Json()["viewport"]["width"], 800);
}

TEST_F(BrowserRoutesTest, UpdateOfTheViewportMustBeForcedWhileRecording) {
  const std::string path = "/browsers/" + MakeId();
  ASSERT_EQ(FakeGuest::kRecordingWidth, 321u);
  EXPECT_EQ(Ask("PATCH", path, R"({"viewport":{"width":321,"height":600}})").status, 409);
  EXPECT_EQ(Ask("PATCH", path, R"({"viewport":{"width":321,"height":600,"force":true}})").status,
            200);
  EXPECT_EQ(Ask("PATCH", path, R"({"viewport":{"width":800}})").status, 400);
  EXPECT_EQ(Ask("PATCH", path, R"({"viewport":{"width":800,"height":6}})").status, 400);
}

TEST_F(BrowserRoutesTest, ListPagesByOffset) {
  for (int i = 0; i < 3; ++i) MakeId();
  const HttpAnswer first = Ask("GET", "/browsers?limit=2");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.Json().size(), 2u);
  EXPECT_THAT(first.head, AllOf(HasSubstr("X-Has-More: true"), HasSubstr("X-Next-Offset: 2")));
  const HttpAnswer second = Ask("GET", "/browsers?limit=2&offset=2");
  EXPECT_EQ(second.Json().size(), 1u);
  EXPECT_THAT(second.head, HasSubstr("X-Has-More: false"));
  EXPECT_NE(first.Json()[1]["session_id"], second.Json()[0]["session_id"]);
  EXPECT_EQ(Ask("GET", "/browsers?limit=101").status, 400);
}

TEST_F(BrowserRoutesTest, ListTellsLiveOnesFromDeletedOnes) {
  const std::string live = MakeId();
  const std::string dead = MakeId();
  Ask("DELETE", "/browsers/" + dead);
  EXPECT_EQ(Ask("GET", "/browsers").Json().size(), 1u);
  EXPECT_EQ(Ask("GET", "/browsers?status=deleted").Json()[0]["session_id"], dead);
  EXPECT_EQ(Ask("GET", "/browsers?status=all").Json().size(), 2u);
  EXPECT_EQ(Ask("GET", "/browsers?query=" + live).Json().size(), 1u);
  EXPECT_EQ(Ask("GET", "/browsers?status=sleeping").status, 400);
  EXPECT_EQ(Ask("GET", "/browsers?tags%5Ba%5D=b").status, 501);
}

}  // namespace
}  // namespace orch::testing
