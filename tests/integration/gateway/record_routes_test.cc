// Logs, recordings and scripts.
#include "tests/integration/gateway/gateway_world.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class LogRoutesTest : public GatewayTest {
 protected:
  HttpAnswer Stream(const std::string& query) { return Ask("GET", absl::StrCat(path_, query)); }

  const std::string path_ = absl::StrCat("/browsers/", MakeId(), "/logs/stream?");
};

TEST_F(LogRoutesTest, AProgramsLinesAreEvents) {
  const HttpAnswer answer = Stream("source=supervisor&supervisor_process=chromium&follow=false");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.head, AllOf(HasSubstr("text/event-stream"), HasSubstr("X-SSE-Content-Type")));
  EXPECT_THAT(answer.body,
              AllOf(HasSubstr(": 9 bytes were dropped\n\n"),
                    HasSubstr("data: {\"event\":\"log\",\"message\":\"one\",\"timestamp\":"
                              "\"2027-01-15T08:00:00.000Z\"}\n\n"),
                    // What is no UTF-8 stands as U+FFFD.
                    HasSubstr("\"message\":\"tw\xef\xbf\xbd\"")));
}

TEST_F(LogRoutesTest, AFilesLinesHaveATimeAsWell) {
  EXPECT_THAT(
      Stream("source=path&path=/tmp/%ff&follow=false").body,
      AllOf(HasSubstr("\"message\":\"/tmp/\xef\xbf\xbd\""), HasSubstr("\"timestamp\":\"2")));
}

TEST_F(LogRoutesTest, FollowsUntilTheClientIsGone) {
  {
    RawHttp client(gateway_->port());
    client.Send(absl::StrCat("GET ", path_, "source=path&path=/x HTTP/1.1\r\nHost: h\r\n",
                             "Authorization: Bearer ", key_.secret, "\r\n\r\n"));
    EXPECT_THAT(client.ReadUntil("}\n\n"), HasSubstr("\"message\":\"/x\""));
  }
  logs_.left().WaitForNotification();
}

TEST_F(LogRoutesTest, RefusesWhatIsWrong) {
  for (const char* query :
       {"", "source=path", "source=supervisor", "source=all&path=/x", "source=path&path=relative",
        "source=path&path=/x&supervisor_process=chromium", "source=supervisor&path=/x",
        "source=path&path=/x&follow=maybe", "source=path&path=/x&tail=3"}) {
    EXPECT_EQ(Stream(query).status, 400) << query;
  }
  const HttpAnswer missing = Stream("source=supervisor&supervisor_process=xclock");
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.Message(), HasSubstr("there is: chromium"));
}

class ReplayRoutesTest : public GatewayTest {
 protected:
  // The path and query of a URL.
  static std::string PathOf(const nlohmann::json& url) {
    const std::string text = url.get<std::string>();
    return text.substr(std::min(text.size(), text.find("/browsers/")));
  }

  const nlohmann::json browser_ = MakeBrowser();
  const std::string base_ =
      absl::StrCat("/browsers/", browser_.value("session_id", ""), "/replays");
};

TEST_F(ReplayRoutesTest, StartTellsWhatWasBegun) {
  const HttpAnswer answer =
      Ask("POST", base_, R"({"framerate":20,"max_duration_in_seconds":5,"record_audio":false})");
  EXPECT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(answer.Json()["replay_id"], "replay0");
  EXPECT_EQ(answer.Json()["started_at"], "2027-01-15T08:00:00.000Z");
  EXPECT_TRUE(answer.Json()["finished_at"].is_null());
  EXPECT_EQ(replays_.last_start().frame_rate(), 20u);
  EXPECT_EQ(replays_.last_start().max_duration().seconds(), 5);
  EXPECT_EQ(Ask("POST", base_).status, 201);
  EXPECT_EQ(replays_.last_start().frame_rate(), 0u);
  EXPECT_FALSE(replays_.last_start().has_max_duration());
  // There is no room for another.
  EXPECT_EQ(Ask("POST", base_).status, 409);
}

TEST_F(ReplayRoutesTest, StartRefusesWhatIsWrong) {
  for (const char* body : {R"({"framerate":0})", R"({"framerate":61})", R"({"fps":5})",
                           R"({"max_duration_in_seconds":0})", R"({"framerate":"5"})"}) {
    EXPECT_EQ(Ask("POST", base_, body).status, 400) << body;
  }
  EXPECT_EQ(Ask("POST", base_, R"({"record_audio":true})").status, 501);
  const HttpAnswer headless = Ask("POST", base_, R"({"framerate":13})");
  EXPECT_EQ(headless.status, 409);
  EXPECT_THAT(headless.head, HasSubstr("x-should-retry: false"));
}

TEST_F(ReplayRoutesTest, ARecordingCanBeDownloadedWhenItIsComplete) {
  Ask("POST", base_);
  const HttpAnswer early = Ask("GET", base_ + "/replay0");
  EXPECT_EQ(early.status, 202);
  EXPECT_THAT(early.head, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_EQ(early.body, "");
  const HttpAnswer stopped = Ask("POST", base_ + "/replay0/stop");
  EXPECT_EQ(stopped.status, 200);
  EXPECT_EQ(stopped.body, "");
  const HttpAnswer whole = Ask("GET", base_ + "/replay0");
  EXPECT_EQ(whole.status, 200);
  EXPECT_THAT(whole.head, HasSubstr("Content-Type: video/mp4\r\n"));
  EXPECT_THAT(whole.body, AllOf(HasSubstr("mo"), HasSubstr("vie")));
  EXPECT_EQ(Ask("GET", base_).Json()[0]["finished_at"], "2027-01-15T08:00:01.000Z");
}

TEST_F(ReplayRoutesTest, TellsWhatIsNotThereOrFailed) {
  EXPECT_EQ(Ask("GET", base_).Json(), nlohmann::json::array());
  EXPECT_EQ(Ask("GET", base_ + "/nobody").status, 404);
  EXPECT_EQ(Ask("POST", base_ + "/nobody/stop").status, 404);
  Ask("POST", base_);
  replays_.Fail();
  const HttpAnswer failed = Ask("GET", base_ + "/replay0");
  EXPECT_EQ(failed.status, 500);
  EXPECT_THAT(failed.Message(), HasSubstr("ffmpeg died"));
}

TEST_F(ReplayRoutesTest, AViewUrlShowsTheRecordingAndOpensNothingElse) {
  const std::string url = PathOf(Ask("POST", base_).Json()["replay_view_url"]);
  Ask("POST", base_ + "/replay0/stop");
  const HttpAnswer seen = Send("GET", url, "", "");
  EXPECT_EQ(seen.status, 200) << url;
  EXPECT_THAT(seen.body, HasSubstr("vie"));
  const std::string token = url.substr(url.find('?'));
  const std::string id = browser_.value("session_id", "");
  EXPECT_EQ(Send("GET", absl::StrCat("/browsers/", id, "/cdp/json/version", token), "", "").status,
            401);
  EXPECT_EQ(
      Send("GET", absl::StrCat("/browsers/", MakeId(), "/replays/replay0", token), "", "").status,
      401);
  EXPECT_EQ(Send("GET", base_ + "/replay0", "", "").status, 401);
}

class PlaywrightRoutesTest : public GatewayTest {
 protected:
  HttpAnswer Execute(const std::string& body) { return Ask("POST", path_, body); }

  const std::string path_ = absl::StrCat("/browsers/", MakeId(), "/playwright/execute");
};

TEST_F(PlaywrightRoutesTest, AnswersWithWhatTheScriptReturned) {
  const HttpAnswer answer = Execute(R"({"code":"{\"a\":[1,2]}","timeout_sec":300})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.head, HasSubstr("application/json"));
  EXPECT_EQ(answer.Json(), nlohmann::json({{"success", true},
                                           {"result", {{"a", {1, 2}}}},
                                           {"stdout", "timeout 300"},
                                           {"stderr", "\xef\xbf\xbd"}}));
  EXPECT_FALSE(Execute(R"({"code":"nothing"})").Json().contains("result"));
}

TEST_F(PlaywrightRoutesTest, AScriptThatFailsIsAnAnswer) {
  const HttpAnswer answer = Execute(R"({"code":"throw"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Json()["success"], false);
  EXPECT_EQ(answer.Json()["error"], "TypeError: no");
}

TEST_F(PlaywrightRoutesTest, ANestedResultPassesAndWhatIsNoneDoesNot) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_THAT(Execute(nlohmann::json({{"code", deep}}).dump()).body, EndsWith("]]]}"));
  EXPECT_EQ(Execute(R"({"code":"1,\"success\":false"})").status, 503);
  EXPECT_EQ(Execute(R"({"code":"["})").status, 503);
}

TEST_F(PlaywrightRoutesTest, RefusesWhatIsWrong) {
  for (const char* body : {"{}", R"({"code":1})", R"({"code":"1","timeout_sec":301})",
                           R"({"code":"1","timeout_sec":0})", R"({"code":"1","timeout":5})"}) {
    EXPECT_EQ(Execute(body).status, 400) << body;
  }
  EXPECT_THAT(Execute(R"({"code":"syntax"})").Message(), HasSubstr("line 1"));
}

}  // namespace
}  // namespace orch::testing
